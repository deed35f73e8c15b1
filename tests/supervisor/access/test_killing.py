"""A kill cuts agents off at once, keeps them out, and needs nobody who decides."""

import asyncio

import pytest
from tests.supervisor.access.site import Ear, Site

from interlock.bus.clock import now_ms
from interlock.bus.errors import LogFull, NotPermitted
from interlock.bus.stream import StreamSettings, ensure_stream
from interlock.contracts.charter import Charter
from interlock.contracts.facts import AgentCondemned, AgentJoined, FleetSwitched, Switched
from interlock.contracts.observed import ConnectionEnded, Violation
from interlock.contracts.scope import Scope

# nats-py leaves the socket of a connection that was refused to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

AGENT = Scope(kind="agent", name="researcher-1")


async def broken(*ears: Ear) -> None:
    async with asyncio.timeout(5):
        for ear in ears:
            await ear.broken.wait()


async def test_a_killed_agent_is_cut_off_and_stays_out_until_it_is_decided_otherwise(site: Site) -> None:
    # Given two agents and a person, and no supervisor that decides anything
    one, other = Ear(await site.connect("researcher-1")), Ear(await site.connect("researcher-2"))
    # When one is killed, then it is cut off, and cannot come back
    kill = await site.control("kill", "agent", "researcher-1")
    await broken(one)
    with pytest.raises(NotPermitted):
        await site.connect("researcher-1")
    # And what was seen is said: the end, and the attempt
    (ended,) = await site.said(ConnectionEnded)
    assert (ended.principal, ended.kicked, ended.clients, ended.reason) == ("researcher-1", True, 0, "Kicked")
    assert abs(ended.ended_us - now_ms() * 1_000) < 5_000_000
    (violation, *_) = await site.said(Violation)
    assert (violation.principal, violation.action) == ("researcher-1", "connect")
    # When somebody wishes that it goes on, then nothing changes
    resume = await site.control("resume", "agent", "researcher-1")
    await site.quiet()
    with pytest.raises(NotPermitted):
        await site.connect("researcher-1")
    # But when that is decided, it does
    at_ms = now_ms()
    await site.decide(Switched(at_ms=at_ms, scope=AGENT, state="killed", by="alice", input=kill), cause=kill)
    await site.decide(
        Switched(at_ms=at_ms, scope=AGENT, state="running", by="alice", input=resume), cause=resume
    )
    await site.admitted("researcher-1")
    assert other.breaks == 0


@pytest.mark.parametrize(
    ("scope", "cut", "left"),
    [
        (("role", "researcher"), ("researcher-1", "researcher-2"), ("planner-1", "effects-1", "guard-1")),
        (("fleet",), ("researcher-1", "researcher-2", "planner-1"), ("effects-1", "guard-1")),
        (("task", "42"), (), ("researcher-1", "planner-1", "effects-1", "guard-1")),
        (("tool", "search"), (), ("researcher-1", "planner-1", "effects-1", "guard-1")),
        (("agent", "alice"), (), ("researcher-1", "planner-1", "effects-1", "guard-1")),
    ],
)
async def test_a_kill_cuts_off_the_agents_that_it_names_and_nobody_else(
    site: Site, scope: tuple[str, ...], cut: tuple[str, ...], left: tuple[str, ...]
) -> None:
    ears = {name: Ear(await site.connect(name)) for name in (*cut, *left)}
    alice = Ear(site.alice)
    await site.control("kill", *scope)
    await broken(*(ears[name] for name in cut))
    await site.quiet()
    assert [name for name in left if ears[name].breaks] == []
    assert alice.breaks == 0


@pytest.mark.parametrize("verb", ["pause", "drain"])
async def test_pause_and_drain_cut_nobody_off(site: Site, verb: str) -> None:
    ear = Ear(await site.connect("researcher-1"))
    await site.control(verb, "fleet")
    await site.quiet()
    assert ear.breaks == 0
    await site.connect("researcher-2")


async def test_every_connection_of_an_agent_is_cut(site: Site) -> None:
    ears = [Ear(await site.connect("researcher-1")) for _ in range(5)]
    await site.control("kill", "agent", "researcher-1")
    await broken(*ears)
    ended = await site.said(ConnectionEnded, count=5)
    assert sorted(one.clients for one in ended) == [0, 1, 2, 3, 4]


