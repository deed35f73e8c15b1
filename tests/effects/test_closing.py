"""A kill closes the connection of a model's call: at once, for good, whatever the call is waiting for."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator

import msgspec
import pytest
from tests.effects.conftest import PATIENCE_S, TASK, Office, endpoint, question

from interlock.contracts.effect import EffectAborted
from interlock.effects.calls import Calls
from interlock.effects.models import http
from interlock.effects.settings import EffectSettings

MODELS = ("openai/tiny", "anthropic/claude-tiny")
BACKLOG = 4
AT_ONCE_S = 0.1
"""Far more than it takes, and far less than any timeout in between."""

_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: "
NOTHING_YET = b""
BEGUN_STREAM = _HEAD + b'text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n10\r\ndata: {"a": "b"}\r\n'
BEGUN_WHOLE = _HEAD + b'application/json\r\ncontent-length: 1000\r\n\r\n{"choices": ['


class Wire(asyncio.Protocol):
    """One connection to a provider that says `answer` and never ends it."""

    def __init__(self, provider: "SlowProvider") -> None:
        self.closed = asyncio.Event()
        self.closed_at = 0.0
        self._provider = provider
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._provider.wires.append(self)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, _, body = self._received.partition(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
        if len(body) >= int(length.split(b":")[1]):
            self._received = b""
            self._transport.write(self._provider.answer)
            self._provider.asked.release()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.closed_at = time.monotonic()
        self.closed.set()


class SlowProvider:
    """A server on loopback that notes when each connection ends."""

    def __init__(self) -> None:
        self.answer = NOTHING_YET
        self.wires: list[Wire] = []
        self.asked = asyncio.Semaphore(0)

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Wire(self), "127.0.0.1", 0)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        self._server.close()
        await self._server.wait_closed()


@pytest.fixture
async def slow() -> AsyncIterator[SlowProvider]:
    made = SlowProvider()
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def calls(settings: EffectSettings, slow: SlowProvider) -> AsyncIterator[Calls]:
    both = msgspec.structs.replace(
        settings, models=MODELS, openai=endpoint(slow.url), anthropic=endpoint(slow.url, "ANTHROPIC")
    )
    made = Calls(both)
    yield made
    await made.close()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("answer", [NOTHING_YET, BEGUN_STREAM, BEGUN_WHOLE], ids=["none", "stream", "whole"])
async def test_the_provider_sees_the_connection_end_at_once(
    office: Office, calls: Calls, slow: SlowProvider, model: str, answer: bytes
) -> None:
    # Given a call whose answer has not come, or not ended
    await office.open(calls)
    slow.answer = answer
    await office.grant(question(model=model))
    await asyncio.wait_for(slow.asked.acquire(), PATIENCE_S)
    # When its task is killed
    killed_at = time.monotonic()
    await office.control("kill", "task", str(TASK))
    (wire,) = slow.wires
    await asyncio.wait_for(wire.closed.wait(), PATIENCE_S)
    # Then the provider sees it, and the log hears that it had begun and does not go on
    assert wire.closed_at - killed_at < AT_ONCE_S
    (end,) = await office.until_logged()
    assert isinstance(end.body, EffectAborted)
    assert (end.body.started, end.body.running) == (True, False)
    assert 0 < end.body.started_us <= end.body.ended_us
    # And nobody uses that connection again
    await office.grant(question(model=model), 51)
    await asyncio.wait_for(slow.asked.acquire(), PATIENCE_S)
    assert len(slow.wires) == 2


async def test_a_call_that_waits_for_a_connection_is_never_sent(
    office: Office, settings: EffectSettings, slow: SlowProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given one connection, which a call of another task has
    monkeypatch.setattr(http, "CONNECTIONS_MAX", 1)
    one = msgspec.structs.replace(settings, models=MODELS[:1], openai=endpoint(slow.url))
    await office.open(Calls(one))
    await office.grant(question(), 50, task=43)
    await asyncio.wait_for(slow.asked.acquire(), PATIENCE_S)
    await office.grant(question(), 51)
    # When the one that waits is killed, and then the other
    await office.control("kill", "task", str(TASK))
    (end,) = await office.until_logged()
    assert isinstance(end.body, EffectAborted)
    assert (end.body.started, end.body.started_us) == (False, 0)
    await office.control("kill", "task", "43")
    await asyncio.wait_for(slow.wires[0].closed.wait(), PATIENCE_S)
    await office.until_logged(2)
    # Then the first was never sent, and the next call gets the room
    await office.grant(question(), 52)
    await asyncio.wait_for(slow.asked.acquire(), PATIENCE_S)
    assert len(slow.wires) == 2
    assert slow.asked.locked()


async def test_a_call_that_is_not_connected_yet_never_began(office: Office, settings: EffectSettings) -> None:
    # Given a server that has no room for another connection
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(BACKLOG):
            one = stack.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        address = endpoint(f"http://127.0.0.1:{full.getsockname()[1]}")
        await office.open(Calls(msgspec.structs.replace(settings, models=MODELS[:1], openai=address)))
        await office.grant(question())
        # When a call that waits for its connection is killed
        await office.control("kill", "task", str(TASK))
        (end,) = await office.until_logged()
    # Then nothing of it can have reached anybody
    assert isinstance(end.body, EffectAborted)
    assert not end.body.started


async def test_many_calls_at_once_are_closed_at_once(
    office: Office, calls: Calls, slow: SlowProvider
) -> None:
    await office.open(calls)
    for effect in range(50, 110):
        await office.grant(question(model=MODELS[0]), effect)
    for _ in range(60):
        await asyncio.wait_for(slow.asked.acquire(), PATIENCE_S)
    killed_at = time.monotonic()
    await office.control("kill", "fleet")
    for wire in slow.wires:
        await asyncio.wait_for(wire.closed.wait(), PATIENCE_S)
    assert max(wire.closed_at for wire in slow.wires) - killed_at < 5 * AT_ONCE_S
    await office.until_logged(60)
