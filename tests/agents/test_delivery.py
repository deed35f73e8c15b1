"""A result is told until the log has it, or until that is hopeless."""

import asyncio
from typing import Any

import pytest
from tests.agents.conftest import Peer, Thinker

from interlock.agents import Context, delivery
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


async def test_the_same_attempt_is_told_once_by_whoever_tells_it(peer: Peer, thinker: Thinker) -> None:
    # Given a process that told its result and died before it knew
    station = await peer.join(thinker(answer))
    await peer.work({})
    await station.stop("it died")
    # When another of the same name does the same attempt
    await peer.join(thinker(answer))
    await peer.assign({})
    await peer.settle()
    # Then the log holds one result
    assert len(peer.said("result")) == 1
