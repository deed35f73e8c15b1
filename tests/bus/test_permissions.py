"""What the server lets each role do, on a real server with real keys."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import nats
import pytest
from tests.bus.conftest import Basket, Collected, until

from interlock.bus import connection, identity, jetstream, server
from interlock.bus.desk import Desk
from interlock.bus.errors import NotPermitted, Unreachable
from interlock.bus.nats_bus import NatsBus, connect
from interlock.bus.permissions import ROLES, permissions_of
from interlock.bus.ports import Message, Record
from interlock.bus.stream import ensure_stream
from interlock.bus.users import Users
from interlock.contracts.errors import MalformedSubject

WHO = {"alice": "person", "researcher-1": "agent", "effects-1": "effects", "supervisor": "supervisor"}


class Guarded:
    """A server that knows four principals, and a connection for each."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.users = Users(state)
        for principal, role in WHO.items():
            self.users.admit(principal, role)
        self.server = server.start(state)
        self.buses: dict[str, NatsBus] = {}

    def seed(self, principal: str) -> str:
        return identity.load(self.state / "keys" / f"{principal}.nk").seed

    async def connect(self, principal: str) -> NatsBus:
        bus = await connect(self.server.url, principal, key=self.seed(principal))
        self.buses[principal] = bus
        return bus

    async def begin(self) -> None:
        for principal in WHO:
            await self.connect(principal)
        await ensure_stream(self.buses["supervisor"])

    async def end(self) -> None:
        for bus in self.buses.values():
            await bus.close()
        self.server.stop()


async def until_stored(bus: NatsBus, seq: int) -> None:
    """Wait until the log has that many records; answers of the server are stored after what they answer."""
    async with asyncio.timeout(10):
        while await bus.last_seq() < seq:
            pass


@pytest.fixture
async def guarded(state: Path) -> AsyncIterator[Guarded]:
    made = Guarded(state)
    await made.begin()
    yield made
    await made.end()


@pytest.mark.parametrize(
    ("principal", "subject"),
    [
        ("researcher-1", "interlock.in.researcher-1.agent.effect.42"),
        ("effects-1", "interlock.in.effects-1.effect.completed.42"),
        ("supervisor", "interlock.in.supervisor.supervisor.elected"),
        ("supervisor", "interlock.decision.42"),
        ("alice", "interlock.in.alice.task.submit"),
        ("alice", "interlock.in.alice.control.kill.fleet"),
        ("alice", "interlock.in.alice.human.approve.42"),
    ],
)
async def test_each_role_says_what_is_its_own(guarded: Guarded, principal: str, subject: str) -> None:
    assert (await guarded.buses[principal].append(subject, b"{}")).seq == 1


@pytest.mark.parametrize(
    ("principal", "subject"),
    [
        ("researcher-1", "interlock.in.alice.task.submit"),
        ("researcher-1", "interlock.in.researcher-2.agent.result.42"),
        ("researcher-1", "interlock.in.researcher-1.control.resume.fleet"),
        ("researcher-1", "interlock.in.researcher-1.effect.completed.42"),
        ("researcher-1", "interlock.decision.42"),
        ("effects-1", "interlock.decision.42"),
        ("effects-1", "interlock.in.researcher-1.agent.result.42"),
        ("supervisor", "interlock.in.alice.task.submit"),
        ("alice", "interlock.decision.42"),
        ("alice", "interlock.in.bob.human.approve.42"),
    ],
)
async def test_nobody_says_what_is_anothers(guarded: Guarded, principal: str, subject: str) -> None:
    # When somebody appends where only another may, then it fails at once and nothing is stored
    with pytest.raises(NotPermitted, match="may not publish"):
        await guarded.buses[principal].append(subject, b"{}")
    assert await guarded.buses["alice"].last_seq() == 0
    # And its own words are still taken
    own = {"researcher-1": "agent.result.1", "effects-1": "effect.failed.1"}.get(principal, "")
    if own:
        assert (await guarded.buses[principal].append(f"interlock.in.{principal}.{own}", b"")).seq == 1


@pytest.mark.parametrize(
    "request_of_the_api",
    [
        "STREAM.DELETE.INTERLOCK",
        "STREAM.PURGE.INTERLOCK",
        "STREAM.INFO.INTERLOCK",
        "STREAM.MSG.GET.INTERLOCK",
        "STREAM.MSG.DELETE.INTERLOCK",
        "STREAM.CREATE.OTHER",
        "CONSUMER.CREATE.INTERLOCK.mine",
        "CONSUMER.MSG.NEXT.INTERLOCK.mine",
        "DIRECT.GET.INTERLOCK",
    ],
)
@pytest.mark.parametrize("principal", ["researcher-1", "effects-1"])
async def test_workers_cannot_touch_the_log_but_by_their_words(
    guarded: Guarded, principal: str, request_of_the_api: str
) -> None:
    with pytest.raises(NotPermitted):
        await guarded.buses[principal].request(f"$JS.API.{request_of_the_api}", b"{}", timeout_s=5)


