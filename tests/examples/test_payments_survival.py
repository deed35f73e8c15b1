"""Fifty kills of any process while invoices are paid: the bank's books and the log agree to the cent."""

import asyncio
import contextlib
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, Coroutine, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.examples.paydesk import PayDesk, Person, paydesk

from interlock.contracts import facts as f
from interlock.supervisor.guard.intensity import Intensity
from invoice_desk.cases import Kind
from invoice_desk.demo.watch import NotSeen, Watch

ROUNDS = 50
QUIET_S = 3.0
SEED = 5
TASKS_AT_ONCE = 6
KINDS: tuple[tuple[Kind, ...], ...] = (
    ("small", "medium"),
    ("large", "small", "injection"),
    ("medium", "large"),
    ("small", "changed_iban", "small"),
)
INTENSITY = Intensity()
LOST_TOO_OFTEN = "its agent was lost"
MIDDLES = (f.Escalated, f.ApprovalCounted, f.EffectGranted, f.EffectSettled, f.StepAssigned)
VICTIMS = (
    "supervisor-1",
    "effects-1",
    "planner-1",
    "researcher-1",
    "executor-1",
    "reviewer-1",
    "bank",
    "nats-server",
    "access-1",
    "guard-1",
)


class Submitter:
    """Keeps some tasks at work: whenever one has ended, hands in another."""

    def __init__(self, desk: PayDesk, chance: random.Random) -> None:
        self._desk = desk
        self._chance = chance
        self.tasks: list[int] = []
        self.ended: dict[int, f.Fact] = {}
        self._enough = False

    def enough(self) -> None:
        """Hand in nothing more. What is being handed in is not cut off: its task would be unknown here."""
        self._enough = True

    async def keep(self) -> None:
        await asyncio.gather(*(self._line(number) for number in range(TASKS_AT_ONCE)))

    async def _line(self, number: int) -> None:
        for count in range(1_000):
            if self._enough:
                return
            kinds = self._chance.choice(KINDS)
            seed = self._chance.randrange(2**30)
            task, _ = await self._desk.submit(f"{number}-{count}", seed, kinds)
            self.tasks.append(task)
            self.ended[task] = await self._desk.watch.end(task)


async def agree(person: Person, watch: Watch) -> None:
    """Let somebody agree to every payment that is asked for."""
    async for task, asked in watch.coming(f.Escalated):
        if asked.kind == "approval":
            await person.approve(task, asked)


@contextlib.asynccontextmanager
async def at_work(*work: Coroutine[Any, Any, None]) -> AsyncGenerator[list["asyncio.Task[None]"]]:
    """Let these go on while the context is open; one that breaks is not passed over."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        for end in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(end, Exception):
                raise end


async def in_the_middle(watch: Watch, chance: random.Random) -> None:
    """Wait until something of a payment happens, or anything at all for a while."""
    kind = chance.choice(MIDDLES)
    with contextlib.suppress(NotSeen):
        await watch.next(kind, within_s=QUIET_S)


def bearable(struck: Sequence[tuple[float, str]]) -> list[str]:
    """Return who may die once more: whoever has died too often in a short time is given up, and rightly."""
    since_s = time.monotonic() - INTENSITY.period_s
    lately = Counter(name for at_s, name in struck if at_s > since_s)
    return [name for name in VICTIMS if lately[name] < INTENSITY.restarts - 1]


@pytest.mark.processes
@pytest.mark.timeout(300)
async def test_books_and_log_agree_after_fifty_kills_of_any_process(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    async with paydesk(tmp_path) as desk:
        # Given invoices that are paid all the time, and two of finance who agree to them
        submitter = Submitter(desk, chance)
        agreeing = [agree(desk.people[name], desk.watch) for name in ("bob", "carol")]
        async with at_work(*agreeing):
            async with at_work(submitter.keep()) as handing_in:
                # When again and again, in the middle of it, a process is killed
                struck: list[tuple[float, str]] = []
                for number in range(ROUNDS):
                    victim = chance.choice(bearable(struck))
                    await in_the_middle(desk.watch, chance)
                    began_s = time.monotonic()
                    await desk.strike(victim)
                    struck.append((began_s, victim))
                    say(f"seed {SEED}, round {number}: {victim}, {time.monotonic() - began_s:.2f} s")
                # And all tasks have come to their end
                submitter.enough()
                await asyncio.wait(handing_in)
            for task in submitter.tasks:
                end = await desk.watch.end(task)
                lost = isinstance(end, f.Failed) and LOST_TOO_OFTEN in end.reason
                assert isinstance(end, f.Completed) or lost, end
        # Then the books are what the log says, to the cent
        found = await desk.account()
        assert found.wrong == ()
        assert found.doubtful == ()
        assert found.logged_cents == found.booked_cents > 0
        say(f"{len(submitter.tasks)} tasks, {len(found.effects)} payments asked for")


def say(line: str) -> None:
    """Print what led to a failure, for whoever looks at it."""
    sys.stdout.write(f"{line}\n")
