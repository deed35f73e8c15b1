"""Too much of anything: what the server, the access service and the supervisor make of it."""

import asyncio
import contextlib

import nats.errors
import pytest
from tests.hostile.attacker import Attacker
from tests.hostile.attempts import ME
from tests.hostile.conftest import Scene

from interlock.contracts import facts as f
from interlock.contracts.subjects import input_subject

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="module")]

MANY = 5_000


async def fresh(scene: Scene) -> Attacker:
    attacker = Attacker(scene.url, ME, scene.seed)
    await attacker.connect()
    return attacker


async def ended(attacker: Attacker) -> None:
    """Wait until the server has ended the connection."""
    async with asyncio.timeout(10):
        while not attacker.client.is_closed:
            with contextlib.suppress(nats.errors.Error):
                await attacker.client.flush(timeout=1)


async def test_a_payload_beyond_what_the_server_takes_ends_the_connection(scene: Scene) -> None:
    attacker = await fresh(scene)
    with contextlib.suppress(nats.errors.Error, ConnectionError):
        await attacker.send_past_the_check(input_subject(ME, "agent", "bye"), b"x" * 2**21)
    await ended(attacker)
    fact = await scene.recorded("payload", "")
    assert (fact.principal, fact.observer) == (ME, "access-1")


async def test_a_message_beyond_what_is_read_is_refused_with_a_sentence(scene: Scene) -> None:
    attacker = await fresh(scene)
    await attacker.publish(input_subject(ME, "agent", "bye"), b'{"incarnation":"' + b"x" * 300_000 + b'"}')
    refused = await scene.fleet.first(f.Refused, principal="")
    assert "bytes" in refused.reason
    await attacker.close()


async def test_more_subscriptions_than_anybody_needs_are_refused(scene: Scene) -> None:
    attacker = await fresh(scene)
    for number in range(400):
        await attacker.listen(f"_INBOX_{ME}.{number}", flush=False)
    with contextlib.suppress(nats.errors.Error):
        await attacker.client.flush(timeout=5)
    await scene.recorded("flood", "subscriptions")
    await attacker.close()


async def test_a_flood_of_forbidden_messages_is_counted_not_copied(scene: Scene) -> None:
    # Given how many records the fleet's decisions have
    attacker = await fresh(scene)
    before = len(scene.fleet.all(f.AccessViolated))
    # When thousands of attempts come at once, each on a subject of its own
    for number in range(MANY):
        await attacker.client.publish(f"interlock.decision.{number + 1_000_000}", b"{}")
    with contextlib.suppress(nats.errors.Error):
        await attacker.client.flush(timeout=10)
    # Then the log says how many there were, in few records
    async with asyncio.timeout(10):
        while sum(fact.times for fact in scene.fleet.all(f.AccessViolated, action="flood")) < MANY // 10:
            await scene.fleet.more()
    assert len(scene.fleet.all(f.AccessViolated)) - before < MANY // 10
    await attacker.close()
