"""What a principal notices when the server is killed and comes back on the same port: almost nothing."""

# A test may look inside.
# pyright: reportPrivateUsage=false

import asyncio
import os
import signal
import ssl
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.bus.conftest import Collected, until

from interlock.bus import connection as connection_module
from interlock.bus import server, sockets
from interlock.bus.appends import AppendLimits
from interlock.bus.connection import RETRY_S, Connection
from interlock.bus.errors import Unreachable
from interlock.bus.nats_bus import NatsBus, connect
from interlock.bus.ports import Ack, Message, Record
from interlock.bus.stream import ensure_stream

SUBMIT = "interlock.in.alice.task.submit"
CONFIRMED_S = 3.0


class Fragile:
    """A server of the test's own, and two principals on it."""

    def __init__(self, state: Path) -> None:
        self.server = server.start(state)

    async def begin(self) -> None:
        limits = AppendLimits(ack_s=20)
        self.alice: NatsBus = await connect(self.server.url, "alice", limits=limits)
        self.supervisor: NatsBus = await connect(self.server.url, "supervisor", limits=limits)
        await ensure_stream(self.supervisor)

    async def kill(self) -> None:
        await asyncio.to_thread(self.server.kill)
        await until(lambda: not self.alice.connected and not self.supervisor.connected)

    async def restart(self) -> None:
        await asyncio.to_thread(self.server.restart)
        await until(lambda: self.alice.connected and self.supervisor.connected)

    async def end(self) -> None:
        await self.alice.close()
        await self.supervisor.close()
        self.server.stop()


@pytest.fixture
async def fragile(state: Path) -> AsyncIterator[Fragile]:
    made = Fragile(state)
    await made.begin()
    yield made
    await made.end()


async def test_who_admits_the_others_tries_more_often_than_they_do(state: Path) -> None:
    assert await knocking_s(state / "access", retry_s=0.05) < await knocking_s(state / "other") / 2


