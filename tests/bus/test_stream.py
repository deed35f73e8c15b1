"""The one stream: created, left alone, corrected, and refused when it cannot be corrected."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from tests.bus.conftest import NatsWorld

from interlock.bus import jetstream
from interlock.bus.errors import BusError, LogFull
from interlock.bus.nats_bus import NatsBus
from interlock.bus.stream import StreamSettings, configuration, ensure_stream
from interlock.contracts.subjects import STREAM

SUBMIT = "interlock.in.alice.task.submit"


@pytest.fixture
async def bus(nats_url: str) -> AsyncIterator[NatsBus]:
    world = NatsWorld(nats_url)
    await world.begin()
    yield await world.connect("supervisor")
    await world.end()


async def info(bus: NatsBus) -> dict[str, Any]:
    return await jetstream.call(bus.requests, f"STREAM.INFO.{STREAM}", b"", dict[str, Any])


async def configure(bus: NatsBus, verb: str, config: dict[str, Any]) -> None:
    body = msgspec.json.encode(config)
    await jetstream.call(bus.requests, f"STREAM.{verb}.{STREAM}", body, dict[str, Any])


async def test_the_stream_is_as_designed(bus: NatsBus) -> None:
    config = (await info(bus))["config"]
    assert config["subjects"] == ["interlock.in.>", "interlock.decision.>"]
    assert (config["storage"], config["retention"], config["discard"]) == ("file", "limits", "new")
    assert (config["max_msg_size"], config["duplicate_window"]) == (1024 * 1024, 120 * 10**9)
    assert not config.get("allow_direct")


async def test_ensuring_it_again_changes_nothing(bus: NatsBus) -> None:
    await bus.append(SUBMIT, b"{}")
    before = await info(bus)
    await ensure_stream(bus)
    after = await info(bus)
    assert (after["config"], after["state"], after["created"]) == (
        before["config"],
        before["state"],
        before["created"],
    )


async def test_a_setting_that_differs_is_corrected_and_one_that_is_unknown_is_kept(bus: NatsBus) -> None:
    # Given a stream with a description and a limit that somebody set by hand
    config = (await info(bus))["config"]
    await configure(bus, "UPDATE", config | {"description": "ours", "max_msg_size": 10, "max_age": 10**18})
    await bus.append(SUBMIT, b"{}")
    # When it is ensured with another limit
    await ensure_stream(bus, StreamSettings(max_bytes=10_000_000))
    # Then what is ours is right, what is not ours stands, and so do the records
    found = await info(bus)
    assert (found["config"]["max_msg_size"], found["config"]["max_bytes"]) == (1024 * 1024, 10_000_000)
    assert (found["config"]["description"], found["config"]["max_age"]) == ("ours", 10**18)
    assert found["state"]["messages"] == 1


async def test_a_stream_of_another_kind_is_refused_by_name(bus: NatsBus) -> None:
    # Given a stream in memory
    await jetstream.call(bus.requests, f"STREAM.DELETE.{STREAM}", b"", dict[str, Any])
    await configure(bus, "CREATE", configuration(StreamSettings()) | {"storage": "memory"})
    # When the log shall be there, then it says what differs
    with pytest.raises(BusError, match="storage 'memory' instead of 'file'"):
        await ensure_stream(bus)


async def test_more_room_than_the_server_has_is_refused(bus: NatsBus) -> None:
    with pytest.raises(LogFull, match="free disk space"):
        await ensure_stream(bus, StreamSettings(max_bytes=2**62))
