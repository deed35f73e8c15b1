"""Decides what happens instead of what fits no record: its input counts for nothing, and its task ends.

Whatever can be much is bounded where it is decided, so this is for what nobody has thought of. Written, no
supervisor could read it; not written, each would come to the same again. What follows from what, it must not
know.
"""

from interlock.contracts import facts, limits
from interlock.contracts.inputs import Input
from interlock.contracts.message import encode, line
from interlock.supervisor.core.deciding.people.resolving import end_task
from interlock.supervisor.core.state import State
from interlock.supervisor.core.turn import Decided, Turn

MAX_FACTS_BYTES = limits.MAX_DECISION_BYTES - 1_024
"""What a record holds of facts, beside what says whose they are."""


def in_bounds(before: State, decided: Decided, now_ms: int, said: Input | None = None) -> Decided:
    """Return what was decided, or, where that is too large for a record, what holds instead."""
    if all(len(encode(each)) <= MAX_FACTS_BYTES for _, each in decided.segments):
        return decided
    sizes = _too_large(decided)
    turn = Turn(before, now_ms)
    reason = line(
        "; ".join(
            f"what would be decided about {f'task {number}' if number else 'the fleet'} takes {size} bytes, "
            f"and one record holds {MAX_FACTS_BYTES}: ask for less at once"
            for number, size in sizes.items()
        )
    )
    for number in sizes:
        task = turn.task(number)
        if task is not None and task.active:
            end_task(turn, number, facts.Failed(at_ms=now_ms, reason=reason))
    if said is not None:
        _refuse(turn, said, reason)
    return Decided(turn, outgrown=reason)


def _too_large(decided: Decided) -> dict[int, int]:
    """Return the size of what is too large, by task (0: the fleet)."""
    sizes = ((number, len(encode(said))) for number, said in decided.segments)
    return {number: size for number, size in sizes if size > MAX_FACTS_BYTES}


def _refuse(turn: Turn, said: Input, reason: str) -> None:
    if (said.kind, said.verb) == ("task", "submit"):
        turn.say(said.seq, facts.Rejected(reason=reason))
    else:
        turn.refuse(said.task if turn.task(said.task) is not None else 0, said.seq, reason)
