"""`interlock simulate` as a person meets it: a summary, a story of what broke, a sentence for bad input."""

import pytest
from click.testing import CliRunner
from tests.simulation.mutants import grants_after_halt

from interlock.console.commands.simulate import simulate
from interlock.console.errors import BadInput
from interlock.console.main import call
from interlock.console.simulation.adversary import draw
from interlock.console.simulation.run import Simulation
from interlock.console.simulation.shrink import shrunken


@pytest.fixture(scope="module")
def telling_seed() -> int:
    """Return the first seed that notices when tasks which stand still may begin something."""
    with grants_after_halt():
        for seed in range(40):
            violation = Simulation(draw(seed)).run().violation
            if violation is not None and violation.law == "halt":
                return seed
    raise AssertionError("no seed notices")


def test_a_few_seeds_are_summed_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["simulate", "--seeds", "3", "--steps", "6"]) == 0
    summary = capsys.readouterr().out
    assert summary.startswith("3 seeds, ")
    assert "every law was kept" in summary


def test_one_seed_is_told_with_its_whole_log(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["simulate", "--seed", "3", "--steps", "5", "--verbose"]) == 0
    story = capsys.readouterr().out
    assert "what the adversary does (7 actions):" in story
    assert "every law was kept" in story
    assert "says task.submit about task" in story


def test_a_broken_law_is_told_as_shortly_as_possible(
    telling_seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    # Given a core that grants to tasks which stand still
    with grants_after_halt():
        code = call(["simulate", "--seed", str(telling_seed)])
    # Then the exit code says so, and few of the actions are told
    story = capsys.readouterr().out
    assert code == 1
    assert "actions, " in story
    assert "the law of `halt` broke" in story
    assert f"seed {telling_seed}, profile " in story


def test_shrinking_leaves_out_whatever_is_not_needed(telling_seed: int) -> None:
    scenario = draw(telling_seed)
    with grants_after_halt():
        report = Simulation(scenario).run()
        small = shrunken(scenario, report)
        again = Simulation(small).run()
    assert report.violation is not None
    assert again.violation is not None
    assert again.violation.law == report.violation.law == "halt"
    assert 0 < len(small.actions) < len(scenario.actions) / 3


@pytest.mark.parametrize(
    "arguments",
    [
        ["--seeds", "0"],
        ["--seeds", "many"],
        ["--steps", "-1"],
        ["--seed", "1", "--seeds", "2"],
        ["--seed", "1", "--from", "2"],
        ["--verbose"],
    ],
)
def test_bad_options_get_one_sentence(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["simulate", *arguments]) == 2
    said = capsys.readouterr().err
    assert len(said.strip().splitlines()) == 1
    assert "Traceback" not in said


def test_the_help_explains_it() -> None:
    shown = CliRunner().invoke(simulate, ["--help"]).output
    assert "virtual time" in shown
    assert "interlock simulate --seed 42 --verbose" in shown
    assert issubclass(BadInput, Exception)