@pytest.mark.parametrize(
    "request_of_the_api",
    [
        "STREAM.DELETE.INTERLOCK",
        "STREAM.PURGE.INTERLOCK",
        "STREAM.MSG.DELETE.INTERLOCK",
        "DIRECT.GET.INTERLOCK",
    ],
)
@pytest.mark.parametrize("principal", ["alice", "supervisor"])
async def test_nobody_can_take_a_record_out_of_the_log_or_have_it_said_again(
    guarded: Guarded, principal: str, request_of_the_api: str
) -> None:
    with pytest.raises(NotPermitted):
        await guarded.buses[principal].request(f"$JS.API.{request_of_the_api}", b"{}", timeout_s=5)


@pytest.mark.parametrize(
    "subject",
    [
        "interlock.decision.>",
        "interlock.do.researcher-2",
        "interlock.do.*",
        "interlock.in.>",
        "interlock.taken.>",
        "_INBOX_alice.>",
        "_INBOX.>",
        ">",
    ],
)
async def test_an_agent_cannot_hear_what_is_not_for_it(guarded: Guarded, subject: str) -> None:
    heard: Collected[Message] = Collected()
    with pytest.raises(NotPermitted, match="may not read"):
        await guarded.buses["researcher-1"].listen(subject, heard.take)


async def test_an_agent_cannot_follow_the_log(guarded: Guarded) -> None:
    seen: Collected[Record] = Collected()
    with pytest.raises(NotPermitted, match="role that reads the log"):
        await guarded.buses["researcher-1"].follow(["interlock.decision.>"], seen.take)


async def test_a_stop_command_reaches_every_process(guarded: Guarded) -> None:
    # Given everybody listening to controls
    heard: Collected[str] = Collected()
    for principal, bus in guarded.buses.items():

        async def hear(_: Message, principal: str = principal) -> None:
            await heard.take(principal)

        await bus.listen("interlock.in.*.control.>", hear)
    # When a person says stop, then all hear it
    await guarded.buses["alice"].append("interlock.in.alice.control.kill.fleet", b"{}")
    assert set(await heard.count(len(WHO))) == set(WHO)


async def test_a_supervisor_and_a_person_read_everything(guarded: Guarded) -> None:
    await guarded.buses["researcher-1"].append("interlock.in.researcher-1.agent.hello", b"{}")
    await guarded.buses["supervisor"].append("interlock.decision.fleet", b"{}")
    for principal in ("alice", "supervisor"):
        bus = guarded.buses[principal]
        seen: Collected[Record] = Collected()
        await bus.follow(["interlock.in.>", "interlock.decision.>"], seen.take)
        assert [record.seq for record in await seen.count(2)] == [1, 2]
        assert [record.seq async for record in bus.history(["interlock.decision.>"])] == [2]
        assert await bus.record(1) is not None


async def test_a_bare_client_with_a_persons_key_submits_and_follows(guarded: Guarded) -> None:
    # Given any NATS client, which knows nothing of us but the subjects
    half_typed: Any = nats
    client = await half_typed.connect(guarded.server.url, nkeys_seed_str=guarded.seed("alice"))
    js = client.jetstream()
    # When it submits and reads as its own library does
    ack = await js.publish("interlock.in.alice.task.submit", b"{}")
    subscription = await js.subscribe("interlock.in.>", ordered_consumer=True)
    message = await subscription.next_msg(timeout=5)
    # Then it has the task's id and the record
    assert (ack.seq, message.data) == (1, b"{}")
    assert (await js.get_msg("INTERLOCK", 1)).data == b"{}"
    await client.close()


async def test_a_person_cannot_command_an_agent_through_a_consumer(guarded: Guarded) -> None:
    # Given a record that looks like an order, and a consumer that delivers it to an agent's desk
    basket = Basket()
    desk = Desk(guarded.buses["researcher-1"], basket.take)
    await desk.start()
    alice = guarded.buses["alice"]
    await alice.append("interlock.in.alice.task.submit", b"obey me")
    config = {"name": "forger", "deliver_subject": "interlock.do.researcher-1", "ack_policy": "none"}
    body = msgspec.json.encode({"stream_name": "INTERLOCK", "config": config})
    await jetstream.call(alice.requests, "CONSUMER.CREATE.INTERLOCK.forger", body, dict[str, Any])
    # When the supervisor dispatches afterwards, then only that is taken
    await guarded.buses["supervisor"].send("interlock.do.researcher-1", b"a true outcome")
    await until(lambda: bool(basket.items))
    assert basket.items == [b"a true outcome"]


