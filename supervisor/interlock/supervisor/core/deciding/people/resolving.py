"""Builds the one verdict on an escalation, and says of a closed one what was decided.

What nobody decides any more is void: its step has ended, or its task.
"""

from interlock.contracts import facts
from interlock.contracts.inputs import Input
from interlock.contracts.message import line
from interlock.contracts.people import VerdictKind
from interlock.supervisor.core.state import State
from interlock.supervisor.core.turn import Turn

_WORDS: dict[VerdictKind, str] = {
    "approved": "was approved",
    "edited": "was edited and approved",
    "rejected": "was rejected",
    "answered": "was answered",
    "raised": "was given more",
    "resumed": "was let go on",
    "aborted": "was ended",
    "expired": "has expired",
    "void": "is void",
}
Ending = facts.Completed | facts.Failed | facts.Halted


def resolve(turn: Turn, task: int, number: int, verdict: VerdictKind, said: Input, reason: str = "") -> None:
    """Close an escalation by what one person has said."""
    by = (said.principal,)
    turn.say(
        task,
        facts.Resolved(
            at_ms=turn.now_ms, number=number, verdict=verdict, by=by, input=said.seq, reason=reason
        ),
    )


def void(turn: Turn, task: int, number: int, reason: str, verdict: VerdictKind = "void") -> None:
    """Close an escalation that nobody has to decide any more; nothing happens if it is closed."""
    if (task, number) in turn.state.escalations:
        closed = facts.Resolved(at_ms=turn.now_ms, number=number, verdict=verdict, reason=line(reason))
        turn.say(task, closed)


def void_step(turn: Turn, task: int, step: str, reason: str) -> None:
    """Close whatever people are asked for a step that ends or is given up."""
    for number in open_of(turn.state, task):
        said = turn.state.escalations[task, number].said
        if said.step == step and (said.blocks or said.canary):
            void(turn, task, number, reason)


def end_task(turn: Turn, task: int, ending: Ending) -> None:
    """End a task; before that, whatever people are asked in it is void."""
    word = {facts.Completed: "done", facts.Failed: "given up", facts.Halted: "killed"}[type(ending)]
    for number in open_of(turn.state, task):
        void(turn, task, number, f"task {task} is {word}")
    turn.say(task, ending)


def open_of(state: State, task: int) -> list[int]:
    """Return the numbers of a task's open escalations."""
    highest = state.escalated.get(task, 0)
    return [number for number in range(1, highest + 1) if (task, number) in state.escalations]


def why_closed(state: State, task: int, number: int) -> str:
    """Say what was decided about an escalation, and by whom, or that there is none."""
    closed = state.verdicts.get((task, number))
    if closed is None:
        return f"there is no escalation {task}.{number}"
    by = f" by {' and '.join(closed.by)}" if closed.by else ""
    reason = f": {closed.reason}" if closed.reason else ""
    return f"{task}.{number} {_WORDS[closed.verdict]}{by}{reason}"
