"""Decides about reviews: when one is due, and what follows from a verdict."""

from interlock.contracts import facts
from interlock.contracts.message import encode, line
from interlock.contracts.roles import Verdict
from interlock.supervisor.core.deciding.people.parking import park
from interlock.supervisor.core.deciding.people.resolving import end_task
from interlock.supervisor.core.limits import MAX_NOTES_BYTES, MAX_REVIEW_ROUNDS
from interlock.supervisor.core.state import Task
from interlock.supervisor.core.turn import Turn


def request_review(turn: Turn, number: int) -> None:
    """Ask the reviewer to judge the plan's results."""
    rounds = turn.state.tasks[number].review_rounds + 1
    name = "review" if rounds == 1 else f"review-{rounds}"
    turn.say(number, facts.ReviewRequested(step=name, round=rounds))


def verdict_came(turn: Turn, number: int, step: str, verdict: Verdict) -> None:
    """Complete the task, have it revised a bounded number of times, or bring a person in."""
    turn.say(number, facts.Reviewed(step=step, decision=verdict.decision, reasons=verdict.reasons))
    task = turn.state.tasks[number]
    if verdict.decision == "approve":
        results = {name: task.steps[name].result for name in (*task.order, step)}
        end_task(turn, number, facts.Completed(at_ms=turn.now_ms, results=results))
    elif verdict.decision == "revise" and task.review_rounds < MAX_REVIEW_ROUNDS:
        revise(turn, number, verdict.reasons)
    else:
        why = "; ".join(verdict.reasons) or verdict.note or "no reason given"
        asked = (
            "brings a person in" if verdict.decision == "escalate" else f"refused {task.review_rounds} times"
        )
        reason = line(f"the reviewer {asked}: {why}")
        park(turn, number, facts.Parked(at_ms=turn.now_ms, kind="review", reason=reason))


def revise(turn: Turn, number: int, notes: tuple[str, ...]) -> None:
    """Let the last steps of the plan begin again with the reviewer's notes."""
    names = last_steps(turn.state.tasks[number])
    most_bytes = MAX_NOTES_BYTES // max(1, len(names) * len(notes))
    fitting = tuple(_cut(note, most_bytes) for note in notes)
    for name in names:
        turn.say(number, facts.StepReopened(step=name, notes=fitting))


def _cut(note: str, most_bytes: int) -> str:
    """Return as much of a note as can stand at each of the steps that begin again."""
    cut = note if len(encode(note)) <= most_bytes else note[:most_bytes]
    while cut and len(encode(cut)) > most_bytes:
        cut = cut[: len(cut) * most_bytes // (len(encode(cut)) + 1)]
    return cut


def last_steps(task: Task) -> tuple[str, ...]:
    """Return the steps of the plan that no other step waits for."""
    awaited = {before for name in task.order for before in task.steps[name].after}
    return tuple(name for name in task.order if name not in awaited)
