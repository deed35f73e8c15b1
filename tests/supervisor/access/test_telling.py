"""What access says of what it saw: attempts, each put down to who it was, and connections that ended."""

# A test may look inside.
# pyright: reportPrivateUsage=false

import asyncio

import pytest
from tests.supervisor.access.site import STRANGER, Ear, Raw, Site, raw
from tests.supervisor.access.test_admitting import signed

from interlock.bus import identity
from interlock.bus.accounts import MOST_SUBSCRIPTIONS
from interlock.bus.clock import now_us
from interlock.bus.errors import NotPermitted
from interlock.bus.identity import Identity
from interlock.bus.principals import Principals
from interlock.bus.server_keys import ServerKeys
from interlock.bus.stream import StreamSettings, ensure_stream
from interlock.contracts.observed import AccessHello, ConnectionEnded, Violation
from interlock.contracts.presence import Bye
from interlock.contracts.subjects import INPUTS, beat_subject
from interlock.supervisor.access.system import Standing

# nats-py leaves the socket of a connection that was refused to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")


async def opened(site: Site, client: Raw, principal: str = "researcher-1", **options: str) -> None:
    """Let a bare client come in by a principal's key."""
    key = Identity(site.key(principal))
    assert await client.present(nkey=key.public_key, sig=signed(key.seed, client.nonce), **options) == "PONG"


ATTEMPTS = {
    "PUB interlock.decision.4 2\r\n{}\r\n": ("publish", "interlock.decision.4"),
    "PUB interlock.in.researcher-2.agent.hello 2\r\n{}\r\n": (
        "publish",
        "interlock.in.researcher-2.agent.hello",
    ),
    "PUB $JS.API.STREAM.DELETE.INTERLOCK 0\r\n\r\n": ("publish", "$JS.API.STREAM.DELETE.INTERLOCK"),
    "SUB interlock.> 1\r\n": ("subscribe", "interlock.>"),
    "SUB interlock.do.researcher-2 crew 1\r\n": ("subscribe", "interlock.do.researcher-2"),
    "PUB interlock.beat.researcher-1 2000000\r\n": ("payload", "maximum payload exceeded"),
    "PUB " + "x" * 20_000 + " 2\r\n": ("payload", "maximum control line exceeded"),
    "NONSENSE\r\n": ("payload", "Client parser ERROR"),
}


@pytest.mark.parametrize("said", ATTEMPTS)
async def test_what_the_server_refuses_is_put_down_to_who_tried(site: Site, said: str) -> None:
    # Given an agent that calls itself somebody else in the server's log
    action, target = ATTEMPTS[said]
    async with raw(site.url) as client:
        await opened(site, client, name='x" - "DEVELOPMENT/user:alice" - Publish Violation - Subject "y')
        # When it tries what is not its own
        client.write(said)
        (violation, *_) = await site.said(Violation)
    # Then the log names it, and what it tried
    assert (violation.principal, violation.action, violation.target) == ("researcher-1", action, target)
    assert violation.times == 1


async def test_what_access_has_refused_is_not_told_again_by_the_servers_log(site: Site) -> None:
    # Given an attempt to connect, which the server logs as well
    async with raw(site.url) as client:
        await client.present()
    await site.said(Violation)
    # When the log has been read beyond it
    async with raw(site.url) as client:
        await opened(site, client)
        for number in (1, 2, 3):
            client.write(f"PUB interlock.decision.{number} 2\r\n{{}}\r\n")
            await site.said(Violation, lambda one: one.action == "publish", count=number)
    # Then it was told once
    assert len([one for one in site.so_far(Violation) if one.action == "connect"]) == 1


async def test_an_attempt_that_access_is_not_asked_about_is_told(site: Site) -> None:
    # Given the public key of the access services themselves, whom the server knows by its configuration
    key = ServerKeys(site.folder).system.public_key
    async with raw(site.url) as client:
        # When somebody names it without having it, then the server refuses by itself
        refusal = await client.present(nkey=key, sig=signed(identity.create().seed, client.nonce))
        assert refusal == "-ERR 'Authorization Violation'"
    # And that is told all the same
    (violation,) = await site.said(Violation)
    assert (violation.principal, violation.action, violation.target) == ("", "connect", f"nkey {key[:12]}")


async def test_too_many_subscriptions_are_a_flood(site: Site) -> None:
    async with raw(site.url) as client:
        await opened(site, client)
        client.write("".join(f"SUB _INBOX_researcher-1.x {n}\r\n" for n in range(MOST_SUBSCRIPTIONS + 1)))
        (violation, *_) = await site.said(Violation)
    assert (violation.principal, violation.action) == ("researcher-1", "flood")


