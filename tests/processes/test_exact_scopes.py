"""The limits of a tenant and of the fleet admit exactly what they say, to many tasks and to fifty agents."""

from pathlib import Path
from random import Random

import pytest
from tests.processes.crowd import SUPERVISOR, WORKERS, assert_exact, crowd

pytestmark = pytest.mark.processes

CALLS_EACH = 250
OF_TENANT = {"red": 200, "blue": 300}
OF_FLEET = 450
AGENTS, STEPS_EACH, CALLS_A_STEP = 50, 25, 20
OF_FIFTY = 500
KILLS = 8


@pytest.mark.parametrize("seed", [1, 2])
async def test_tenants_and_the_fleet_get_no_call_more_than_their_limits(tmp_path: Path, seed: int) -> None:
    # Given two tenants with two tasks each, that ask for a thousand calls at once
    async with crowd(tmp_path / "state", callers=4) as everybody:
        # And limits of the tenants and of the fleet, none of which admits what the narrower ones would
        for tenant, limit in OF_TENANT.items():
            await everybody.limit(limit, "tenant", tenant)
        await everybody.limit(OF_FLEET, "fleet")
        tasks = {
            tenant: [await everybody.submit(f"{tenant}{n}", 1, CALLS_EACH, tenant=tenant) for n in range(2)]
            for tenant in OF_TENANT
        }
        # When effect workers and the supervisor are killed at random
        await everybody.havoc(Random(seed), KILLS, (SUPERVISOR, *WORKERS))
        await everybody.ledger.exhausted(*tasks["red"], *tasks["blue"])
        # Then exactly as many calls were paid for as the fleet may make, and no more have run
        assert_exact(everybody, OF_FLEET)
        # And of each tenant no more than it may make
        for tenant, limit in OF_TENANT.items():
            assert sum(everybody.ledger.spent[task] for task in tasks[tenant]) <= limit
            assert sum(n for call, n in everybody.till.calls.items() if call.startswith(tenant)) <= limit


async def test_fifty_agents_share_what_their_tenant_may_do(tmp_path: Path) -> None:
    # Given fifty agents, each with a step that makes its calls at once, and half as many calls as they want
    async with crowd(tmp_path / "state", callers=AGENTS) as everybody:
        await everybody.limit(OF_FIFTY, "tenant", "red")
        tasks = [
            await everybody.submit(f"red{n}", STEPS_EACH, CALLS_A_STEP, tenant="red")
            for n in range(AGENTS // STEPS_EACH)
        ]
        # When effect workers and the supervisor are killed at random
        await everybody.havoc(Random(1), KILLS, (SUPERVISOR, *WORKERS))
        await everybody.ledger.exhausted(*tasks)
        # Then exactly as many calls were paid for as the limit admits, and no more have run
        assert_exact(everybody, OF_FIFTY)
