"""The dead man's handle: grants that were on their way do not begin while nobody who decides is heard."""

import asyncio

import pytest
from tests.processes.scene import Scene

from interlock.bus.ports import Message
from interlock.contracts import facts as f
from interlock.contracts.message import decode
from interlock.contracts.presence import Beat
from interlock.contracts.subjects import beat_subject
from interlock.effects.handle import HANDLE_MS

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="module")]

SUPERVISOR, WORKER = "supervisor-1", "effects-1"
PATIENCE_S = 10.0
BEATS = 2


async def test_grants_on_their_way_wait_until_somebody_leads_again(stage: Scene) -> None:
    # Given a call in flight, and grants that are on their way to a worker which stands still
    work = await stage.at_work()
    with stage.frozen(WORKER):
        waiting = [await stage.submit([f"waits {n}"]) for n in range(3)]
        for story in waiting:
            await story.first(f.EffectGranted)
        with stage.frozen(SUPERVISOR):
            # When nobody is heard for so long, and the grants arrive then
            await asyncio.sleep(HANDLE_MS / 1_000 + 0.3)
            beats = await heard(stage)
            stage.woken(WORKER)
            async with asyncio.timeout(PATIENCE_S):
                said = [await beats.get() for _ in range(BEATS)]
            # Then none of them begins, while what was in flight goes on
            assert {beat.in_hand for beat in said} == {1}
            assert not [call for call in stage.model.calls if call.prompt.startswith("waits")]
            assert not work.call.left.is_set()
    # And when somebody leads again, all is done, each call once
    await stage.model.release(work.call.prompt, *(f"waits {n}" for n in range(3)))
    for story in (work.story, *waiting):
        await story.completed()
    assert [len(stage.model.of(f"waits {n}")) for n in range(3)] == [1, 1, 1]
    assert len(stage.model.of(work.call.prompt)) == 1


async def heard(stage: Scene) -> "asyncio.Queue[Beat]":
    """Return the worker's signs of life from now on."""
    beats: asyncio.Queue[Beat] = asyncio.Queue()

    def note(message: Message) -> None:
        beats.put_nowait(decode(Beat, message.data))

    await stage.environment.bus.listen(beat_subject(WORKER), note)
    return beats
