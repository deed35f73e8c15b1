"""Watches the log: what was decided so far, and waiting for what will be. It decides nothing."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from typing import Any, TypeVar

from interlock.bus.ports import Bus, Record
from interlock.contracts import facts as f
from interlock.contracts.decision import Decision
from interlock.contracts.message import decode
from interlock.contracts.subjects import DECISIONS

PATIENCE_S = 20.0
ENDS = (f.Completed, f.Failed, f.Halted, f.Rejected)

F = TypeVar("F", bound=f.Fact)


class NotSeen(Exception):
    """What was waited for was not decided in time."""


class Watch:
    """All decisions of a log, as facts of tasks (0: the fleet)."""

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._facts: list[tuple[int, f.Fact]] = []
        self._changed = asyncio.Condition()

    async def on_record(self, record: Record) -> None:
        """Take one decision."""
        decision = decode(Decision, record.data)
        async with self._changed:
            self._facts += [(decision.task, fact) for fact in decision.facts]
            self._changed.notify_all()

    def all(self, task: int, kind: type[F], /, **fields: Any) -> list[F]:
        """Return the facts of a kind with these fields, so far."""
        found = (fact for where, fact in self._facts if where == task and isinstance(fact, kind))
        return [fact for fact in found if _has(fact, fields)]

    def every(self, kind: type[F]) -> list[tuple[int, F]]:
        """Return the facts of a kind with their tasks, so far."""
        return [(task, fact) for task, fact in self._facts if isinstance(fact, kind)]

    async def first(self, task: int, kind: type[F], /, *, times: int = 1, **fields: Any) -> F:
        """Wait until such a fact was decided so often; raises NotSeen."""
        what = f"{kind.__name__} {fields} of task {task}"
        await self._until(lambda: len(self.all(task, kind, **fields)) >= times, what)
        return self.all(task, kind, **fields)[times - 1]

    async def end(self, task: int) -> f.Fact:
        """Wait for the end of a task; raises NotSeen."""
        await self._until(lambda: any(self.all(task, kind) for kind in ENDS), f"the end of task {task}")
        return next(fact for kind in ENDS for fact in self.all(task, kind))

    async def next(self, kind: type[F], /, *, within_s: float) -> F:
        """Wait for the next fact of a kind, whatever it is about; raises NotSeen."""
        before = len(self._facts)

        def fresh() -> list[F]:
            return [fact for _, fact in self._facts[before:] if isinstance(fact, kind)]

        await self._until(lambda: bool(fresh()), f"another {kind.__name__}", within_s)
        return fresh()[0]

    async def coming(self, kind: type[F]) -> AsyncGenerator[tuple[int, F]]:
        """Yield the facts of a kind with their tasks, from the first on, as they come."""
        seen = 0
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: len(self._facts) > seen)  # noqa: B023 - waited for here
            fresh, seen = self._facts[seen:], len(self._facts)
            for task, fact in fresh:
                if isinstance(fact, kind):
                    yield task, fact

    async def _until(self, seen: Callable[[], bool], what: str, within_s: float = 0.0) -> None:
        within_s = within_s or self._patience_s
        try:
            async with asyncio.timeout(within_s), self._changed:
                await self._changed.wait_for(seen)
        except TimeoutError:
            raise NotSeen(f"{what} was not decided within {within_s:g} s") from None


@contextlib.asynccontextmanager
async def watching(bus: Bus, patience_s: float = PATIENCE_S) -> AsyncGenerator[Watch]:
    """Watch while the context is open."""
    watch = Watch(patience_s)
    subscription = await bus.follow([DECISIONS], watch.on_record)
    try:
        yield watch
    finally:
        await subscription.stop()


def _has(fact: f.Fact, fields: dict[str, Any]) -> bool:
    return all(getattr(fact, name) == value for name, value in fields.items())
