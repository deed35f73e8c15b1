"""A result is told until the log has it, or until that is hopeless."""

import asyncio
from typing import Any

import pytest
from tests.agents.conftest import AGENT, STEP, TASK, Peer, Thinker

from interlock.agents import Context, delivery
from interlock.bus.memory_bus import MemoryBus
from interlock.contracts.step import StepResult

Json = dict[str, Any]


async def answer(_step: Json, _ctx: Context) -> str:
    return "done"


async def test_a_result_waits_for_room_in_the_log(
    peer: Peer, thinker: Thinker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "FIRST_PAUSE_S", 0.001)
    await peer.join(thinker(answer))
    peer.server.full = True
    await peer.assign({})
    await peer.settle()
    assert not peer.said("result")
    peer.server.full = False
    async with asyncio.timeout(5):
        assert isinstance(await peer.ends.get(), StepResult)


async def test_a_result_that_may_not_be_told_frees_the_hand(peer: Peer, thinker: Thinker) -> None:
    station = await peer.join(thinker(answer))
    peer.server.forbidden = ".result."
    await peer.assign({})
    await peer.settle()
    assert station.workbench.in_hand == 0


async def test_nobody_can_take_the_id_under_which_a_result_is_told(peer: Peer, thinker: Thinker) -> None:
    # Given somebody who has told something under every id that can be guessed
    hostile = MemoryBus(peer.server, "thinker-2")
    for guess in (f"{TASK}.{STEP}.1", f"{AGENT}.{TASK}.{STEP}.1"):
        await hostile.append(f"interlock.in.thinker-2.agent.failed.{TASK}", b"{}", message_id=guess)
    # When the step is done, then its result is no second copy of that
    await peer.join(thinker(answer))
    await peer.work({})
    assert len(peer.said("result")) == 1


async def test_one_life_tells_an_attempt_once(peer: Peer, thinker: Thinker) -> None:
    await peer.join(thinker(answer))
    await peer.work({})
    assert await peer.assign({}) == b"already"
    await peer.settle()
    assert len(peer.said("result")) == 1
