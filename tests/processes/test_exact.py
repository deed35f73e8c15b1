"""Exactly as many calls run as a limit admits, however many are asked for at once and whoever is killed."""

from pathlib import Path
from random import Random

import pytest
from tests.processes.crowd import SUPERVISOR, WORKERS, assert_exact, crowd, limited_to

from interlock.console.sayings import raise_limit
from interlock.contracts.budget import Amounts

pytestmark = pytest.mark.processes

CALLERS, CALLS_EACH = 4, 250
ASKED = CALLERS * CALLS_EACH
LIMIT = 500
KILLS = 8
NAIVE = ("tests.processes.naive_supervisor",)


async def test_of_a_thousand_calls_at_once_exactly_the_admitted_ones_run(tmp_path: Path) -> None:
    # Given a task whose limit admits half of the calls that its agents make at once
    async with crowd(tmp_path / "state", callers=CALLERS) as everybody:
        task = await everybody.submit("all", CALLERS, CALLS_EACH, limited_to(LIMIT))
        # When the limit is reached
        await everybody.ledger.exhausted(task)
        # Then exactly as many have run as it admits, each once
        assert_exact(everybody, LIMIT)
        assert everybody.ledger.in_doubt == 0
        assert set(everybody.till.calls.values()) == {1}
        # And when it is raised by what is missing, every call has run exactly once
        await raise_limit(everybody.environment.bus, task, Amounts(model_calls=ASKED - LIMIT))
        await everybody.ledger.until(lambda ledger: ledger.ended == {task: "Completed"})
        assert everybody.till.arrived == ASKED
        assert set(everybody.till.calls.values()) == {1}


@pytest.mark.parametrize("seed", [1, 2])
async def test_no_kill_lets_one_more_call_run(tmp_path: Path, seed: int) -> None:
    # Given a task whose limit admits half of the calls that its agents make at once
    async with crowd(tmp_path / "state", callers=CALLERS) as everybody:
        task = await everybody.submit("all", CALLERS, CALLS_EACH, limited_to(LIMIT))
        # When effect workers and the supervisor are killed at random
        await everybody.havoc(Random(seed), KILLS, (SUPERVISOR, *WORKERS))
        await everybody.ledger.exhausted(task)
        # Then exactly as many were paid for as the limit admits, and no more have run
        assert_exact(everybody, LIMIT)


async def test_a_budget_that_is_counted_when_calls_end_lets_too_many_run(tmp_path: Path) -> None:
    # Given a supervisor that grants while less is spent than the limit, and counts when a call has ended
    async with crowd(tmp_path / "state", callers=CALLERS, supervise=NAIVE) as everybody:
        task = await everybody.submit("all", CALLERS, CALLS_EACH, limited_to(LIMIT))
        # When the limit is reached
        await everybody.ledger.exhausted(task)
        # Then more calls have run than it admits, and the assertion of the tests above says so
        with pytest.raises(AssertionError, match=f"calls ran, {LIMIT} were admitted"):
            assert_exact(everybody, LIMIT)
