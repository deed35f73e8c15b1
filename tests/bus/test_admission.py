"""How connections come in, are cut, come back and stay out, on a server that asks whom to admit."""

# pyright: reportPrivateUsage=false

import asyncio
import ssl
from collections.abc import AsyncIterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.bus.authority import Authority
from tests.bus.conftest import Collected, until
from tests.bus.guarded import SERVICE, Door, Guarded, refusal_of

from interlock.bus import accounts, connection, identity, server, tls
from interlock.bus.credentials import Credentials
from interlock.bus.errors import MalformedKey, NotPermitted, Unreachable
from interlock.bus.identity import read_secret
from interlock.bus.nats_bus import connect, connect_by
from interlock.bus.ports import Message
from interlock.bus.principals import Principal, Principals
from interlock.bus.process import open_bus, read_settings
from interlock.bus.server_keys import ServerKeys
from interlock.bus.stream import ensure_stream

OWN = "interlock.in.researcher-1.agent.hello"

# nats-py leaves the closing of a refused connection to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")


@pytest.fixture
async def guarded(state: Path) -> AsyncIterator[Guarded]:
    made = Guarded(state)
    await made.begin()
    yield made
    await made.end()


# Who comes in.


async def test_a_stranger_is_refused_with_a_reason(guarded: Guarded) -> None:
    for key in (None, identity.create().seed):
        with pytest.raises(NotPermitted, match="refuses the key of alice"):
            await connect(guarded.server.url, "alice", key=key)
    with pytest.raises(NotPermitted, match="refuses the token of alice"):
        await connect(guarded.server.url, "alice", token="guessed")


async def test_a_key_is_good_only_with_its_secret(guarded: Guarded) -> None:
    # Given somebody who knows alice's public key, and has a key of their own
    thief = identity.create()
    thief.public_key = identity.Identity(guarded.seed("alice")).public_key
    credentials = Credentials(thief.seed)
    credentials.identity = lambda: thief  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue] - a thief
    with pytest.raises(NotPermitted):
        await connect_by(credentials, guarded.server.url, "alice")


async def test_an_access_token_is_shown_to_who_admits(guarded: Guarded) -> None:
    guarded.door.tokens["ey-alice"] = "alice"
    bus = await guarded.connect("alice", key=None, token="ey-alice")
    assert (await bus.append("interlock.in.alice.task.submit", b"{}")).seq == 1


async def test_who_speaks_under_a_name_that_is_not_its_own_is_told_so(guarded: Guarded) -> None:
    guarded.door.tokens["ey-alice"] = "alice"
    with pytest.raises(NotPermitted, match="the token is not bob's; speak under the name that it gives"):
        await connect(guarded.server.url, "bob", token="ey-alice")
    with pytest.raises(NotPermitted, match="the key is not bob's"):
        await connect(guarded.server.url, "bob", key=guarded.seed("alice"))


