"""An agent that says what it may say, but without end: it is cut from outside."""

import asyncio
import contextlib

import nats.errors
import pytest
from tests.hostile.attacker import Attacker
from tests.hostile.attempts import ME
from tests.hostile.conftest import Scene
from tests.hostile.test_connections import REFUSED, answer

from interlock.bus.identity import Identity

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="module")]


async def test_an_agent_that_floods_where_it_may_speak_is_cut_and_kept_out_for_a_while(scene: Scene) -> None:
    # Given an agent that publishes its own signs of life as fast as it can
    attacker = Attacker(scene.url, ME, scene.seed)
    await attacker.connect()
    with contextlib.suppress(nats.errors.Error, ConnectionError):
        async with asyncio.timeout(30):
            while not attacker.client.is_closed:
                for _ in range(2_000):
                    await attacker.client.publish(f"interlock.beat.{ME}", b"x" * 512)
                await attacker.client.flush(timeout=5)
    # Then its connection was ended from outside, and the log says why
    assert attacker.client.is_closed
    await scene.recorded("flood", "too much at once")
    # And it does not come back at once
    own = Identity(scene.seed)
    assert REFUSED in await answer(scene, nkey=own.public_key, sign_with=own)
