"""Waits until something that is told becomes true; knows nothing of what is told."""

import asyncio
from collections.abc import Callable

PATIENCE_S = 60.0


class NotSeen(Exception):
    """Something did not happen in time; the sentence says what."""


class Waiting:
    """Somebody is told things one by one; others wait for what follows from them."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    def told(self) -> None:
        """Let everybody look again."""
        self._changed.set()

    async def until(self, what: str, condition: Callable[[], bool]) -> None:
        """Wait until a condition is true; raise NotSeen."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise NotSeen(f"not seen within {PATIENCE_S:.0f} s: {what}") from None