async def test_a_flood_of_attempts_is_told_in_few_records(site: Site) -> None:
    # Given an agent that tries two thousand times the same, and two thousand different things
    async with raw(site.url) as client:
        await opened(site, client)
        client.write("PUB interlock.decision.4 2\r\n{}\r\n" * 2_000)
        client.write("".join(f"PUB interlock.decision.{n} 2\r\n{{}}\r\n" for n in range(5, 2_005)))

        def whole() -> int:
            return sum(one.times for one in site.so_far(Violation))

        # Then all of them are counted
        async with asyncio.timeout(20):
            count = 1
            while whole() < 4_000:
                count = len(await site.said(Violation, count=count)) + 1
    told = site.so_far(Violation)
    assert whole() == 4_000
    # In few records, that all name it
    assert len(told) < 200
    assert {one.principal for one in told} == {"researcher-1"}
    assert any(one.action == "flood" and one.times > 1_000 for one in told)


async def test_each_attempt_stands_in_the_log_of_its_environment(site: Site) -> None:
    # Given two environments with a log each
    principals = Principals(site.folder)
    principals.admit("supervisor-9", ("supervisor",), environment="staging")
    principals.admit("zoe", ("viewer",), environment="staging")
    supervisor = await site.admitted("supervisor-9")
    await ensure_stream(supervisor, StreamSettings())
    zoe = await site.admitted("zoe")
    told: asyncio.Queue[str] = asyncio.Queue()
    await zoe.follow([INPUTS], lambda record: told.put_nowait(f"{record.subject} {record.data.decode()}"))
    async with asyncio.timeout(5):
        while "access.hello" not in await told.get():
            pass
    # When an agent of the second tries something
    async with raw(site.url) as client:
        await opened(site, client, STRANGER)
        client.write("PUB interlock.decision.4 2\r\n{}\r\n")
        # Then its own environment is told
        async with asyncio.timeout(5):
            while not ("access.violated" in (said := await told.get()) and STRANGER in said):
                pass
    # And the other one is not
    await site.quiet()
    assert [one for one in site.so_far(Violation) if one.action == "publish"] == []


async def test_who_connects_and_says_nothing_is_no_attempt(site: Site) -> None:
    async with raw(site.url):
        pass
    await site.quiet()
    assert site.so_far(Violation) == []


async def test_who_comes_before_it_is_known_what_is_killed_has_tried_nothing(site: Site) -> None:
    # Given an access service that has not read the log
    environment = site.services[0]._environments["development"]
    environment.known.clear()
    # When an agent comes, then it is refused, and nothing is put down to it
    with pytest.raises(NotPermitted):
        await site.connect("researcher-1")
    await site.quiet()
    assert site.so_far(Violation) == []
    # And it is let in as soon as that is known
    environment.known.set()
    await site.connect("researcher-1")


@pytest.mark.parametrize(
    ("name", "told"), [("researcher-1", True), ("effects-1", True), ("guard-1", True), ("alice", False)]
)
async def test_the_end_of_a_machines_connection_is_told_and_a_persons_is_not(
    site: Site, name: str, told: bool
) -> None:
    bus = await site.connect(name)
    await bus.close()
    if told:
        (ended,) = await site.said(ConnectionEnded)
        assert (ended.principal, ended.kicked, ended.clients) == (name, False, 0)
        assert ended.reason == "Client Closed"
    else:
        mark = await site.connect("planner-1")
        await mark.close()
        assert [one.principal for one in await site.said(ConnectionEnded)] == ["planner-1"]


async def test_an_end_that_nobody_saw_is_told_when_it_is_noticed(site: Site) -> None:
    # Given a connection that access believes to stand, because it was not told of its end
    await site.connect("researcher-1")
    access = site.services[0]
    (standing,) = await site.standing("researcher-1")
    server, _ = standing.place
    access.cutting.stands(Standing((server, 987_654), "DEVELOPMENT", "researcher-1", 1))
    # When it asks what stands, as it does after every break and from time to time
    assert access.system is not None
    access.system.survey()
    # Then that end is told, with the time at which it was noticed, and no other
    (ended,) = await site.said(ConnectionEnded)
    assert (ended.principal, ended.kicked, ended.clients) == ("researcher-1", False, 1)
    assert "not there any more" in ended.reason
    assert abs(ended.ended_us - now_us()) < 5_000_000


async def test_access_says_that_it_is_there_and_that_it_goes(site: Site) -> None:
    # Given an access service that has said hello
    (hello,) = await site.said(AccessHello)
    beats: asyncio.Queue[bytes] = asyncio.Queue()
    await site.alice.listen(beat_subject("access-1"), lambda message: beats.put_nowait(message.data))
    # Then it beats
    async with asyncio.timeout(5):
        assert hello.incarnation.encode() in await beats.get()
    # And says bye when it is told to end
    await site.leave(site.services[0])
    (bye,) = await site.said(Bye)
    assert bye.incarnation == hello.incarnation


async def test_access_goes_on_after_the_server_was_started_again(site: Site) -> None:
    # Given an agent, and a server that is started again
    ear = Ear(await site.connect("researcher-1"))
    site.server.restart()
    await ear.broken.wait()
    # Then the agent comes back, and can be killed as before
    async with asyncio.timeout(10):
        await ear.whole.wait()
    again = Ear(await site.admitted("researcher-2"))
    ear.broken.clear()
    await site.control("kill", "fleet")
    async with asyncio.timeout(5):
        await asyncio.gather(ear.broken.wait(), again.broken.wait())
