"""The shorter way through nats-py: what is read in pieces, what is written together, what must not fail."""

# pyright: reportPrivateUsage=false
# a test may look inside, and these look into nats-py

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import nats.errors
import pytest
from tests.bus.conftest import Collected, until

from interlock.bus.client import DirectClient
from interlock.bus.wired import Wired

WIRE = (
    b"MSG interlock.a 7 5\r\nhello\r\n"
    b"PING\r\n"
    b"MSG interlock.b 7 _INBOX.x 0\r\n\r\n"
    b"HMSG interlock.c 7 _INBOX.y 18 20\r\nNATS/1.0\r\nA: b\r\n\r\nhi\r\n"
    b"HMSG interlock.d 7 41 41\r\nNATS/1.0 503 No Responders\r\nNats-X: 1\r\n\r\n\r\n"
    b"MSG interlock.e 7 11\r\nMSG x 7 1\r\n\r\n"
)


class Deaf(DirectClient):
    """A client without a connection, whose pings are counted."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Wired] = []
        self.pings = 0
        self._at_once[7] = self.heard.append

    async def _process_ping(self) -> None:
        self.pings += 1

    async def read(self, *pieces: bytes) -> None:
        for piece in pieces:
            await self._ps.parse(piece)


@pytest.fixture
async def client(nats_url: str) -> AsyncIterator[DirectClient]:
    made = DirectClient()
    await made.connect(nats_url)
    yield made
    await made.close()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 20, len(WIRE)])
async def test_messages_are_whole_however_they_are_cut(size: int) -> None:
    # Given what a server sends, cut into pieces
    pieces = [WIRE[at : at + size] for at in range(0, len(WIRE), size)]
    # When a client reads them
    reader = Deaf()
    await reader.read(*pieces)
    # Then it has every message, and nats-py has had the rest
    assert [(m.subject[-1], m.data, m.reply) for m in reader.heard] == [
        ("a", b"hello", ""),
        ("b", b"", "_INBOX.x"),
        ("c", b"hi", "_INBOX.y"),
        ("d", b"", ""),
        ("e", b"MSG x 7 1\r\n", ""),
    ]
    assert reader.heard[2].headers == {"A": "b"}
    assert reader.heard[3].headers == {"Status": "503", "Description": "No Responders", "Nats-X": "1"}
    assert reader.pings == 1


async def test_a_new_connection_begins_with_nothing_read() -> None:
    reader = Deaf()
    await reader.read(b"MSG interlock.a 7 5\r\nhel")
    reader._ps.reset()
    await reader.read(b"MSG interlock.a 7 2\r\nok\r\n")
    assert [m.data for m in reader.heard] == [b"ok"]


async def test_a_handler_that_fails_stops_neither_the_others_nor_the_reading(client: DirectClient) -> None:
    # Given one handler that fails and one that does not
    heard: list[bytes] = []

    def fail(_message: Wired) -> None:
        raise ValueError("no")

    await client.hear("a", fail)
    await client.hear("a", lambda message: heard.append(message.data))
    # When messages come
    client.put("a", b"1", "", None)
    client.put("a", b"2", "", None)
    # Then the other has them all
    await until(lambda: heard == [b"1", b"2"])
    # And the connection stands
    assert client.is_connected


async def test_a_handler_that_waits_gets_one_message_after_the_other(client: DirectClient) -> None:
    # Given a handler that waits
    heard: list[tuple[bytes, str]] = []
    may_go_on = asyncio.Event()

    async def wait(message: Wired) -> None:
        await may_go_on.wait()
        heard.append((message.data, message.headers.get("A", "")))

    await client.hear("a", wait)
    client.put("a", b"1", "", {"A": "b"})
    client.put("a", b"2", "", None)
    await client.flush()
    assert heard == []
    # When it may go on, then it has all in order, and their headers
    may_go_on.set()
    await until(lambda: heard == [(b"1", "b"), (b"2", "")])


async def test_what_is_published_in_one_turn_is_written_at_once(
    client: DirectClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[bytes] = []
    monkeypatch.setattr(client._transport, "write", writes.append)
    client.put("a", b"1", "", None)
    client.put("b", b"2", "_INBOX.x", None)
    await until(lambda: bool(writes))
    assert writes == [b"PUB a  1\r\n1\r\nPUB b _INBOX.x 1\r\n2\r\n"]


@pytest.mark.parametrize("subject", ["", "a b", "a\r\nPUB b 0\r\n"])
async def test_nothing_can_be_smuggled_into_a_command(client: DirectClient, subject: str) -> None:
    with pytest.raises(nats.errors.BadSubjectError):
        client.put(subject, b"", "", None)
    with pytest.raises(nats.errors.BadHeaderError):
        client.put("a", b"", "", {"Nats-Msg-Id": "1\r\nNats-Expected-Last-Subject-Sequence: 7"})


async def test_what_was_heard_is_forgotten_when_it_is_dropped(client: DirectClient) -> None:
    subscription = await client.hear("a", lambda _message: None)
    assert len(client._at_once) == 1
    await subscription.unsubscribe()
    assert not client._at_once


async def test_who_gives_up_waiting_for_the_server_makes_nobody_deaf(client: DirectClient) -> None:
    # Given somebody who asked whether the server has everything, and did not wait for the answer
    flushing = asyncio.ensure_future(client.flush(timeout=5))
    await asyncio.sleep(0)
    flushing.cancel()
    await asyncio.gather(flushing, return_exceptions=True)
    # When the answer comes, then the connection goes on
    heard: Collected[Wired] = Collected()
    await client.hear("a", heard.take)
    client.put("a", b"still here", "", None)
    (message,) = await heard.count(1)
    assert message.data == b"still here"


async def test_another_attempt_leaves_no_socket_behind(client: DirectClient) -> None:
    # Given the socket of an attempt
    half_typed: Any = client
    writer = half_typed._transport._io_writer
    # When there is another one
    await client._connect_to_server(half_typed._current_server)
    # Then it is closed
    assert writer.is_closing()


async def test_one_that_the_server_ends_while_something_waits_to_be_written_says_so(nats_url: str) -> None:
    # Given a client with a connection that breaks
    closed = asyncio.Event()

    async def on_closed() -> None:
        closed.set()

    client = DirectClient()
    await client.connect(nats_url, closed_cb=on_closed)
    transport: Any = client._transport
    transport._io_writer.transport.abort()
    # When it reads that the server does not want it any more, then the end, and something is published
    await client._process_err("'Authorization Violation'")
    await client._process_op_err(nats.errors.UnexpectedEOF())
    client.put("interlock.a", b"hi", "", None)
    # Then whoever keeps it is told that it has closed, and can begin anew
    async with asyncio.timeout(5):
        await closed.wait()
    assert client.is_closed
