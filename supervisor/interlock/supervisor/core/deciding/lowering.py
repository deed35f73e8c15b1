"""Decides when a role goes less far by itself: after a violation, a failed review, a burst of errors.

It lowers one role, for one risk and tenant, and never raises: that only people do.
"""

from interlock.contracts import facts
from interlock.contracts.message import line
from interlock.contracts.presence import ModelOffer, ToolOffer
from interlock.supervisor.core.autonomy import CHANGING, PROPOSES, level_of
from interlock.supervisor.core.deciding.people.escalating import escalate
from interlock.supervisor.core.limits import BURST_MS, ERROR_BURST
from interlock.supervisor.core.ruling import Ruling
from interlock.supervisor.core.state import Effect, State
from interlock.supervisor.core.turn import Turn

BY_ITSELF = "supervisor"


def violated(turn: Turn, number: int, effect: Effect, ruling: Ruling, offer: ToolOffer | ModelOffer) -> None:
    """Let an operator know of a call that a policy forbids, and lower the role by one level."""
    task = turn.state.tasks[number]
    what = f"{effect.role} wanted {effect.demand.kind} {effect.demand.name}, which {ruling.rule} forbids"
    risk = offer.risk if isinstance(offer, ToolOffer) else ""
    for each in (risk,) if risk in CHANGING else CHANGING:
        level = level_of(turn.state, effect.role, each, task.tenant)
        _lower(turn, effect.role, each, task.tenant, max(PROPOSES, level - 1), what)
    asked = facts.Escalated(
        at_ms=turn.now_ms,
        number=0,
        kind="violation",
        summary=line(f"{what}: {ruling.reason}"),
        asks=task.steps[effect.step].principal,
        role=effect.role,
        tenant=task.tenant,
        about=number,
        input=effect.seq,
        step=effect.step,
        tool=effect.demand.name,
        risk=risk,
        policies="" if turn.state.policies is None else turn.state.policies.digest,
        rules=ruling.rules,
    )
    # On the fleet's subject: the task may be over before anybody looks.
    if not _is_known(turn.state, asked):
        escalate(turn, 0, asked)


def distrusted(turn: Turn, role: str, risk: str, tenant: str, why: str) -> None:
    """Let each change wait for a person from now on: a review has failed."""
    for each in (risk,) if risk in CHANGING else CHANGING:
        _lower(turn, role, each, tenant, PROPOSES, why)


def lower_after_errors(turn: Turn, number: int, effect: Effect) -> None:
    """Let each change wait for a person when too many of a kind have failed in a short time."""
    worker = turn.state.workers.get(effect.worker)
    offer = worker.tools.get(effect.demand.name) if worker is not None else None
    if offer is None or effect.demand.kind != "tool":
        return
    key = (effect.role, offer.risk, turn.state.tasks[number].tenant)
    # No more than a burst of them is remembered: the first is the one that begins it.
    failed_ms: tuple[int, ...] = turn.state.mishaps.get(key, ())
    if len(failed_ms) >= ERROR_BURST and turn.now_ms - min(failed_ms) <= BURST_MS:
        what = "what cannot be undone" if offer.risk == "irreversible" else "writing"
        _lower(turn, *key, PROPOSES, f"{what} has failed {ERROR_BURST} times within {BURST_MS // 1_000} s")


def _lower(turn: Turn, role: str, risk: str, tenant: str, level: int, why: str) -> None:
    if level_of(turn.state, role, risk, tenant) <= level:
        return
    lowered = facts.AutonomySet(
        at_ms=turn.now_ms,
        role=role,
        risk=risk,
        tenant=tenant,
        level=level,
        by=BY_ITSELF,
        reason=line(why),
        lowered=True,
    )
    turn.say(0, lowered)


def _is_known(state: State, asked: facts.Escalated) -> bool:
    """Tell whether an operator is asked already about the same role, tenant, tool and rules."""
    return any(
        known.said.kind == "violation"
        and (known.said.role, known.said.tenant, known.said.tool, known.said.rules)
        == (asked.role, asked.tenant, asked.tool, asked.rules)
        for (task, _), known in state.escalations.items()
        if task == 0
    )
