"""Two supervisors as real processes: one takes over when the other is killed, or frozen and woken again."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.processes.crowd import SUPERVISOR, Crowd, assert_exact, crowd
from tests.processes.standby import Watched, second_supervisor

from interlock.bus.clock import now_ms
from interlock.contracts.budget import NOTHING
from interlock.supervisor.recovery import recover

pytestmark = pytest.mark.processes

TAKEOVER_MS = 2_000
TASKS, CALLS_EACH = 100, 4
OF_RED, OF_FLEET, CALLS_AT_ONCE = 400, 700, 250


@contextlib.asynccontextmanager
async def two(folder: Path, name: str) -> AsyncGenerator[tuple[Crowd, Watched]]:
    """A crowd whose supervisor leads, and a second one under this name, which stands by."""
    async with crowd(folder / "state", callers=4) as everybody:
        environment = everybody.environment
        local = environment.local
        watched = Watched(environment.bus)
        await watched.start()
        await watched.leads(1)
        async with second_supervisor(local.state, local.note.url, name):
            await watched.lives_number(2)
            yield everybody, watched


async def test_a_killed_leader_is_followed_within_two_seconds_and_nothing_is_lost_or_done_twice(
    tmp_path: Path,
) -> None:
    # Given a hundred tasks in flight, and a supervisor that stands by
    async with two(tmp_path, "supervisor-2") as (everybody, watched):
        tasks = await asyncio.gather(
            *(everybody.submit(f"t{n}", 1, CALLS_EACH) for n in range(TASKS)),
        )
        await everybody.till.reached(TASKS // 2)
        # When the leader is killed
        killed_ms = now_ms()
        everybody.environment.strike(SUPERVISOR)
        took = await watched.leads(2)
        # Then the other one decides within two seconds
        assert took.principal == "supervisor-2"
        assert 0 < watched.first_ms[1] - killed_ms < TAKEOVER_MS
        # And all tasks complete, every call was made and paid for exactly once, and nothing stays reserved
        await everybody.ledger.until(lambda ledger: set(tasks) <= ledger.ended.keys() and ledger.quiet)
        assert set(everybody.ledger.ended.values()) == {"Completed"}
        assert set(everybody.till.calls.values()) == {1}
        assert_exact(everybody, TASKS * CALLS_EACH)
        state = (await recover(everybody.environment.bus)).state
        assert all(account.reserved == NOTHING for account in state.shared.values())


async def test_a_frozen_leader_that_wakes_up_decides_nothing_and_stands_by(tmp_path: Path) -> None:
    # Given two tenants that want more calls than the fleet may make, and a second supervisor, which even
    # speaks under the same name
    async with two(tmp_path, SUPERVISOR) as (everybody, watched):
        await everybody.limit(OF_RED, "tenant", "red")
        await everybody.limit(OF_FLEET, "fleet")
        tasks = [
            await everybody.submit(f"{tenant}{n}", 1, CALLS_AT_ONCE, tenant=tenant)
            for tenant in ("red", "blue")
            for n in range(2)
        ]
        await everybody.till.reached(60)
        # When the leader is frozen, and wakes up as soon as the other one decides
        everybody.environment.strike(SUPERVISOR, number=signal.SIGSTOP)
        first, second = await watched.leads(1), await watched.leads(2)
        assert first.incarnation != second.incarnation
        everybody.environment.strike(SUPERVISOR, number=signal.SIGCONT)
        # Then it stands by in a new life, and nobody gets a call more than the limits admit
        await watched.lives_number(3)
        await everybody.ledger.exhausted(*tasks)
        assert_exact(everybody, OF_FLEET)
        assert sum(everybody.ledger.spent[task] for task in tasks[:2]) <= OF_RED
        assert set(everybody.till.calls.values()) == {1}
        # And the other one still leads: it gives out exactly what is added
        await everybody.limit(OF_FLEET + 50, "fleet")
        await everybody.ledger.until(lambda ledger: ledger.spent.total() == OF_FLEET + 50 and ledger.quiet)
        assert_exact(everybody, OF_FLEET + 50)
