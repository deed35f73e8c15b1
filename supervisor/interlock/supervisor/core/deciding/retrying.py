"""Decides which effects that wait are tried again: for money that was freed, for a worker that has come."""

from interlock.supervisor.core.deciding.granting import try_grant
from interlock.supervisor.core.state import Effect
from interlock.supervisor.core.turn import Turn

_NO_ROOM = {"reservations", "budget"}


def retry_held(turn: Turn, number: int) -> None:
    """Look again at what a task's effects wait for, oldest first."""
    task = turn.task(number)
    if task is None or not task.waiting or not task.going:
        return
    in_vain: dict[tuple[str, str, str], list[Effect]] = {}
    for seq in task.waiting:
        effect = turn.state.tasks[number].effects[seq]
        alike = in_vain.setdefault((effect.step, effect.demand.kind, effect.demand.name), [])
        # What needs no less than another that has just found no room finds none either: with many waiting,
        # trying each would cost more than all the rest of deciding.
        if effect.state != "held" or any(_needs_no_less(effect, other) for other in alike):
            continue
        if turn.is_full(number):
            return
        try_grant(turn, number, effect)
        tried = turn.state.tasks[number].effects[seq]
        if tried.state == "held" and tried.waits_for in _NO_ROOM:
            alike.append(tried)


def _needs_no_less(effect: Effect, other: Effect) -> bool:
    mine, others = effect.demand, other.demand
    return (
        mine.counted_tokens is None
        and others.counted_tokens is None
        and mine.prompt_tokens >= others.prompt_tokens
        and mine.max_output_tokens >= others.max_output_tokens
    )


def retry_starved(turn: Turn) -> None:
    """Give free workers what waits for one, oldest first."""
    for seq, number in turn.state.starved:
        if not any(worker.free > 0 for worker in turn.state.workers.values()):
            return
        effect = turn.state.tasks[number].effects.get(seq)
        if effect is not None and effect.state == "held" and not turn.is_full(number):
            try_grant(turn, number, effect)
