"""A kill whose receipt is still to be written: what it reached, and what was observed of that so far.

It is kept in the state and rebuilt from facts. Times are microseconds since the epoch, by whoever saw it.
"""

from typing import Any

import msgspec
from immutables import Map

from interlock.contracts.facts import EffectReceipt
from interlock.contracts.scope import Scope

NO_MAP: Map[Any, Any] = Map()


class Stopping(msgspec.Struct, frozen=True):
    """An attempt at a step that was killed in an agent's hand: this life of it shall confirm the end."""

    principal: str
    incarnation: str
    attempt: int
    kill: int


class Condemned(msgspec.Struct, frozen=True):
    """A life of an agent that must not come back, unless it confirms these (task, step, attempt) yet."""

    incarnation: str
    steps: tuple[tuple[int, str, int], ...] = ()


class KilledProcess(msgspec.Struct, frozen=True):
    """A process that had work in the scope.

    `steps` are those (task, step, attempt) whose end it has not confirmed; `ends` is whether the process
    itself shall end, or this life of it has; `guard` is who had it in its hands (empty: nobody). A time is
    None as long as nobody has seen it.
    """

    principal: str
    incarnation: str
    pid: int = 0
    steps: tuple[tuple[int, str, int], ...] = ()
    ends: bool = False
    guard: str = ""
    stopped_us: int | None = None
    disconnected_us: int | None = None
    exited_us: int | None = None
    observers: tuple[str, ...] = ()
    records: tuple[int, ...] = ()


class Kill(msgspec.Struct, frozen=True):
    """A kill, by the record of its command. `open` are the effects that have not ended, by their task."""

    seq: int
    scope: Scope
    by: str
    reason: str
    commanded_us: int
    due_ms: int
    open: Map[int, int] = NO_MAP
    ended: Map[int, EffectReceipt] = NO_MAP
    processes: Map[str, KilledProcess] = NO_MAP

    @property
    def ends_processes(self) -> bool:
        """Whether it is over processes themselves, and not over their work alone."""
        return self.scope.kind in {"agent", "role", "fleet"}
