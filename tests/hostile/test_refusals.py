"""What a hostile agent with a valid key tries: the server refuses it, and the log names who it was."""

import pytest
from tests.hostile.attempts import REFUSED_BY_THE_SERVER, Attempt
from tests.hostile.conftest import Scene

from interlock.contracts import facts as f

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="module")]


@pytest.mark.parametrize("attempt", REFUSED_BY_THE_SERVER, ids=lambda attempt: attempt.name)
async def test_the_server_refuses_it_and_the_log_says_who_tried(scene: Scene, attempt: Attempt) -> None:
    # Given a hostile agent, and what the log holds
    attacker = scene.attacker
    before = await scene.environment.bus.last_seq()
    subject = attempt.subject.format(**scene.names)
    # When it tries what is not its own
    if attempt.how == "publish":
        await attacker.publish(subject, attempt.data)
    elif attempt.how == "listen":
        await attacker.listen(subject, attempt.queue)
    else:
        assert await attacker.ask(subject, attempt.data) is None
    # Then the server says no, and nothing of it stands in the log
    assert await attacker.refused(subject)
    records = (
        scene.environment.bus.history([subject], start_seq=before + 1) if "interlock" in subject else None
    )
    if records is not None and attempt.how == "publish":
        assert [record async for record in records if b"forged" in record.data] == []
    # And the attempt is a security fact that names who it was
    action = "subscribe" if attempt.how == "listen" else "publish"
    fact = await scene.recorded(action, subject)
    assert fact.observer == "access-1"


async def test_there_are_more_than_forty_of_them_and_all_are_different() -> None:
    tried = {(attempt.how, attempt.subject, attempt.queue) for attempt in REFUSED_BY_THE_SERVER}
    assert len(tried) == len(REFUSED_BY_THE_SERVER) > 40


async def test_nothing_of_it_has_touched_anybody(scene: Scene) -> None:
    # When all of that was tried, then the victim's task still waits for its model, and goes on
    assert not scene.victim.all(f.Refused)
    assert (await scene.environment.view(scene.victim.task)).status == "working"
    assert not [left for left in scene.fleet.all(f.Left) if "silent" not in left.reason]
