"""Decides about what is looked at afterwards: who is asked to look, and what a failed review brings.

A review that has failed lets the role go less far by itself, and may undo what was done, where its tool says
how. What people judged beforehand is not its business.
"""

from interlock.contracts import facts
from interlock.contracts.approval import digest_of
from interlock.contracts.effect import ToolCall
from interlock.contracts.inputs import Input
from interlock.contracts.message import line
from interlock.contracts.people import Reject
from interlock.contracts.presence import ToolOffer
from interlock.contracts.scope import Doing, covers
from interlock.supervisor.core.bounds import ONE_TOOL_CALL
from interlock.supervisor.core.deciding.lowering import distrusted
from interlock.supervisor.core.deciding.people.escalating import OPERATOR, escalate, reversible
from interlock.supervisor.core.deciding.people.resolving import resolve
from interlock.supervisor.core.escalation import Escalation
from interlock.supervisor.core.state import Effect, EffectWorker, State
from interlock.supervisor.core.turn import Turn

REVIEW = "review"
KEY = "key"
"""The argument by which a tool that undoes is told what: the key under which it was done."""


def ask_review(turn: Turn, number: int, effect: Effect) -> None:
    """Let somebody look at what was done; nothing waits for it, and the task may be over before."""
    task = turn.state.tasks[number]
    worker = turn.state.workers.get(effect.worker)
    offer = worker.tools.get(effect.demand.name) if worker is not None else None
    charter = turn.state.charters.get(effect.role)
    step = task.steps.get(effect.step)
    arguments = effect.demand.arguments
    at_hand = "" if arguments is not None else f"; record {effect.seq} has its long arguments"
    asked = facts.Escalated(
        at_ms=turn.now_ms,
        number=0,
        kind="review",
        summary=line(f"{effect.role} has run {effect.demand.name}: was that right?{at_hand}"),
        asks="" if step is None else step.principal,
        role=effect.role,
        about=number,
        input=effect.seq,
        step=effect.step,
        attempt=effect.attempt,
        effect=effect.seq,
        key=effect.key,
        tool=effect.demand.name,
        risk="" if offer is None else offer.risk,
        arguments=arguments or {},
        digest="" if arguments is None else digest_of(arguments),
        policies=effect.policies,
        cost=ONE_TOOL_CALL,
        reversible="" if offer is None else reversible(offer),
        undo="" if offer is None or arguments is None else offer.undo,
        desk=OPERATOR if charter is None else charter.escalation,
    )
    escalate(turn, 0, asked)


def review_failed(turn: Turn, said: Input, body: Reject, task: int, known: Escalation) -> None:
    """Take it that something should not have been done: trust the role less, and undo it if so wished."""
    asked = known.said
    if body.undo:
        refused = _undo(turn, said, asked)
        if refused:
            turn.refuse(task, said.seq, f"{task}.{asked.number} cannot be undone: {refused}")
            return
    resolve(turn, task, asked.number, "rejected", said, line(body.reason))
    why = f"{said.principal} has judged that {asked.tool} of task {asked.about} was wrong: {body.reason}"
    distrusted(turn, asked.role, asked.risk, asked.tenant, why)


def undoing_ended(turn: Turn, number: int, effect: Effect, end: str) -> None:
    """Let people know when something could not be undone."""
    if end == "completed":
        return
    asked = facts.Escalated(
        at_ms=turn.now_ms,
        number=0,
        kind="in_doubt",
        summary=line(f"{effect.demand.name} should have undone something, and is {end}: look what is so"),
        role=effect.role,
        about=number,
        input=effect.seq,
        step=effect.step,
        effect=effect.seq,
        key=effect.key,
        tool=effect.demand.name,
        arguments=effect.demand.arguments or {},
        desk=OPERATOR,
    )
    escalate(turn, 0, asked)


def _undo(turn: Turn, said: Input, asked: facts.Escalated) -> str:
    """Grant the undoing of an effect, named by the record that wants it; return why not, if so."""
    task = turn.task(asked.about)
    if task is None:
        return f"there is no task {asked.about}"
    if not asked.undo:
        return f"{asked.tool} does not say how: undo it by hand, and reject it without"
    if said.seq in task.effects:
        return ""
    why = _switched_off(turn.state, asked)
    chosen = _worker(turn.state, asked.undo)
    if why or chosen is None:
        return why or f"no effect worker with a free hand offers {asked.undo}: try again when one does"
    worker, offer = chosen
    arguments = {**asked.arguments, KEY: f"{asked.about}.{asked.effect}"}
    turn.say(
        asked.about,
        facts.EffectGranted(
            effect=said.seq,
            step=asked.step,
            attempt=asked.attempt,
            key=f"undo.{asked.effect}",
            grant=1,
            worker=worker.principal,
            reserved=ONE_TOOL_CALL,
            demand=facts.Demand(kind="tool", name=asked.undo, arguments=arguments),
            repeatable=offer.repeatable,
            call=ToolCall(tool=asked.undo, arguments=arguments),
            role=asked.role,
            policies=asked.policies,
        ),
    )
    return ""


def _switched_off(state: State, asked: facts.Escalated) -> str:
    """Return which switch is over the undoing; empty: none."""
    doing = Doing(task=asked.about, step=asked.step, role=asked.role, tenant=asked.tenant, tool=asked.undo)
    over = sorted(
        f"{scope} is {switch.state}" for scope, switch in state.switches.items() if covers(scope, doing)
    )
    return over[0] if over else ""


def _worker(state: State, tool: str) -> tuple[EffectWorker, ToolOffer] | None:
    """Return the freest worker that offers a tool."""
    offering = [
        (worker, worker.tools[tool])
        for _, worker in sorted(state.workers.items())
        if tool in worker.tools and worker.free > 0
    ]
    return min(offering, key=lambda each: len(each[0].in_hand), default=None)
