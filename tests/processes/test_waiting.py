"""While a person is awaited nothing is held, bought or lost, though all die and an agent has one hand."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.processes.environment import Environment, Story, running
from tests.processes.held_model import FREE, MODEL, HeldModel

from interlock.bus.logs import structlog
from interlock.console.processes import Service
from interlock.contracts import facts as f
from interlock.contracts.message import encode
from interlock.contracts.people import Answer
from interlock.contracts.plan import Plan, PlannedStep

pytestmark = pytest.mark.processes

ASKER = "asker-1"
TESTS = {"PYTHONPATH": str(Path(__file__).parents[2])}


@pytest.fixture
async def model() -> AsyncIterator[HeldModel]:
    """A model that answers at once."""
    made = HeldModel()
    made.open = True
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def environment(tmp_path: Path, model: HeldModel) -> AsyncIterator[Environment]:
    """Everything that `interlock up` starts, and an agent that asks."""
    (tmp_path / "docs").mkdir()
    prices = tmp_path / "prices.toml"
    prices.write_text(FREE)
    asker = Service(ASKER, "agent", ("tests.processes.asker",), 3, charter="asker", knows=TESTS)
    variables = {"OPENAI_BASE_URL": model.url, "INTERLOCK_PRICES": str(prices)}
    async with running(tmp_path / "state", tmp_path / "docs", MODEL, asker, **variables) as made:
        yield made
    structlog.reset_defaults()


async def submit(environment: Environment, name: str) -> Story:
    step = PlannedStep(id="ask", role="asker", input={"name": name})
    return await environment.submit("Ask.", plan=Plan(steps=(step,)), review=False)


async def answer(environment: Environment, story: Story, text: str) -> None:
    await environment.say(encode(Answer(text=text)), "human", "answer", story.task, 1)


async def test_an_agent_with_one_hand_works_on_while_a_person_is_awaited_and_everybody_dies(
    environment: Environment, model: HeldModel
) -> None:
    # Given a step that waits for a person
    first = await submit(environment, "one")
    asked = await first.first(f.Escalated)
    assert (asked.summary, asked.objective) == (
        "May one go on?",
        "Ask a model, then a person, then a model again.",
    )
    await first.first(f.StepSuspended, principal=ASKER)
    # When another task comes, then the same agent does its work meanwhile
    second = await submit(environment, "two")
    await second.first(f.Escalated)
    await second.first(f.StepSuspended, principal=ASKER)
    # And when supervisor, agent and effect worker are killed, and started again
    names = ("supervisor-1", ASKER, "effects-1")
    pids = {name: environment.pid(name) for name in names}
    fleet = await environment.story(0)
    joined = len(fleet.all(f.AgentJoined, principal=ASKER))
    environment.strike(*names)
    for name, pid in pids.items():
        await environment.another(name, pid)
    await fleet.first(f.AgentJoined, principal=ASKER, times=joined + 1)
    # Then the answers, last first, let each go on where it was
    await answer(environment, second, "Two may.")
    await second.completed()
    await answer(environment, first, "One may.")
    await first.completed()
    # And nothing was bought twice, and no attempt was lost to the waiting
    bought = sorted(call.prompt for call in model.calls)
    assert bought == ["after one", "after two", "before one", "before two"]
    for story in (first, second):
        assert len(story.all(f.StepSuspended)) == 1
        assert story.all(f.StepLost) == []
        (settled,) = story.all(f.EffectSettled, end="answered")
        assert settled.effect
