"""Broken variants of the effect worker, each with one promise about kills and leaders taken away."""

# pyright: reportPrivateUsage=false, reportUnknownLambdaType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

from typing import Any
from unittest.mock import patch

from tests.simulation.mutants import Mutant

from interlock.effects import handle
from interlock.effects.fences import Fences
from interlock.effects.handle import Handle
from interlock.effects.hands import Hands
from interlock.effects.watch import Watch


def begins_what_is_older_than_a_kill() -> Any:
    """An effect worker does not look whether a kill stands behind what was known to who granted."""
    return patch.object(Fences, "refuses", lambda *_: False)


def waits_for_the_place_of_a_kill() -> Any:
    """An effect worker does nothing about a kill that it has heard until the log tells it."""
    return patch.object(Watch, "_on_control", _nothing)


def begins_while_a_kill_has_no_place() -> Any:
    """An effect worker looks only at kills that the log has told."""
    return patch.object(Fences, "holds", lambda *_: False)


def lets_what_is_killed_go_on() -> Any:
    """An effect worker begins nothing that is killed, but what has begun goes on."""
    return patch.object(Hands, "kill", _nothing)


def begins_without_a_leader() -> Any:
    """An effect worker begins effects however long it has heard nobody who leads."""
    return patch.object(handle, "HANDLE_MS", 1_000_000)


def believes_old_signs_of_life() -> Any:
    """An effect worker that has stood still believes what it hears as if it were new."""
    return patch.object(Handle, "look", lambda *_: False)


def reads_nothing_after_a_break() -> Any:
    """An effect worker that was cut off goes on as if it had missed nothing."""
    return patch.multiple(Watch, lost=_nothing, restored=_nothing)


def _nothing(*_args: Any) -> None:
    return


WORKER_MUTANTS: tuple[Mutant, ...] = (
    begins_what_is_older_than_a_kill,
    waits_for_the_place_of_a_kill,
    begins_while_a_kill_has_no_place,
    lets_what_is_killed_go_on,
    begins_without_a_leader,
    believes_old_signs_of_life,
    reads_nothing_after_a_break,
)