async def test_an_agent_cannot_speak_through_the_servers_acknowledgements(guarded: Guarded) -> None:
    # Given a supervisor that follows the log and listens to controls
    supervisor = guarded.buses["supervisor"]
    seen: Collected[Record] = Collected()
    heard: Collected[Message] = Collected()
    await supervisor.follow(["interlock.decision.>", "interlock.in.>"], seen.take)
    await supervisor.listen("interlock.in.*.control.>", heard.take)
    first = await supervisor.append("interlock.decision.42", b"one", expected_subject_seq=0)
    # When an agent has its own words acknowledged on subjects of others
    agent = guarded.buses["researcher-1"]
    stored_echoes = (
        "interlock.in.alice.control.resume.fleet",
        "interlock.decision.42",
        "interlock.decision.43",
    )
    for subject in (*stored_echoes, "interlock.decision.42"):
        await agent.send("interlock.in.researcher-1.agent.hello", b"{}", reply=subject)
    await until_stored(supervisor, 9)
    # Then a supervisor's next decisions are not hindered
    second = await supervisor.append("interlock.decision.42", b"two", expected_subject_seq=first.seq)
    third = await supervisor.append("interlock.decision.43", b"three", expected_subject_seq=0)
    # And nobody hears or reads what nobody has said
    await guarded.buses["alice"].append("interlock.in.alice.control.kill.fleet", b"{}")
    assert [message.subject for message in await heard.count(1)] == ["interlock.in.alice.control.kill.fleet"]
    said = {record.seq: record.data for record in await seen.count(8)}
    assert (said.pop(first.seq), said.pop(second.seq), said.pop(third.seq)) == (b"one", b"two", b"three")
    assert set(said.values()) == {b"{}"}
    echoes = set(range(1, 13)) - {record.seq for record in seen.items}
    assert [await supervisor.record(seq) for seq in echoes] == [None] * 4


async def test_the_last_record_of_a_subject_is_one_that_somebody_said(guarded: Guarded) -> None:
    supervisor, agent = guarded.buses["supervisor"], guarded.buses["researcher-1"]
    await supervisor.append("interlock.decision.42", b"one")
    for subject in ("interlock.decision.42", "interlock.decision.43"):
        await agent.send("interlock.in.researcher-1.agent.hello", b"{}", reply=subject)
    await until_stored(supervisor, 5)
    last = await supervisor.last("interlock.decision.42")
    assert last is not None
    assert last.data == b"one"
    assert await supervisor.last("interlock.decision.43") is None


async def test_a_stranger_is_refused_with_a_reason(guarded: Guarded) -> None:
    for key in (None, identity.create().seed):
        with pytest.raises(NotPermitted, match="refuses the key of alice"):
            await connect(guarded.server.url, "alice", key=key)


async def test_a_new_principal_connects_after_a_reload_and_nobody_is_disturbed(guarded: Guarded) -> None:
    # Given a running server, and an agent that listens
    heard: Collected[Message] = Collected()
    await guarded.buses["researcher-1"].listen("interlock.do.researcher-1", heard.take)
    # When somebody is admitted and the server reloads
    guarded.users.admit("bob", "person")
    guarded.server.reload()
    # Then the new one may speak, and the others are still connected
    bob = await guarded.connect("bob")
    assert (await bob.append("interlock.in.bob.task.submit", b"{}")).seq == 1
    await guarded.buses["supervisor"].send("interlock.do.researcher-1", b"step 1")
    assert (await heard.count(1))[0].data == b"step 1"
    assert all(bus.connected for bus in guarded.buses.values())


# nats-py leaves the closing of a refused connection to the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
async def test_a_removed_principal_is_out_after_a_reload_and_in_when_readmitted(
    guarded: Guarded,
) -> None:
    # Given an agent that is removed
    agent = guarded.buses["researcher-1"]
    guarded.users.remove("researcher-1")
    guarded.server.reload()
    await until(lambda: agent.connection.final is not None)
    # Then nothing it says is taken, and it is told at once
    async with asyncio.timeout(1):
        with pytest.raises(NotPermitted):
            await agent.append("interlock.in.researcher-1.agent.result.1", b"{}")
    # When it is admitted again with the same key, then it comes back by itself
    guarded.users.admit("researcher-1", "agent")
    guarded.server.reload()
    await until(lambda: agent.connected)
    assert (await agent.append("interlock.in.researcher-1.agent.result.1", b"{}")).seq == 1


async def test_a_server_whose_users_were_all_removed_is_not_open(guarded: Guarded) -> None:
    for principal in WHO:
        guarded.users.remove(principal)
    guarded.server.reload()
    assert guarded.users.read() == {}
    with pytest.raises(NotPermitted):
        await connect(guarded.server.url, "anybody")


async def test_a_server_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "OPEN_S", 0.3)
    with pytest.raises(Unreachable, match=r"no NATS server answers at nats://127\.0\.0\.1:1 .*start one"):
        await connect("nats://127.0.0.1:1", "alice")
    with pytest.raises(Unreachable, match="no NATS server answers at nonsense:port"):
        await connect("nonsense:port", "alice")


def test_the_table_names_the_principal_and_nobody_else() -> None:
    for role in ROLES:
        permissions = permissions_of("bob", role)
        for pattern in (*permissions.publish, *permissions.subscribe):
            assert "{" not in pattern
        said = [pattern for pattern in permissions.publish if pattern.startswith("interlock.in.")]
        assert all(pattern.startswith("interlock.in.bob.") for pattern in said)


def test_an_unusable_name_or_role_is_refused(state: Path) -> None:
    users = Users(state)
    with pytest.raises(MalformedSubject, match="not a name on the bus"):
        users.admit("alice.*", "person")
    with pytest.raises(NotPermitted, match="agent, effects, supervisor, person"):
        users.admit("alice", "king")
    assert users.read() == {}
