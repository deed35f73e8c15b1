"""The simulator has teeth: whatever promise is taken from the core or the shell, some seed notices soon."""

import pytest
from tests.simulation.mutants import MUTANTS, Mutant
from tests.simulation.people_mutants import PEOPLE_MUTANTS
from tests.simulation.worker_mutants import WORKER_MUTANTS

from interlock.console.simulation.adversary import draw
from interlock.console.simulation.errors import Violation
from interlock.console.simulation.run import Simulation

MOST_SEEDS = 240
ALL = (*MUTANTS, *WORKER_MUTANTS, *PEOPLE_MUTANTS)
NOTICED_BY = {
    "accepts_late_results": 82,
    "asks_nobody_about_models": 33,
    "assigns_in_stopped_scopes": 97,
    "begins_what_is_older_than_a_kill": 7,
    "begins_while_a_kill_has_no_place": 25,
    "begins_without_a_leader": 23,
    "believes_any_key": 33,
    "believes_any_signature": 33,
    "believes_old_signs_of_life": 29,
    "calls_everything_completed": 7,
    "calls_everything_refused": 16,
    "closes_under_the_last_grant": 41,
    "counts_the_absent": 42,
    "counts_what_was_signed_over_something_else": 15,
    "dates_grants_ahead": 6,
    "dispatches_before_durable": 12,
    "forgets_daily_limits": 13,
    "forgets_receipts": 6,
    "ignores_the_grant_number": 41,
    "keeps_to_old_policies": 33,
    "lets_a_step_wait_for_what_is_planted": 195,
    "lets_anybody_approve": 6,
    "lets_approvals_last": 14,
    "lets_models_be_used_elsewhere": 33,
    "lets_silence_pass": 29,
    "lets_tenants_clocks_run": 109,
    "lets_the_killed_come_back": 6,
    "lets_what_is_killed_go_on": 34,
    "mixes_the_fleet_with_tasks": 7,
    "reads_nothing_after_a_break": 53,
    "repeats_writes": 29,
    "schedules_in_a_paused_fleet": 16,
    "stamps_nothing": 80,
    "waits_for_ever_for_confirmations": 16,
    "waits_for_the_place_of_a_kill": 25,
    "writes_receipts_again_and_again": 6,
}
"""Of those that are hard to notice, the first seed that does: it is tried first, being far to come to."""


def caught(mutant: Mutant) -> tuple[int, Violation] | None:
    """Return a seed that notices, and what it notices: the one that did before, or else the first."""
    known = NOTICED_BY.get(mutant.__name__)
    for seed in (*(() if known is None else (known,)), *range(MOST_SEEDS)):
        with mutant():
            violation = Simulation(draw(seed)).run().violation
        if violation is not None:
            return seed, violation
    return None


@pytest.mark.timeout(400)
@pytest.mark.parametrize("mutant", ALL, ids=lambda mutant: mutant.__name__)
def test_a_broken_variant_is_caught(mutant: Mutant) -> None:
    # Given a variant with one promise taken away, when seeds are run one after the other
    found = caught(mutant)
    # Then one of them breaks a law: not by a crash of the variant itself, but by what it does
    assert found is not None, f"{mutant.__name__} is not caught by {MOST_SEEDS} seeds"
    seed, violation = found
    print(f"{mutant.__name__}: seed {seed} breaks `{violation.law}`: {violation.sentence}")  # noqa: T201 - pytest -s shows it
    assert violation.law != "defect", violation.sentence


def test_there_are_enough_of_them() -> None:
    assert len(ALL) >= 13
    assert NOTICED_BY.keys() <= {mutant.__name__ for mutant in ALL}
    assert max(NOTICED_BY.values()) < MOST_SEEDS
    assert len({mutant.__name__ for mutant in ALL}) == len(ALL)
    assert all(mutant.__doc__ for mutant in ALL)
