"""Decides whether what an agent says confirms the end of a step that was killed in its hand."""

from interlock.contracts import facts
from interlock.contracts.inputs import Input
from interlock.supervisor.core.turn import Turn


def confirmed(turn: Turn, said: Input, name: str, attempt: int, stopped_us: int) -> bool:
    """Take a confirmation that is awaited, or comes too late from who was condemned; tell whether it was.

    A result or a failure that was on its way is one too: it counts for nothing else, but the step has ended.
    """
    awaited = turn.state.stopping.get((said.task, name))
    mine = awaited is not None and (awaited.principal, awaited.attempt) == (said.principal, attempt)
    life = turn.state.condemned.get(said.principal)
    late = life is not None and (said.task, name, attempt) in life.steps
    if not mine and not late:
        return False
    turn.say(said.task, stop_of(said, name, attempt, stopped_us))
    return True


def stop_of(said: Input, name: str, attempt: int, stopped_us: int) -> facts.StepStopped:
    """Build the fact that a step has ended in its agent's hand; 0: its agent does not say when."""
    return facts.StepStopped(
        step=name,
        attempt=attempt,
        principal=said.principal,
        stopped_us=stopped_us or said.time_us,
        input=said.seq,
    )
