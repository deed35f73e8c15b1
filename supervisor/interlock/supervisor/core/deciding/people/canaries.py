"""Decides what a planted request says, and where it may stand: it reads like a real one, and never is one.

It says what the call of a step at work would say, as the policies rule on it; on the fleet nobody is asked
about calls, so it stands in a task. It names no effect and nothing waits for it; what people say of it, and
who caught it, it must not know.
"""

from collections.abc import Iterator

from interlock.contracts import facts
from interlock.contracts.approval import canonical
from interlock.contracts.effect import ToolCall
from interlock.contracts.errors import MalformedSubject
from interlock.contracts.inputs import Input
from interlock.contracts.limits import MAX_JUDGED_BYTES
from interlock.contracts.message import Json
from interlock.contracts.people import PlantCanary
from interlock.contracts.presence import ToolOffer
from interlock.contracts.scope import Doing, Scope, covers, read_scope
from interlock.supervisor.core.deciding.authorising import tool_ruling
from interlock.supervisor.core.deciding.offers import charter_of, riskiest
from interlock.supervisor.core.deciding.people.escalating import approval_of, escalate
from interlock.supervisor.core.deciding.people.resolving import open_of, void
from interlock.supervisor.core.demands import demand_of
from interlock.supervisor.core.escalation import Escalation
from interlock.supervisor.core.limits import MAX_ASKED
from interlock.supervisor.core.state import Effect, State, Step, Task, replace
from interlock.supervisor.core.switches import forbids
from interlock.supervisor.core.turn import Turn

_LOOKS_FALSE = "the request would look false"


def canary_planted(turn: Turn, said: Input, body: PlantCanary) -> None:
    """Ask for what must be rejected; whatever people say, nothing is carried out."""
    try:
        scope = read_scope(said.rest)
    except MalformedSubject as error:
        turn.refuse(0, said.seq, str(error))
        return
    offer = riskiest(turn.state, body.tool)
    reason = _objection(turn.state, scope, body)
    if offer is None and not reason:
        reason = f"no effect worker here offers the tool {body.tool}: {_LOOKS_FALSE}"
    if offer is None or reason:
        turn.refuse(scope.task if turn.task(scope.task) is not None else 0, said.seq, reason)
        return
    asked = _of_a_step(turn, said, body, turn.state.tasks[scope.task], offer)
    if isinstance(asked, str):
        turn.refuse(scope.task, said.seq, f"{asked}: {_LOOKS_FALSE}")
    else:
        escalate(turn, scope.task, asked)


def asked_for(task: Task | None, known: Escalation) -> Effect | None:
    """Return the effect that people are asked about; of what is planted, one as it would be and never is."""
    if task is None or not known.said.canary:
        return None if task is None else task.effects.get(known.said.effect)
    step = task.steps.get(known.said.step)
    return None if step is None else _wish(known.said.input, step, known.said.tool, known.arguments)


def excluded_anyhow(said: facts.Escalated) -> tuple[str, ...]:
    """Return who may never decide, whatever the policies say: who has planted it."""
    return tuple(name for name in said.excluded if said.canary and name != said.submitter)


def void_planted(turn: Turn, scope: Scope, reason: str) -> None:
    """Close what is planted under a kill, as a real request would be."""
    found = [
        place
        for place, known in turn.state.escalations.items()
        if known.said.canary and place[0] and covers(scope, _doing(turn.state.tasks[place[0]], known.said))
    ]
    for task, number in sorted(found):
        void(turn, task, number, reason)


def _objection(state: State, scope: Scope, body: PlantCanary) -> str:
    task = state.tasks.get(scope.task)
    if len(canonical(body.arguments)) > MAX_JUDGED_BYTES:
        return f"more than {MAX_JUDGED_BYTES} bytes of arguments are not asked of anybody"
    if scope.kind != "task":
        return f"name a task, in which somebody at work could ask: elsewhere {_LOOKS_FALSE}"
    if task is None:
        return f"there is no task {scope.task}"
    if not task.active:
        return f"task {task.id} is over"
    full = len(open_of(state, task.id)) >= MAX_ASKED
    return f"people are asked {MAX_ASKED} things for task {task.id} already" if full else ""


def _of_a_step(
    turn: Turn, said: Input, body: PlantCanary, task: Task, offer: ToolOffer
) -> facts.Escalated | str:
    """Return what people would be told of such a call of a step at work, or why there would be none."""
    why = f"nobody is at work in task {task.id} who has the tool {offer.tool}"
    for step in _at_work(turn.state, task, offer.tool):
        effect = _wish(said.seq, step, offer.tool, body.arguments)
        why = forbids(turn.state, effect.demand, offer.tool, new=True)
        if why:
            break
        ruling = tool_ruling(turn, task, effect, offer, charter_of(turn, task, effect), body.arguments)
        if ruling.allowed and not ruling.suggested and body.role in [need.role for need in ruling.needs]:
            asked = approval_of(turn, task.id, effect, offer, ruling)
            return replace(
                asked,
                effect=0,
                blocks=False,
                excluded=tuple(dict.fromkeys((*asked.excluded, said.principal))),
                canary=True,
            )
        why = f"nobody of {body.role} is asked whether {step.role} may run {offer.tool} with these arguments"
    return why


def _at_work(state: State, task: Task, tool: str) -> Iterator[Step]:
    """Yield the steps that agents have in hand whose charter names the tool."""
    for _, step in sorted(task.steps.items()):
        charter = state.charters.get(step.role)
        if step.state == "assigned" and charter is not None and tool in charter.tools:
            yield step


def _wish(record: int, step: Step, tool: str, arguments: Json) -> Effect:
    return Effect(
        seq=record,
        step=step.id,
        role=step.role,
        key="",
        attempt=step.attempt,
        demand=demand_of(ToolCall(tool=tool, arguments=arguments)),
        state="none",
    )


def _doing(task: Task, said: facts.Escalated) -> Doing:
    step = task.steps.get(said.step)
    agent = "" if step is None else step.principal
    return Doing(
        task=task.id, step=said.step, agent=agent, role=said.role, tenant=task.tenant, tool=said.tool
    )
