"""Who gets in: a real server asks a real access service, and clients try what they can."""

import asyncio
import base64

import pytest
from tests.supervisor.access.site import STRANGER, Ear, Site, raw

from interlock.bus import identity
from interlock.bus.errors import NotPermitted, Unreachable
from interlock.bus.identity import Identity
from interlock.bus.principals import Key, Principal
from interlock.bus.stream import ensure_stream
from interlock.contracts.message import decode
from interlock.contracts.observed import Entitlement, Violation
from interlock.contracts.subjects import INPUTS, input_subject

# nats-py leaves the socket of a connection that was refused to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

REFUSED = "-ERR 'Authorization Violation'"


def signed(seed: str, nonce: str) -> str:
    return base64.b64encode(Identity(seed).sign(nonce.encode())).decode()


async def test_everybody_of_the_directory_gets_in_and_may_what_its_role_may(site: Site) -> None:
    # Given an agent that is connected
    agent = await site.connect("researcher-1")
    # When it says what is its own, then that is stored
    await agent.append(input_subject("researcher-1", "agent", "failed", 4), b"{}")
    # And nothing else
    with pytest.raises(NotPermitted):
        await agent.append("interlock.decision.4", b"{}")
    with pytest.raises(NotPermitted):
        await agent.append(input_subject("researcher-2", "agent", "failed", 4), b"{}")
    with pytest.raises(NotPermitted):
        await agent.listen("interlock.do.researcher-2", lambda _: None)


async def test_an_agent_that_comes_while_the_log_is_made_is_kept_waiting_for_it(bare: Site) -> None:
    # Given an environment without a log, where nothing can be recorded, and an agent that comes
    await bare.serve()
    supervisor = await bare.connect("supervisor-1")
    agent = asyncio.create_task(bare.connect("researcher-1"))
    await bare.connect("supervisor-1")
    assert not agent.done()
    # When the log is there, then the agent is let in, without having been refused
    await ensure_stream(supervisor)
    assert (await agent).connected


async def test_a_program_without_a_credential_gets_nothing(site: Site) -> None:
    async with raw(site.url) as client:
        assert await client.present() == REFUSED
        assert await client.line() == ""
    (violation,) = await site.said(Violation)
    assert (violation.principal, violation.action, violation.target) == ("", "connect", "no credential")


async def test_a_key_that_nobody_has_opens_nothing_and_is_named_in_part(site: Site) -> None:
    stranger = identity.create()
    with pytest.raises(NotPermitted):
        await site.connect("researcher-1", key=stranger.seed)
    (violation,) = await site.said(Violation)
    assert violation.principal == ""
    assert violation.target == f"nkey {stranger.public_key[:12]}"
    assert stranger.public_key not in repr(violation)


async def test_a_public_key_without_its_seed_opens_nothing(site: Site) -> None:
    # Given alice's public key, which is no secret, and another key's signature
    alice, thief = Identity(site.key("alice")), identity.create()
    async with raw(site.url) as client:
        # When somebody names it and signs with what it has
        assert await client.present(nkey=alice.public_key, sig=signed(thief.seed, client.nonce)) == REFUSED
    async with raw(site.url) as client:
        # Or with no signature at all
        assert await client.present(nkey=alice.public_key) == REFUSED
    # Then that is recorded, and not put down to alice
    (violation, *_) = await site.said(Violation)
    assert violation.principal == ""
    assert "alice" in violation.detail


async def test_a_signature_is_good_for_one_connection(site: Site) -> None:
    # Given what alice signed for one connection, seen by somebody
    alice = Identity(site.key("alice"))
    async with raw(site.url) as client:
        seen = signed(alice.seed, client.nonce)
        assert await client.present(nkey=alice.public_key, sig=seen) == "PONG"
    # When it is shown again, then it proves nothing
    async with raw(site.url) as client:
        assert await client.present(nkey=alice.public_key, sig=seen) == REFUSED


async def test_a_name_that_a_client_gives_itself_means_nothing(site: Site) -> None:
    # Given an agent that calls itself alice
    agent = Identity(site.key("researcher-1"))
    async with raw(site.url) as client:
        said = await client.present(
            name="alice", user="alice", nkey=agent.public_key, sig=signed(agent.seed, client.nonce)
        )
        assert said == "PONG"
        # When it speaks as alice, then the server refuses, and the agent is named
        client.write("PUB interlock.in.alice.control.kill.fleet 2\r\n{}\r\nPING\r\n")
        assert "Permissions Violation" in await client.line()
    (violation,) = await site.said(Violation)
    assert (violation.principal, violation.action) == ("researcher-1", "publish")


