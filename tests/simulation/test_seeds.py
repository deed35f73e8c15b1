"""Two thousand seeds, the same each time: every law is kept in every one of them."""

import pytest

from interlock.console.simulation.adversary import DEFAULT_STEPS, PROFILES
from interlock.console.simulation.campaign import Totals, run_seeds

SEEDS = 2_000


@pytest.mark.timeout(1_800)
def test_every_law_is_kept_in_two_thousand_seeds() -> None:
    totals = Totals()
    for report in run_seeds(range(SEEDS), DEFAULT_STEPS):
        totals.add(report)
    failed = [
        f"interlock simulate --seed {report.seed}: {report.violation.law}: {report.violation.sentence}"
        for report in totals.failed
        if report.violation is not None
    ]
    assert not failed, "\n".join(failed)
    # And the seeds were worth it: things were done, things went wrong, and states were compared.
    assert totals.seeds == SEEDS
    assert totals.executions > 20 * SEEDS
    assert totals.crashes > SEEDS
    assert totals.compared > 20 * SEEDS
    assert len(PROFILES) == 9
