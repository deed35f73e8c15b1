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


def caught(mutant: Mutant) -> tuple[int, Violation] | None:
    """Return the first seed that notices, and what it notices."""
    for seed in range(MOST_SEEDS):
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
    assert len({mutant.__name__ for mutant in ALL}) == len(ALL)
    assert all(mutant.__doc__ for mutant in ALL)
