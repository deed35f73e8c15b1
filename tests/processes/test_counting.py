"""Long words: a prompt whose bytes are beyond the budget is counted by its provider, with real processes."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.processes.counting_server import ANSWERED_TOKENS, COUNT, MODEL, SEND, CountingServer
from tests.processes.environment import PERSON, Environment, Story, running

from interlock.console.sayings import raise_limit
from interlock.contracts import facts as f
from interlock.contracts.budget import Amounts, Budget
from interlock.contracts.plan import Plan, PlannedStep

pytestmark = pytest.mark.processes

PRICES = f"""[models."{MODEL}"]
input_usd_per_mtok = 10.0
output_usd_per_mtok = 50.0
prompt_overhead_tokens = 100
"""
QUESTION = "antidisestablishmentarianism " * 400
PLAN = Plan(steps=(PlannedStep(id="facts", role="researcher", input={"question": QUESTION}),))


@pytest.fixture
async def server() -> AsyncIterator[CountingServer]:
    """A provider whose tokens are ten bytes long."""
    made = CountingServer(lambda prompt: len(prompt) // 10)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def environment(tmp_path: Path, docs: Path, server: CountingServer) -> AsyncIterator[Environment]:
    prices = tmp_path / "prices.toml"
    prices.write_text(PRICES)
    variables = {"INTERLOCK_PRICES": str(prices)} | server.variables
    async with running(tmp_path / "state", docs, MODEL, **variables) as made:
        yield made


async def asked(environment: Environment, budget: Budget) -> Story:
    return await environment.submit(plan=PLAN, review=False, budget=budget)


def ten_thousand(_prompt: str) -> int:
    return 10_000


async def raise_budget(environment: Environment, task: int, tokens: int) -> None:
    """Do as a person does: `interlock budget raise`."""
    where = ("--state", str(environment.local.state.root), "--as", PERSON)
    words = ("budget", "raise", str(task), "--tokens", str(tokens), *where)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "interlock.console", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()


async def spent_and_reserved(environment: Environment, task: int) -> tuple[int, int]:
    view = await environment.view(task)
    return view.spent.tokens, view.total.tokens - view.spent.tokens


async def test_a_prompt_beyond_the_budget_by_its_bytes_runs_when_its_count_fits(
    environment: Environment, server: CountingServer
) -> None:
    # Given a task that may use 8,000 tokens, whose prompts have more bytes than that
    story = await asked(environment, Budget(tokens=8_000))
    # Then it completes: each call is counted within its smaller reservation, and sent
    await story.completed()
    assert server.asked == [COUNT, SEND, COUNT, SEND]
    granted = story.all(f.EffectGranted, to_count=True)
    assert len(granted) == 2
    assert all(one.demand.prompt_tokens > 8_000 for one in granted)
    assert {one.end for one in story.all(f.EffectSettled)} == {"completed"}
    # And what it has used is the provider's count
    spent, reserved = await spent_and_reserved(environment, story.task)
    assert 2 * ANSWERED_TOKENS < spent < 8_000
    assert reserved == 0


async def test_a_prompt_that_does_not_fit_by_its_count_parks_with_it_and_a_raise_continues(
    environment: Environment, server: CountingServer
) -> None:
    # Given a provider that counts 10,000 tokens, to which a sixteenth is added
    server.tokens_of = ten_thousand
    story = await asked(environment, Budget(tokens=8_000))
    # Then nothing is sent, and the task parks with the exact number
    parked = await story.first(f.Parked)
    assert "has 10625 tokens, as its provider counts" in parked.reason
    assert parked.lack == f.Lack(scope="task", dimension="tokens", limit=8_000, needed=10_641)
    assert server.asked == [COUNT]
    assert await spent_and_reserved(environment, story.task) == (0, 0)
    # When just as much more is allowed, then it goes on, and is not counted again
    await raise_budget(environment, story.task, 2_641)
    again = await story.first(f.EffectGranted, to_count=False)
    assert (again.reserved.tokens, again.max_output_tokens) == (10_641, 16)
    await story.first(f.Parked, times=2)
    assert server.asked == [COUNT, SEND]
    # And with more it completes within its limit, each call bought once
    await raise_budget(environment, story.task, 20_000)
    await story.completed()
    assert server.asked.count(SEND) == 2
    assert await spent_and_reserved(environment, story.task) == (2 * (10_000 + ANSWERED_TOKENS), 0)


async def test_a_worker_killed_while_it_counts_loses_its_reservation_and_nothing_else(
    environment: Environment, server: CountingServer
) -> None:
    # Given an effect worker that waits for a count
    server.answering.clear()
    story = await asked(environment, Budget(tokens=30_000, spend_usd_micros=100_000))
    await server.was_asked()
    first = await story.first(f.EffectGranted, to_count=True)
    # When it is killed
    environment.strike("effects-1")
    # Then what was reserved counts, as nobody can know
    lost = await story.first(f.EffectSettled, end="lost")
    assert (lost.basis, lost.spent) == ("bound", first.reserved)
    assert await spent_and_reserved(environment, story.task) == (first.reserved.tokens, 0)
    # And with more money it goes on, with the effect that was lost
    server.answering.set()
    await raise_limit(environment.bus, story.task, Amounts(spend_usd_micros=1_000_000))
    await story.completed()
    assert server.asked == [COUNT, SEND, SEND]
    assert story.all(f.EffectGranted, effect=first.effect)[-1].grant == 2