async def test_whose_token_has_ended_is_told_that_whatever_it_asks(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given somebody who is in with a token, until it ends
    monkeypatch.setattr(connection, "LONGEST_RETRY_S", 0.2)
    guarded.door.tokens["ey-alice"] = "alice"
    bus = await guarded.connect("alice", key=None, token="ey-alice")
    guarded.door.tokens.clear()
    await guarded.door.kick("alice")
    await until(lambda: bus.connection.final is not None)
    # Then it is not the log that is forbidden
    with pytest.raises(NotPermitted, match="refuses the token of alice; check that it has not ended"):
        await bus.last_seq()


async def test_nobody_comes_in_while_nobody_admits(guarded: Guarded) -> None:
    await guarded.door.close()
    with pytest.raises(NotPermitted):
        await connect(guarded.server.url, "alice", key=guarded.seed("alice"))


async def test_who_starts_waits_for_whoever_admits(guarded: Guarded) -> None:
    # Given nobody who admits, and a process that starts
    await guarded.door.close()
    starting = asyncio.create_task(
        connect_by(
            Credentials(guarded.seed("researcher-1")), guarded.server.url, "researcher-1", patience_s=10
        )
    )
    # When somebody is there after the server has refused once
    await until(lambda: "Authorization Violation" in logged(guarded) or "authentication" in logged(guarded))
    await guarded.door.open(guarded.server.url)
    # Then the process is in
    bus = await starting
    assert (await bus.append(OWN, b"{}")).seq == 1
    await bus.close()


async def test_the_wait_of_who_starts_has_an_end(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "LONGEST_RETRY_S", 0.2)
    started_s = asyncio.get_running_loop().time()
    with pytest.raises(NotPermitted, match="refuses the key of researcher-1"):
        await connect_by(
            Credentials(identity.create().seed), guarded.server.url, "researcher-1", patience_s=0.7
        )
    assert asyncio.get_running_loop().time() - started_s >= 0.7
    assert len(guarded.door.questions) > len(guarded.buses)


def logged(guarded: Guarded) -> str:
    return (guarded.state / "nats-server.log").read_text()


# Who is cut, and comes back or not.


async def test_who_is_revoked_and_cut_stays_out_and_is_told_at_once(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an agent that listens, is revoked and cut
    monkeypatch.setattr(connection, "LONGEST_RETRY_S", 0.2)
    agent = guarded.buses["researcher-1"]
    heard: Collected[Message] = Collected()
    await agent.listen("interlock.do.researcher-1", heard.take)
    guarded.principals.revoke("researcher-1")
    assert await guarded.door.kick("researcher-1") == 1
    await until(lambda: agent.connection.final is not None)
    # Then nothing it says is taken, and it knows that
    async with asyncio.timeout(1):
        with pytest.raises(NotPermitted):
            await agent.append(OWN, b"{}")
    # When it is admitted again, then it comes back by itself, by the key that it finds, and hears again
    guarded.principals.enrol(
        "researcher-1",
        msgspec.structs.replace(guarded.principals.read()["researcher-1"], revoked_ms=0),
    )
    await until(lambda: agent.connected)
    assert (await agent.append(OWN, b"{}")).seq == 1
    await guarded.buses["supervisor-1"].send("interlock.do.researcher-1", b"step 1")
    assert (await heard.count(1))[0].data == b"step 1"


async def test_who_is_refused_tries_seldomer_each_time(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an agent that is cut and refused
    monkeypatch.setattr(connection, "LONGEST_RETRY_S", 0.2)
    await guarded.buses["researcher-1"].close()
    agent = await guarded.connect("researcher-1", retry_s=0.05)
    guarded.principals.revoke("researcher-1")
    asked = len(guarded.door.asked_s)
    await guarded.door.kick("researcher-1")
    # Then each pause is twice the one before, up to the longest
    await until(lambda: len(guarded.door.asked_s) >= asked + 5)
    times_s = guarded.door.asked_s[asked : asked + 5]
    pauses_s = [after - before for before, after in pairwise(times_s)]
    assert all(pause_s >= least_s for pause_s, least_s in zip(pauses_s, (0.1, 0.2, 0.2, 0.2), strict=True))
    # And when it is back, it begins anew
    guarded.principals.enrol(
        "researcher-1", msgspec.structs.replace(guarded.principals.read()["researcher-1"], revoked_ms=0)
    )
    await until(lambda: agent.connected)
    assert agent.connection._client.options["reconnect_time_wait"] == 0.05


async def test_a_ticket_that_ends_is_renewed_without_a_word(guarded: Guarded) -> None:
    # Given an agent whose ticket is good for a second
    guarded.door.lasts_s = 1
    agent = await guarded.connect("researcher-1")
    heard: Collected[Message] = Collected()
    await agent.listen("interlock.do.researcher-1", heard.take)
    losses: list[str] = []
    agent.connection.watchers.add(Watching(losses))
    guarded.door.lasts_s = 3600
    # When it has ended, then the agent is back, was never refused, and hears
    await until(lambda: "restored" in losses)
    assert not agent.connection._refusal.done()
    assert (await agent.append(OWN, b"{}")).seq == 1
    await guarded.buses["supervisor-1"].send("interlock.do.researcher-1", b"step 1")
    await heard.count(1)
    assert losses == ["lost", "restored"]


class Watching:
    """Notes what happens to a connection."""

    def __init__(self, events: list[str]) -> None:
        self.events = events

    def lost(self) -> None:
        self.events.append("lost")

    def restored(self) -> None:
        self.events.append("restored")

    def refused(self, subject: str) -> None:
        self.events.append(f"refused {subject}")


async def test_what_may_be_lost_is_sent_before_everybody_knows_of_the_connection(guarded: Guarded) -> None:
    # Given a connection that stands, whose watchers were not told yet
    heard: Collected[Message] = Collected()
    await guarded.buses["alice"].listen("interlock.beat.*", heard.take)
    agent = guarded.buses["researcher-1"]
    agent.connection._up.clear()
    # Then what is sent goes out: who answers the server's questions must not miss one
    agent.send_soon("interlock.beat.researcher-1", b"")
    assert [message.subject for message in await heard.count(1)] == ["interlock.beat.researcher-1"]
    agent.connection._up.set()


async def test_a_key_is_rotated_without_a_pause(guarded: Guarded) -> None:
    # Given an agent that reads its key from the file, as processes do
    key_file = guarded.principals.key_file("researcher-1")
    old = identity.load(key_file)
    agent = await guarded.connect("researcher-1", key=partial(read_secret, key_file))
    # When the key is rotated, then the old one is still good
    guarded.principals.rotate("researcher-1")
    late = await connect(guarded.server.url, "researcher-1", key=old.seed)
    await late.close()
    # When the connection is made anew, and the old key retired, then the new one was used
    new = identity.load(key_file).public_key
    await guarded.door.kick("researcher-1")
    await until(lambda: new in {question.public_key for question in guarded.door.questions})
    guarded.principals.retire("researcher-1")
    await until(lambda: agent.connected)
    assert (await agent.append(OWN, b"{}")).seq == 1
    with pytest.raises(NotPermitted):
        await connect(guarded.server.url, "researcher-1", key=old.seed)


async def test_a_key_file_that_is_gone_is_no_end(guarded: Guarded) -> None:
    key_file = guarded.principals.key_file("researcher-1")
    agent = await guarded.connect("researcher-1", key=partial(read_secret, key_file))
    key_file.unlink()
    asked = len(guarded.door.questions)
    await guarded.door.kick("researcher-1")
    await until(lambda: len(guarded.door.questions) > asked and agent.connected)
    with pytest.raises(MalformedKey, match="cannot be read"):
        await connect(guarded.server.url, "researcher-1", key=partial(read_secret, key_file))


async def test_a_server_whose_principals_were_all_revoked_is_not_open(guarded: Guarded) -> None:
    for principal in guarded.principals.read():
        guarded.principals.revoke(principal)
    await guarded.door.close()
    guarded.server.restart()
    with pytest.raises(NotPermitted):
        await connect(guarded.server.url, "anybody")


# Accounts.


async def test_nothing_crosses_from_one_environment_to_another(state: Path) -> None:
    # Given two environments on one server, each with its log
    principals = Principals(state)
    principals.admit("sam", ["submitter"], environment="staging")
    principals.admit("supervisor-2", ["supervisor"], environment="staging")
    guarded = Guarded(state)
    await guarded.begin()
    sam, there = await guarded.connect("sam"), await guarded.connect("supervisor-2")
    await ensure_stream(there)
    # When somebody speaks in one of them
    heard: Collected[Message] = Collected()
    await guarded.buses["alice"].listen("interlock.in.>", heard.take)
    await sam.append("interlock.in.sam.task.submit", b"{}")
    await guarded.buses["alice"].append("interlock.in.alice.task.submit", b"{}")
    # Then nobody in the other hears or reads it
    assert [message.subject for message in await heard.count(1)] == ["interlock.in.alice.task.submit"]
    for bus, speaker in ((guarded.buses["alice"], "alice"), (sam, "sam"), (there, "sam")):
        records = [record.subject async for record in bus.history([])]
        assert records == [f"interlock.in.{speaker}.task.submit"]
    # And one access service serves both
    keys = ServerKeys(state)
    service = await connect(guarded.server.url, SERVICE, key=keys.access(SERVICE, "staging").seed)
    await service.append(f"interlock.in.{SERVICE}.access.hello", b"{}")
    assert await there.last_seq() == 2
    await service.close()
    await guarded.end()


async def test_a_new_environment_comes_with_a_restart(guarded: Guarded) -> None:
    guarded.principals.admit("sam", ["submitter"], environment="staging")
    guarded.principals.admit("supervisor-2", ["supervisor"], environment="staging")
    with pytest.raises(NotPermitted):
        await guarded.connect("sam")
    guarded.server.restart()
    sam = await connect_by(Credentials(guarded.seed("sam")), guarded.server.url, "sam", patience_s=10)
    await ensure_stream(await guarded.connect("supervisor-2"))
    assert (await sam.append("interlock.in.sam.task.submit", b"{}")).seq == 1
    await sam.close()


async def test_the_account_of_the_server_is_for_access_services_and_narrow(guarded: Guarded) -> None:
    system = guarded.door.bus
    for subject in (
        "$SYS.REQ.SERVER.PING.VARZ",
        f"$SYS.REQ.ACCOUNT.{accounts.account('development')}.CLAIMS",
    ):
        assert "may not publish" in await refusal_of(system, subject, b"")
    heard: Collected[Message] = Collected()
    for subject in ("$SYS.>", "$SYS.REQ.SERVER.*.KICK", "_INBOX_alice.>"):
        with pytest.raises(NotPermitted):
            await system.listen(subject, heard.take)
    # And nobody else is asked whom to admit
    for bus in guarded.buses.values():
        with pytest.raises(NotPermitted):
            await bus.listen(accounts.ASKED_ON, heard.take)


async def test_what_an_open_server_has_logged_is_there_when_it_is_no_longer_open(state: Path) -> None:
    # Given a record of an open server
    running = server.start(state)
    bus = await connect(running.url, "anybody")
    await ensure_stream(bus)
    await bus.append("interlock.in.anybody.task.submit", b"{}")
    await bus.close()
    running.stop()
    # When it is started again with principals
    guarded = Guarded(state)
    await guarded.begin()
    # Then it is in the log
    records = [record.subject async for record in guarded.buses["alice"].history([])]
    assert records == ["interlock.in.anybody.task.submit"]
    await guarded.end()


async def test_of_those_who_listen_under_one_name_one_is_told(guarded: Guarded) -> None:
    heard: Collected[str] = Collected()
    for _ in range(3):
        bus = await guarded.connect("guard-1")

        async def hear(message: Message) -> None:
            await heard.take(message.data.decode())

        await bus.listen("interlock.in.*.control.>", hear, queue="guards")
    for number in range(10):
        await guarded.buses["alice"].append("interlock.in.alice.control.pause.fleet", b"%d" % number)
    assert sorted(await heard.count(10)) == [str(number) for number in range(10)]


# TLS.


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


class Encrypted:
    """A server that encrypts, and asks whom to admit."""

    def __init__(self, state: Path, folder: Path, *, verify: bool) -> None:
        self.folder = folder
        self.principals = Principals(state)
        self.principals.admit(SERVICE, ["access"])
        self.principals.admit("alice", ["admin"])
        self.principals.enrol("effects-9", Principal(roles=("effects",), certificate="interlock:effects-9"))
        self.server = server.start(state, tls=tls.ServerTls(folder, verify=verify))
        self.door = Door(self.principals, ServerKeys(state))
        self.alice = identity.load(self.principals.key_file("alice")).seed

    async def begin(self) -> None:
        await self.door.open(self.server.url, tls=tls.client_context(self.folder))


@pytest.fixture(params=[False, True], ids=["server", "both"])
def verify(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
async def encrypted(state: Path, authority: Authority, verify: bool) -> AsyncIterator[Encrypted]:
    made = Encrypted(state, authority.folder("interlock:effects-9"), verify=verify)
    await made.begin()
    yield made
    await made.door.close()
    made.server.stop()


async def test_a_connection_is_encrypted_or_there_is_none(
    encrypted: Encrypted, authority: Authority, verify: bool
) -> None:
    url = encrypted.server.url
    bus = await connect(url, "alice", key=encrypted.alice, tls=tls.client_context(encrypted.folder))
    transport: Any = bus.connection._client._transport
    assert isinstance(transport._io_writer.get_extra_info("ssl_object"), ssl.SSLObject)
    await bus.close()
    # Who has a key and no certificate comes in only where none is asked for
    bare = tls.client_context(authority.folder())
    if verify:
        with pytest.raises(Unreachable):
            await connect(url, "alice", key=encrypted.alice, tls=bare)
    else:
        await (await connect(url, "alice", key=encrypted.alice, tls=bare)).close()


async def test_a_server_that_nobody_vouches_for_is_not_believed(
    encrypted: Encrypted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "OPEN_S", 0.5)
    stranger = Authority(tmp_path)
    with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
        await connect(
            encrypted.server.url, "alice", key=encrypted.alice, tls=tls.client_context(stranger.folder())
        )


@pytest.mark.parametrize("verify", [True], indirect=True)
async def test_a_machine_proves_itself_by_its_certificate(encrypted: Encrypted, verify: bool) -> None:
    assert verify
    bus = await connect(encrypted.server.url, "effects-9", tls=tls.client_context(encrypted.folder))
    await bus.send("interlock.beat.effects-9", b"")
    question = encrypted.door.questions[-1]
    assert question.certificate == (encrypted.folder / "certificate.pem").read_text()
    assert question.public_key == ""
    await bus.close()


async def test_who_shall_encrypt_does_not_speak_to_a_server_that_does_not(
    guarded: Guarded, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "OPEN_S", 0.5)
    context = tls.client_context(authority.folder())
    with pytest.raises(Unreachable, match="does not encrypt"):
        await connect(guarded.server.url, "alice", key=guarded.seed("alice"), tls=context)
    assert all(question.connection != "alice" for question in guarded.door.questions[len(guarded.buses) :])


@pytest.mark.parametrize("name", ["ca.pem", "server.pem", "server-key.pem", "key.pem"])
def test_a_file_for_tls_that_cannot_be_used_is_named(authority: Authority, name: str) -> None:
    folder = authority.folder("interlock:effects-9")
    (folder / name).unlink()
    with pytest.raises(MalformedKey, match=rf"{name} cannot be read"):
        use_both(folder)


@pytest.mark.parametrize("name", ["server-key.pem", "key.pem"])
def test_a_key_for_tls_that_others_may_read_is_refused(authority: Authority, name: str) -> None:
    folder = authority.folder("interlock:effects-9")
    (folder / name).chmod(0o640)
    with pytest.raises(MalformedKey, match="chmod 600"):
        use_both(folder)


def use_both(folder: Path) -> None:
    tls.client_context(folder)
    tls.ServerTls(folder, verify=True).block()


# Processes.


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.touch(mode=0o600)
    path.write_text("ey-1\n")
    return path


async def test_a_process_connects_as_its_environment_says(guarded: Guarded, token_file: Path) -> None:
    # Given a process with a token, which is renewed in its file
    guarded.door.tokens |= {"ey-1": "effects-1", "ey-2": "effects-1"}
    settings = read_settings(
        {
            "INTERLOCK_URL": guarded.server.url,
            "INTERLOCK_PRINCIPAL": "effects-1",
            "INTERLOCK_TOKEN_FILE": str(token_file),
        }
    )
    bus = await open_bus(settings)
    assert guarded.door.questions[-1].token == "ey-1"
    await asyncio.to_thread(token_file.write_text, "ey-2")
    # When it has to connect anew, then with the new one
    asked = len(guarded.door.questions)
    await guarded.door.kick("effects-1")
    await until(lambda: "ey-2" in {question.token for question in guarded.door.questions[asked:]})
    await bus.close()


async def test_a_process_without_a_usable_key_says_so(guarded: Guarded, tmp_path: Path) -> None:
    settings = read_settings(
        {"INTERLOCK_URL": guarded.server.url, "INTERLOCK_KEY_FILE": str(tmp_path / "none")},
        principal="effects-1",
    )
    with pytest.raises(MalformedKey, match="none cannot be read"):
        await open_bus(settings)


def test_the_environment_names_the_folder_for_tls() -> None:
    assert read_settings({"INTERLOCK_TLS": "/etc/x"}, principal="a").tls == Path("/etc/x")
    assert read_settings({}, principal="a").tls is None
