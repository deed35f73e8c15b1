"""A whole environment that tells people outside what they are asked, and how they have decided."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.console.notifying.receivers import Receiver, receiving
from tests.processes.environment import Environment, running

from interlock.bus.logs import structlog
from interlock.console.fatigue.reading import read_ledger
from interlock.console.sayings import control, plant
from interlock.contracts import facts as f
from interlock.contracts.message import encode
from interlock.contracts.people import Answer, PlantCanary, Reject
from interlock.contracts.plan import Plan, PlannedStep
from interlock.contracts.scope import Scope

pytestmark = pytest.mark.processes

KEY = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
COUNTED = PlannedStep(
    id="count", role="human", input={"ask": "Count the lamps of Mr Meier.", "to": "finance"}
)

READING = PlannedStep(id="facts", role="researcher", input={"question": "What colour is the lamp?"})
PLANTED = PlantCanary(role="finance", tool="read_file", arguments={"path": "lamp.md"})
POLICIES = """
permit (principal, action == Action::"model", resource);
permit (principal, action in Action::"read", resource) unless { resource == Tool::"read_file" };
@require_approval("finance") permit (principal, action in Action::"read", resource == Tool::"read_file");
"""


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest.fixture
async def environment(tmp_path: Path, docs: Path, receiver: Receiver) -> AsyncIterator[Environment]:
    """Everything that `interlock up --notify` starts."""
    file = tmp_path / "notify.toml"
    file.write_text(
        'url = "https://desk.example/{number}"\n[channels.all]\nkind = "webhook"\n'
        f'url = "{receiver.url}"\nsecret = {{ env = "HOOK" }}\ndesks = ["finance"]\n'
    )
    (tmp_path / "read.cedar").write_text(POLICIES)
    variables = {"INTERLOCK_NOTIFY": str(file), "HOOK": KEY, "INTERLOCK_POLICIES": str(tmp_path)}
    async with running(tmp_path / "state", docs, "offline/extractive", **variables) as made:
        yield made
    structlog.reset_defaults()


async def test_people_are_told_what_is_asked_and_what_it_came_to_though_the_notifier_dies(
    environment: Environment, receiver: Receiver
) -> None:
    # Given a notifier that reads before anybody can hand in anything, and a step that a person does
    assert b"channel_open" in environment.local.state.log_of("notifier-1").read_bytes()
    story = await environment.submit("Count.", plan=Plan(steps=(COUNTED,)), review=False)
    await story.first(f.Escalated)
    # Then finance is told, with the link, and nothing of what is asked
    (asked,) = await receiver.count(1)
    assert asked.id == f"{story.task}.1.asked"
    assert asked.json["data"]["link"] == f"https://desk.example/{story.task}.1"
    assert b"Meier" not in asked.body
    # When the notifier is killed, and the person answers
    old = environment.pid("notifier-1")
    environment.strike("notifier-1")
    await environment.say(encode(Answer(text="five")), "human", "answer", story.task, 1)
    await story.completed()
    # Then it is started again, and tells that; before it, at most what had no answer when it was killed
    await environment.another("notifier-1", old)
    await receiver.until(lambda: f"{story.task}.1.resolved" in receiver.ids)
    assert list(dict.fromkeys(receiver.ids)) == [f"{story.task}.1.asked", f"{story.task}.1.resolved"]
    assert receiver.calls[-1].json["data"]["verdict"] == "answered"


async def test_a_planted_request_is_told_like_any_other_and_counted(
    environment: Environment, receiver: Receiver
) -> None:
    # Given an agent at work, that finance is asked about when it reads a file, and an admin who plants that
    model = Scope(kind="model", name="offline/*")
    await control(environment.bus, "pause", model)
    story = await environment.submit(plan=Plan(steps=(READING,)), review=False)
    await story.first(f.StepAssigned)
    seq = await plant(environment.bus, PLANTED, story.task)
    asked = await story.first(f.Escalated, input=seq)
    (told,) = await receiver.count(1)
    assert "canary" not in told.body.decode()
    # When somebody rejects it, then it is caught, and it was that person
    await environment.say(
        encode(Reject(reason="nobody ordered that")), "human", "reject", story.task, asked.number
    )
    await story.first(f.Resolved, number=asked.number)
    await receiver.count(2)
    ledger = await read_ledger(environment.bus)
    assert (ledger.planted.shown, ledger.planted.caught) == (1, 1)
    assert ledger.people["alice"].caught == 1
    # And the task goes on
    await control(environment.bus, "resume", model)
    await story.completed()
