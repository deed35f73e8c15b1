"""A grant that is taken back is not begun any more, whether it has come or not, and the log hears of it."""

from collections.abc import AsyncIterator

import msgspec
import pytest
from tests.effects.conftest import TASK, Office, question

from interlock.contracts.dispatch import Cancel
from interlock.contracts.effect import EffectAborted
from interlock.effects.calls import Calls
from interlock.effects.settings import EffectSettings
from interlock.effects.worker import Worker

INSTANT = question(model="instant/echo")


@pytest.fixture
async def calls(settings: EffectSettings) -> AsyncIterator[Calls]:
    made = Calls(msgspec.structs.replace(settings, models=("instant/echo",)))
    yield made
    await made.close()


def withdrawal(worker: Worker, effect: int = 50, grant: int = 1) -> Cancel:
    return Cancel(
        task=TASK, effect=effect, grant=grant, incarnation=worker.incarnation, reason="it has ended"
    )


async def test_a_grant_that_never_came_is_refused_from_then_on(office: Office, calls: Calls) -> None:
    worker = await office.open(calls)
    # When a grant is taken back that this worker has not seen
    assert await office.tell(withdrawal(worker)) == "taken"
    (end,) = await office.until_logged()
    # Then the log hears that it never began
    assert isinstance(end.body, EffectAborted)
    assert (end.verb, end.body.effect, end.body.grant, end.body.started) == ("aborted", 50, 1, False)
    # And when it comes after all, it is known already and not begun; another grant of it is
    assert await office.grant(INSTANT) == "already"
    assert await office.grant(INSTANT, grant=2) == "taken"
    await office.until_logged(2)
    assert [said.verb for said in office.ends()] == ["aborted", "completed"]


async def test_what_has_ended_is_told_once(office: Office, calls: Calls) -> None:
    worker = await office.open(calls)
    await office.grant(INSTANT)
    await office.until_logged()
    assert await office.tell(withdrawal(worker)) == "taken"
    assert await office.tell(withdrawal(worker)) == "taken"
    assert [said.verb for said in office.ends()] == ["completed"]


async def test_another_life_knows_nothing_of_the_grant_and_says_nothing(office: Office, calls: Calls) -> None:
    worker = await office.open(calls)
    foreign = msgspec.structs.replace(withdrawal(worker), incarnation="an earlier life")
    assert await office.tell(foreign) == "already"
    assert not office.ends()
