"""Decides how a task that cannot go on waits for people, and what they may do about it."""

from interlock.contracts import facts
from interlock.contracts.message import line
from interlock.contracts.people import EscalationKind, VerdictKind
from interlock.supervisor.core.deciding.people.escalating import OPERATOR, escalate
from interlock.supervisor.core.deciding.people.resolving import open_of
from interlock.supervisor.core.provenance import evidence_of
from interlock.supervisor.core.state import Effect, ParkedFor, State, Task, replace
from interlock.supervisor.core.turn import Turn

_KINDS: dict[ParkedFor, EscalationKind] = {
    "budget": "budget",
    "review": "rejection",
    "in_doubt": "in_doubt",
    "loop": "loop",
    "overrun": "overrun",
}
PARKING = frozenset(_KINDS.values())


def park(turn: Turn, number: int, parked: facts.Parked, *, step: str = "", effect: int = 0) -> None:
    """Let a task stand still until a person decides, and ask for that; what is asked already is not again."""
    task = turn.state.tasks[number]
    # Of a review nothing but a person's word is left to go on from: it outweighs whatever is asked already.
    if task.hold != "parked" or parked.kind == "review":
        turn.say(number, parked)
    kind = _KINDS[parked.kind]
    if not any(
        turn.state.escalations[number, each].said.kind == kind for each in open_of(turn.state, number)
    ):
        escalate(turn, number, _asked(turn.state, task, kind, parked.reason, step, effect))


def ask_about_doubt(turn: Turn, number: int, effect: Effect, reason: str) -> None:
    """Bring a write whose end is unknown to people, also when its task is over."""
    task = turn.state.tasks[number]
    if task.active:
        parked = facts.Parked(at_ms=turn.now_ms, kind="in_doubt", reason=reason)
        park(turn, number, parked, step=effect.step, effect=effect.seq)
    else:
        asked = _asked(turn.state, task, "in_doubt", reason, effect.step, effect.seq)
        escalate(turn, 0, replace(asked, about=number, role=effect.role, blocks=False))


def resolve_parking(
    turn: Turn, number: int, by: str, reason: str, verdict: VerdictKind = "resumed", record: int = 0
) -> None:
    """Close what people were asked about a task that goes on."""
    for each in open_of(turn.state, number):
        if turn.state.escalations[number, each].said.kind in PARKING:
            turn.say(
                number,
                facts.Resolved(
                    at_ms=turn.now_ms,
                    number=each,
                    verdict=verdict,
                    by=(by,),
                    input=record,
                    reason=line(reason),
                ),
            )


def _asked(
    state: State, task: Task, kind: EscalationKind, reason: str, name: str, effect: int
) -> facts.Escalated:
    step = task.steps.get(name)
    charter = state.charters.get(step.role) if step is not None else None
    return facts.Escalated(
        at_ms=0,
        number=0,
        kind=kind,
        summary=line(reason),
        role="" if step is None else step.role,
        asks="" if step is None else step.principal,
        step=name,
        effect=effect,
        tool=task.effects[effect].demand.name if effect in task.effects else "",
        cost=task.account.spent,
        evidence=() if step is None else evidence_of(task, step),
        desk=OPERATOR if charter is None else charter.escalation,
        blocks=True,
    )
