"""A whole environment that tells people outside what they are asked, and how they have decided."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog
from tests.console.notifying.receivers import Receiver, receiving
from tests.processes.environment import PATIENCE_S, Environment, running

from interlock.console.fatigue.reading import read_ledger
from interlock.console.sayings import decided, plant, refusal
from interlock.contracts import facts as f
from interlock.contracts.message import encode
from interlock.contracts.people import Answer, PlantCanary, Reject
from interlock.contracts.plan import Plan, PlannedStep

pytestmark = pytest.mark.processes

KEY = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
COUNTED = PlannedStep(
    id="count", role="human", input={"ask": "Count the lamps of Mr Meier.", "to": "finance"}
)

PLANTED = PlantCanary(
    role="finance", tool="write_file", summary="write to Acme", arguments={"path": "acme", "text": "Pay"}
)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest.fixture
async def environment(tmp_path: Path, docs: Path, receiver: Receiver) -> AsyncIterator[Environment]:
    """Everything that `interlock up --notify` starts."""
    file = tmp_path / "notify.toml"
    file.write_text(
        'url = "https://interlock.example"\n[channels.all]\nkind = "webhook"\n'
        f'url = "{receiver.url}"\nsecret = {{ env = "HOOK" }}\ndesks = ["finance"]\n'
    )
    variables = {"INTERLOCK_NOTIFY": str(file), "HOOK": KEY}
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
    assert asked.json["data"]["link"] == f"https://interlock.example/inbox/{story.task}.1"
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
    fleet = await environment.story(0)
    # Given a request that an admin plants
    seq = await plant(environment.bus, PLANTED)
    decision = await decided(environment.bus, 0, seq, timeout_s=PATIENCE_S)
    assert decision is not None
    assert not refusal(decision, seq)
    (asked,) = [fact for fact in decision.facts if isinstance(fact, f.Escalated)]
    (told,) = await receiver.count(1)
    assert "canary" not in told.body.decode()
    # When somebody rejects it, then it is caught, and it was that person
    await environment.say(encode(Reject(reason="nobody ordered that")), "human", "reject", 0, asked.number)
    await fleet.first(f.Resolved, number=asked.number)
    await receiver.count(2)
    ledger = await read_ledger(environment.bus)
    assert (ledger.planted.shown, ledger.planted.caught) == (1, 1)
    assert ledger.people["alice"].caught == 1
