"""The tutorial's translator works from outside the repository, and its text is true."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator, Generator
from pathlib import Path

import msgspec
import pytest
from tests.examples.interpreter import ENGLISH, GERMAN, LANGUAGE, MODEL, Interpreter
from tests.processes.environment import Environment, running

from interlock.bus.principals import Principals
from interlock.contracts import facts as f
from interlock.contracts.charter import read_charter
from interlock.contracts.message import decode
from interlock.contracts.plan import Plan, PlannedStep
from interlock.contracts.step import StepResult

EXAMPLE = Path(__file__).parents[2] / "examples" / "translator"
NAME = "translator-1"
PASSAGE = {"text": ENGLISH, "language": LANGUAGE}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the example, outside the repository."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "elsewhere"))


@pytest.fixture
async def environment(tmp_path: Path) -> AsyncIterator[Environment]:
    """Interlock as `interlock up` starts it, with a model that knows German and a key for the translator."""
    prices = tmp_path / "prices.toml"
    prices.write_text(f'[models."{MODEL}"]\nprice = "free"\n')
    docs = tmp_path / "docs"
    docs.mkdir()
    Principals(tmp_path / "state" / "store").admit(NAME, ["agent"])
    with Interpreter() as model:
        variables = {"OPENAI_BASE_URL": model.url, "INTERLOCK_PRICES": str(prices)}
        async with running(tmp_path / "state", docs, MODEL, **variables) as environment:
            yield environment


@contextlib.contextmanager
def translator(folder: Path, environment: Environment) -> Generator["subprocess.Popen[bytes]"]:
    """Start the translator as its README says, and stop it as Ctrl-C does."""
    variables = {
        "INTERLOCK_URL": environment.local.note.url,
        "INTERLOCK_PRINCIPAL": NAME,
        "INTERLOCK_KEY_FILE": str(environment.local.state.key_file(NAME)),
    }
    process = subprocess.Popen([sys.executable, "translator.py"], cwd=folder, env=os.environ | variables)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


async def translated(environment: Environment, end: f.Completed) -> dict[str, str]:
    record = await environment.bus.record(end.results["german"])
    assert record is not None
    return msgspec.json.decode(decode(StepResult, record.data).value, type=dict[str, str])


@pytest.mark.processes
async def test_a_plan_uses_the_role_as_soon_as_its_process_is_up(
    folder: Path, environment: Environment
) -> None:
    # Given a team's own agent, started from elsewhere
    with translator(folder, environment):
        fleet = await environment.story(0)
        joined = await fleet.first(f.AgentJoined, principal=NAME)
        assert joined.charter.role == "translator"
        # When somebody wants a translation
        story = await environment.submit(f'Translate to {LANGUAGE}: "{ENGLISH}"')
        end = await story.completed()
        # Then the planner has given it a step, and its result counts
        planned = await story.first(f.Planned)
        assert "translator" in [step.role for step in planned.steps]
        assert (await translated(environment, end)) == {"text": GERMAN, "language": LANGUAGE}
        result = await environment.result(story.task)
        assert GERMAN in result.report
    left = await fleet.first(f.Left, principal=NAME)
    assert left.reason


@pytest.mark.processes
async def test_a_step_for_an_absent_role_waits_and_says_so(folder: Path, environment: Environment) -> None:
    # Given a plan that needs the role, and nobody who has it
    plan = Plan(steps=(PlannedStep(id="german", role="translator", input=PASSAGE),))
    story = await environment.submit(plan=plan, review=False)
    waiting = await story.first(f.StepWaiting, step="german")
    assert "translator" in waiting.reason
    # When its process is started
    with translator(folder, environment):
        # Then the step goes on
        end = await story.completed()
        assert (await translated(environment, end))["text"] == GERMAN


@pytest.mark.processes
async def test_input_that_the_role_does_not_take_is_refused_with_its_place(
    folder: Path, environment: Environment
) -> None:
    with translator(folder, environment):
        plan = Plan(steps=(PlannedStep(id="german", role="translator", input={"text": ENGLISH}),))
        story = await environment.submit(plan=plan, review=False)
        failed = await story.first(f.StepFailed, step="german")
        assert "`language`" in failed.message


def test_the_package_holds_what_the_role_needs() -> None:
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())
    packed = project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    assert sorted(packed) == ["translator.py", "translator.toml"]
    assert all((EXAMPLE / name).is_file() for name in packed)


def test_the_readme_names_what_is_there() -> None:
    readme = (EXAMPLE / "README.md").read_text()
    source = (EXAMPLE / "translator.py").read_text()
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    charter = read_charter((EXAMPLE / "translator.toml").read_text(), "translator.toml")
    for name in ("translator.py", "translator.toml", "pyproject.toml", "translator-1", "agent_ready"):
        assert name in readme
    assert set(re.findall(r"`(Passage|Translation)`", readme)) == {"Passage", "Translation"}
    assert all(f"class {name}" in source for name in ("Passage", "Translation"))
    assert project["entry-points"]["interlock.agents"] == {"translator": "translator:agent"}
    assert (charter.role, charter.tools) == ("translator", ())