async def test_the_role_that_counts_is_the_charters(site: Site) -> None:
    # Given an agent whose charter says another role than its name
    charter = Charter(role="auditor", version="1", objective="Audit.")
    joined = AgentJoined(principal="planner-1", incarnation="a", capacity=1, charter=charter)
    await site.decide(joined)
    await site.quiet()
    ear = Ear(await site.connect("planner-1"))
    # When its role is killed, then it is cut off
    await site.control("kill", "role", "auditor")
    await broken(ear)


async def test_who_starts_late_knows_what_was_killed(site: Site) -> None:
    # Given a decided kill of one agent, and one of another that nobody has decided about
    kill = await site.control("kill", "agent", "researcher-1")
    await site.decide(
        Switched(at_ms=now_ms(), scope=AGENT, state="killed", by="alice", input=kill), cause=kill
    )
    await site.control("kill", "agent", "researcher-2")
    # When only an access service is left that starts now
    await site.leave(site.services[0])
    await site.serve("access-2")
    # Then both are kept out
    for name in ("researcher-1", "researcher-2"):
        with pytest.raises(NotPermitted):
            await site.connect(name)
    await site.connect("planner-1")


async def test_who_is_connected_already_when_access_starts_is_cut_off_all_the_same(site: Site) -> None:
    # Given an agent that is connected while no access service is there
    ear = Ear(await site.connect("researcher-1"))
    await site.leave(site.services[0])
    # When it is killed, and one starts
    await site.control("kill", "agent", "researcher-1")
    await site.serve("access-2")
    # Then it finds the connection, and has it ended
    await broken(ear)


async def test_a_condemned_agent_is_cut_once_and_may_come_back(site: Site) -> None:
    # Given an agent with one life that is condemned
    bus = await site.connect("researcher-1")
    ear, other = Ear(bus), Ear(await site.connect("researcher-2"))
    at_ms = now_ms() - 2_000
    await site.decide(
        AgentCondemned(at_ms=now_ms(), principal="researcher-1", incarnation="a", reason="did not stop")
    )
    await broken(ear)
    assert other.breaks == 0
    (ended,) = await site.said(ConnectionEnded)
    assert ended.kicked
    # When it was condemned a while ago, then a new process is let in, and stays
    await site.decide(
        AgentCondemned(at_ms=at_ms - 60_000, principal="researcher-2", incarnation="a", reason="did not stop")
    )
    await site.quiet()
    assert other.breaks == 0


async def test_the_fleet_goes_on_when_that_is_decided(site: Site) -> None:
    ear = Ear(await site.connect("researcher-1"))
    kill = await site.control("kill", "fleet")
    await broken(ear)
    await site.decide(FleetSwitched(at_ms=now_ms(), state="killed", by="alice", input=kill), cause=kill)
    resume = await site.control("resume", "fleet")
    await site.decide(FleetSwitched(at_ms=now_ms(), state="running", by="alice", input=resume), cause=resume)
    await site.admitted("researcher-1")


async def test_a_kill_that_the_log_cannot_hold_is_obeyed_and_can_be_taken_back(site: Site) -> None:
    # Given a log that is full
    ear = Ear(await site.connect("researcher-1"))
    await ensure_stream(site.supervisor, StreamSettings(max_bytes=1))
    # When an agent is killed, then that cannot be stored, and is obeyed all the same
    with pytest.raises(LogFull):
        await site.control("kill", "agent", "researcher-1")
    await broken(ear)
    with pytest.raises(NotPermitted):
        await site.connect("researcher-1")
    # When it shall go on, which cannot be stored either, then it does
    with pytest.raises(LogFull):
        await site.control("resume", "agent", "researcher-1")
    await site.admitted("researcher-1")


async def test_kills_of_many_agents_at_once_are_all_obeyed(site: Site) -> None:
    # Given fifty agents with four connections each
    names = [f"worker-{number}" for number in range(50)]
    for name in names:
        site.principals.admit(name, ("agent",))
    ears = [Ear(await site.admitted(name)) for name in names for _ in range(4)]
    # When the fleet is killed, then all are cut off
    await site.control("kill", "fleet")
    await broken(*ears)
    ended = await site.said(ConnectionEnded, count=200)
    assert {one.principal for one in ended if one.clients == 0} >= set(names)
