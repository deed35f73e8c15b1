"""How often something is tried that does not arrive, and how long apart; it gives up in the end.

It must not know what is delivered.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import stamina

from interlock.console.notifying.couriers import ATTEMPT_S
from interlock.console.notifying.errors import NotDelivered, Unwanted


class Patience(NamedTuple):
    """So many attempts, each bounded; the pause doubles from the first to the longest.

    Whoever asks to be left alone longer is, up to the longest. Told to stop, it waits so long for an answer.
    """

    attempts: int = 8
    first_s: float = 1.0
    longest_s: float = 60.0
    attempt_s: float = ATTEMPT_S
    parting_s: float = 1.0


async def insist(
    deliver: Callable[[], Awaitable[None]], patience: Patience, delayed: Callable[[NotDelivered], None]
) -> None:
    """Deliver until it has arrived; raises NotDelivered when there is no more patience.

    `delayed` is told why, each time that it has to be tried again.
    """
    attempts = 0

    def again(failure: Exception) -> bool | float:
        if not isinstance(failure, NotDelivered) or isinstance(failure, Unwanted):
            return False
        if attempts < patience.attempts:
            delayed(failure)
        return min(failure.after_s, patience.longest_s) or True

    async for attempt in stamina.retry_context(
        on=again,
        attempts=patience.attempts,
        timeout=None,
        wait_initial=patience.first_s,
        wait_max=patience.longest_s,
        wait_jitter=patience.first_s,
    ):
        attempts = attempt.num
        with attempt:
            await once(deliver, patience.attempt_s)


async def once(deliver: Callable[[], Awaitable[None]], within_s: float) -> None:
    """Deliver once; raises NotDelivered also when that takes too long."""
    try:
        async with asyncio.timeout(within_s):
            await deliver()
    except TimeoutError:
        raise NotDelivered(f"no answer within {within_s:g} s") from None