async def knocking_s(state: Path, retry_s: float = RETRY_S) -> float:
    """Return how long it takes until somebody has tried five times to come back."""
    gone = server.start(state)
    bus = await connect(gone.url, "somebody", retry_s=retry_s)
    tries_s: list[float] = []

    def note(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tries_s.append(asyncio.get_running_loop().time())
        writer.close()

    await asyncio.to_thread(gone.kill)
    address = urlsplit(gone.url)
    async with await asyncio.start_server(note, address.hostname, address.port):
        await until(lambda: len(tries_s) >= 5)
    await bus.close()
    return tries_s[4] - tries_s[0]


@pytest.mark.parametrize("cuts", [1, 8])
async def test_one_that_is_cut_off_instead_of_answered_tries_again(
    cuts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a server that ends connections, some or more than one waits for, when it is asked to admit them
    monkeypatch.setattr(connection_module, "OPEN_S", 0.2)
    knocks = count(1)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"max_payload":1048576}\r\n')
        admits = next(knocks) > cuts
        while line := await reader.readline():
            if line == b"PING\r\n":
                if not admits:
                    break
                writer.write(b"PONG\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        connection = Connection("alice", f"nats://{host}:{port}", retry_s=0.05)
        # When somebody comes who is patient
        await connection.open(name="test", patience_s=CONFIRMED_S)
        # Then the connection stands at last
        assert connection.up
        await connection.hear("anything", lambda _message: None)
        await connection.close()
    assert next(knocks) == cuts + 2


async def test_a_server_that_stands_still_in_the_handshake_holds_nobody_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given a server that says that it encrypts, and then nothing
    monkeypatch.setattr(connection_module, "OPEN_S", 0.3)
    monkeypatch.setattr(sockets, "CLOSE_S", 0.1)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"max_payload":1048576,"tls_required":true}\r\n')
        while await reader.read(1_024):
            pass
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as standing:
        host, port = standing.sockets[0].getsockname()
        # When somebody comes, then it is told that nobody answers
        async with asyncio.timeout(CONFIRMED_S):
            with pytest.raises(Unreachable):
                await connect(f"nats://{host}:{port}", "alice", tls=ssl.create_default_context())


async def test_everybody_hears_again_after_each_of_three_kills(fragile: Fragile) -> None:
    # Given somebody who follows the log and somebody who listens
    seen: Collected[Record] = Collected()
    heard: Collected[Message] = Collected()
    await fragile.supervisor.follow(["interlock.in.>"], seen.take)
    await fragile.supervisor.listen("interlock.beat.*", heard.take)
    for kills in (1, 2, 3):
        # When the server is killed and started again
        await fragile.kill()
        await fragile.restart()
        # Then records and messages arrive as before, without a hole or a repetition
        await fragile.alice.append(SUBMIT, b"%d" % kills)
        await fragile.alice.send("interlock.beat.alice", b"%d" % kills)
        await seen.count(kills)
        await heard.count(kills)
    assert [record.seq for record in seen.items] == [1, 2, 3]
    assert [message.data for message in heard.items] == [b"1", b"2", b"3"]


async def test_what_is_appended_meanwhile_waits_in_order(fragile: Fragile) -> None:
    # Given a record that was acknowledged, and a server that was killed
    await fragile.alice.append(SUBMIT, b"before")
    await fragile.kill()
    # When somebody appends without a server
    answers = [fragile.alice.append_soon(SUBMIT, b"%d" % number) for number in range(100)]
    assert not any(answer.done() for answer in answers)
    # Then all are stored in order once there is one, behind what stood there
    await fragile.restart()
    acks = await asyncio.gather(*answers)
    assert [ack.seq for ack in acks] == list(range(2, 102))
    first = await fragile.alice.record(1)
    assert first is not None
    assert first.data == b"before"


async def test_a_kill_in_the_middle_of_many_appends_loses_and_doubles_nothing(
    fragile: Fragile,
) -> None:
    # Given 3,000 appends with ids on their way, and a reader
    seen: Collected[Record] = Collected()
    await fragile.supervisor.follow([SUBMIT], seen.take)
    answers = [
        fragile.alice.append_soon(SUBMIT, b"%d" % number, message_id=f"m{number}") for number in range(3_000)
    ]
    await asyncio.wait(answers, return_when=asyncio.FIRST_COMPLETED)
    # When the server is killed and started again
    await asyncio.to_thread(fragile.server.kill)
    await fragile.restart()
    # Then each is stored once and acknowledged, and the reader has seen each once
    await asyncio.gather(*answers)
    records = await seen.count(3_000)
    assert sorted(int(record.data) for record in records) == list(range(3_000))
    assert [record.seq for record in records] == list(range(1, 3_001))


async def test_a_request_waits_for_the_server_within_its_time(fragile: Fragile) -> None:
    # Given a record, and a server that was killed
    await fragile.alice.append(SUBMIT, b"one")
    await fragile.kill()
    # When somebody asks, then there is no answer in time without a server
    with pytest.raises(Unreachable, match="does not answer"):
        await fragile.alice.request("interlock.live.1", b"", timeout_s=0.05)
    # And an answer once there is one
    asking = asyncio.create_task(fragile.alice.last_seq())
    await fragile.restart()
    assert await asking == 1


async def test_a_listening_that_is_begun_while_the_server_dies_hears_all_the_same(fragile: Fragile) -> None:
    # Given a server that is killed before it can confirm a subscription
    os.kill(fragile.server.pid, signal.SIGSTOP)
    heard: Collected[Message] = Collected()
    beginning = asyncio.create_task(fragile.alice.listen("interlock.live.*", heard.take))
    await asyncio.sleep(0)
    await fragile.kill()
    # When it comes back
    await fragile.restart()
    # Then the listening has begun, and hears
    async with asyncio.timeout(CONFIRMED_S):
        await beginning
    await fragile.supervisor.send("interlock.live.1", b"one")
    assert [message.data for message in await heard.count(1)] == [b"one"]


async def test_a_question_to_the_log_is_asked_again_when_the_server_dies_over_it(fragile: Fragile) -> None:
    # Given a record, and a server that is killed before it can answer a question
    await fragile.alice.append(SUBMIT, b"one")
    os.kill(fragile.server.pid, signal.SIGSTOP)
    asking = asyncio.create_task(fragile.alice.last_seq())
    await asyncio.sleep(0)
    await fragile.kill()
    # When it comes back, then it is answered soon
    await fragile.restart()
    async with asyncio.timeout(CONFIRMED_S):
        assert await asking == 1


async def test_an_append_fails_when_the_server_stays_away(fragile: Fragile) -> None:
    # Given a principal with little patience, and a server that was killed
    hasty = await connect(fragile.server.url, "hasty", limits=AppendLimits(ack_s=0.2))
    await fragile.kill()
    await until(lambda: not hasty.connected)
    # When it appends, then it is told that nothing was sent
    with pytest.raises(Unreachable, match="was not sent"):
        await hasty.append(SUBMIT, b"one")
    # And unstored messages are lost without complaint
    await hasty.send("interlock.beat.hasty", b"")
    await hasty.close()


async def test_closing_without_a_server_is_quick_and_answers_everybody(fragile: Fragile) -> None:
    bus = await connect(fragile.server.url, "bob")
    await fragile.kill()
    await until(lambda: not bus.connected)
    answer = bus.append_soon(SUBMIT, b"one")
    async with asyncio.timeout(3):
        await bus.close()
    with pytest.raises(Unreachable, match="connection ended"):
        await answer


async def test_nothing_keeps_trying_to_connect_after_a_close(fragile: Fragile) -> None:
    # Given a closed connection, and its client trying all the same, as when a cancellation got lost
    bus = await connect(fragile.server.url, "bob")
    await fragile.kill()
    await bus.close()
    trying = asyncio.create_task(bus.connection._client._attempt_reconnect())
    # When it fails to connect, then it gives up
    done, _ = await asyncio.wait({trying}, timeout=5)
    assert done == {trying}


async def test_a_connection_that_the_server_ends_with_an_error_is_opened_anew(fragile: Fragile) -> None:
    # Given somebody who follows and listens
    seen: Collected[Record] = Collected()
    heard: Collected[Message] = Collected()
    await fragile.alice.follow([SUBMIT], seen.take)
    await fragile.alice.listen("interlock.beat.*", heard.take)
    # When the server ends the connection with an error, here since headers made a message too large
    too_large = b"x" * 1024 * 1024
    fragile.alice.connection.publish("interlock.live.1", too_large, headers={"Too": "large"})
    await until(lambda: not fragile.alice.connected)
    await until(lambda: fragile.alice.connected)
    # Then everything goes on
    assert await fragile.alice.append(SUBMIT, b"one") == Ack(1)
    await fragile.supervisor.send("interlock.beat.supervisor", b"")
    await seen.count(1)
    await heard.count(1)