async def test_environments_do_not_see_each_other(site: Site) -> None:
    # Given an effect worker of another environment
    stranger = await site.connect(STRANGER)
    heard: list[bytes] = []
    await stranger.listen(f"interlock.do.{STRANGER}", lambda message: heard.append(message.data))
    # When the supervisor of this one sends to its name
    await site.supervisor.send(f"interlock.do.{STRANGER}", b"from development")
    await site.supervisor.last_seq()
    await stranger.listen("interlock.lead.*", lambda _: None)
    # Then nothing arrives, and what it says is not in this log
    assert heard == []
    with pytest.raises(Unreachable, match="no log takes"):
        await stranger.append(input_subject(STRANGER, "effect", "failed", 4), b"{}")
    assert await site.alice.last(f"interlock.in.{STRANGER}.>") is None
    assert [record async for record in site.alice.history([INPUTS]) if STRANGER in record.subject] == []


async def test_a_revoked_principal_is_cut_off_and_stays_out(site: Site) -> None:
    # Given an agent that is connected
    ear = Ear(await site.connect("researcher-1"))
    other = Ear(await site.connect("researcher-2"))
    # When it is revoked, then its connection ends
    site.principals.revoke("researcher-1")
    async with asyncio.timeout(5):
        await ear.broken.wait()
    # And it does not come back, while others stay
    with pytest.raises(NotPermitted):
        await site.connect("researcher-1")
    await site.said(Violation, lambda one: one.principal == "researcher-1" and "revoked" in one.detail)
    assert other.breaks == 0


async def test_a_key_is_rotated_without_a_break(site: Site) -> None:
    # Given an agent with its old key, and a new one beside it
    old = site.key("researcher-1")
    before = await site.connect("researcher-1")
    ear = Ear(before)
    site.principals.rotate("researcher-1")
    new = site.key("researcher-1")
    assert old != new
    # Then both are good
    after = Ear(await site.admitted("researcher-1"))
    assert ear.breaks == 0
    # When the old one is retired, then only who came with it is cut off
    site.principals.retire("researcher-1")
    async with asyncio.timeout(5):
        await ear.broken.wait()
    with pytest.raises(NotPermitted):
        await site.connect("researcher-1", key=old)
    await site.connect("researcher-1", key=new)
    assert after.breaks == 0


async def test_who_may_do_something_else_comes_again(site: Site) -> None:
    # Given somebody who may only look
    carol = identity.create()
    site.principals.enrol("carol", Principal(roles=("viewer",), keys=(Key(carol.public_key, 0),)))
    bus = await site.admitted("carol", carol.seed)
    ear = Ear(bus)
    with pytest.raises(NotPermitted):
        await bus.append(input_subject("carol", "task", "submit"), b"{}")
    # When she is given another role
    site.principals.enrol("carol", Principal(roles=("submitter",), keys=(Key(carol.public_key, 0),)))
    # Then her connection ends, and the next one may more
    async with asyncio.timeout(5):
        await ear.broken.wait()
        await ear.whole.wait()
    await bus.append(input_subject("carol", "task", "submit"), b"{}")


async def test_a_directory_that_cannot_be_read_changes_nothing(site: Site) -> None:
    ear = Ear(await site.connect("researcher-1"))
    whole = site.principals.file.read_bytes()
    site.principals.file.write_bytes(b"{")
    # When somebody comes all the same, then who was known is known
    await site.connect("researcher-2")
    site.principals.file.write_bytes(whole)
    await site.connect("researcher-2")
    assert ear.breaks == 0


async def test_an_agent_waits_for_the_log_that_says_which_charter_it_may_have(bare: Site) -> None:
    # Given an environment whose log is not there yet
    await bare.serve()
    with pytest.raises(NotPermitted):
        await bare.connect("researcher-1")
    # When the supervisor has made it
    supervisor = await bare.connect("supervisor-1")
    await ensure_stream(supervisor)
    # Then the agent is let in, behind the record of what it may be
    await bare.connect("researcher-1")
    record = await supervisor.last("interlock.in.*.access.entitled.researcher-1")
    assert record is not None
    assert decode(Entitlement, record.data).roles == ("researcher",)
