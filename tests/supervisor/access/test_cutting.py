"""Who is cut off, without a server: what is known when, and what was missed."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

import pytest

from interlock.bus.clock import now_ms
from interlock.bus.memory import MemoryServer
from interlock.bus.memory_bus import MemoryBus
from interlock.bus.ports import Record
from interlock.bus.principals import Key, Principal
from interlock.contracts.control import Control
from interlock.contracts.decision import Decision
from interlock.contracts.facts import AgentCondemned, AnyFact, Switched, SwitchState
from interlock.contracts.inputs import read_record
from interlock.contracts.message import encode
from interlock.contracts.observed import ConnectionEnded
from interlock.contracts.scope import Scope
from interlock.contracts.subjects import FLEET_DECISIONS, input_subject
from interlock.supervisor.access import voice as voice_module
from interlock.supervisor.access.admission import UNKNOWN
from interlock.supervisor.access.connections import Place
from interlock.supervisor.access.cutting import SKEW_US, Cutting
from interlock.supervisor.access.directory import Directory
from interlock.supervisor.access.environment import Environment
from interlock.supervisor.access.system import Ended, Standing
from interlock.supervisor.access.voice import Voice

DIRECTORY = Directory(
    {
        "researcher-1": Principal(roles=("agent",), keys=(Key("U1", 0),)),
        "planner-1": Principal(roles=("agent",), keys=(Key("UP", 0),)),
        "effects-1": Principal(roles=("effects",), keys=(Key("UE", 0),)),
        "gone-1": Principal(roles=("agent",), keys=(Key("UG", 0),), revoked_ms=1),
        "rotated-1": Principal(roles=("agent",), keys=(Key("UOLD", 0, 1), Key("UNEW", 1))),
    }
)


class Scene:
    """One environment on the twin of the bus; kicks and questions are noted."""

    def __init__(self, connect: type[MemoryBus] = MemoryBus) -> None:
        self.server = MemoryServer(now_ms)
        self.alice = MemoryBus(self.server, "alice")
        self.kicked: list[Place] = []
        self.looked_up: list[tuple[str, str]] = []
        environments: dict[str, Environment] = {}
        self.cutting = Cutting(environments, DIRECTORY, {"DEVELOPMENT": "development"}, b"secret")
        self.cutting.kick = self.kicked.append
        self.cutting.look_up = lambda environment, principal: self.looked_up.append((environment, principal))
        self.bus = connect(self.server, "access-1")
        self.voice = Voice("development", self.bus, "life", "host")
        self.environment = Environment("development", self.bus, self.voice, self.cutting)
        environments["development"] = self.environment

    def stands(self, cid: int, user: str = "researcher-1", started_us: int = 1) -> None:
        self.cutting.stands(Standing(("S", cid), "DEVELOPMENT", user, started_us))

    async def kill(self, *scope: str) -> None:
        await self.alice.append(input_subject("alice", "control", "kill", *scope), encode(Control()))

    async def decide(self, *facts: AnyFact) -> None:
        decision = Decision(task=0, cause=0, at_ms=1, by="supervisor-1", facts=facts)
        await self.alice.append(FLEET_DECISIONS, encode(decision))

    async def turns(self) -> None:
        for _ in range(50):
            await asyncio.sleep(0)

    @property
    def ended(self) -> list[ConnectionEnded]:
        records = [
            read_record(record.seq, 0, record.subject, record.data).body for record in self.server.records
        ]
        return [body for body in records if isinstance(body, ConnectionEnded)]


@pytest.fixture
async def scene() -> AsyncGenerator[Scene]:
    made = Scene()
    yield made
    await made.environment.stop()


async def test_nobody_is_cut_off_for_what_is_not_known_yet(scene: Scene) -> None:
    # Given an environment whose log has not been read
    assert scene.environment.keeps_out("researcher-1") == UNKNOWN
    # When a connection is found that stands already, then it stays
    scene.stands(1)
    assert scene.kicked == []
    # And when the log tells of a kill, then it goes
    await scene.kill("agent", "researcher-1")
    await scene.environment.start()
    await scene.environment.known.wait()
    assert scene.kicked == [("S", 1)]


class Halting(MemoryBus):
    """A connection over which a reading stops after its first record, until it may go on."""

    def __init__(self, server: MemoryServer, principal: str) -> None:
        super().__init__(server, principal)
        self.stopped, self.go_on = asyncio.Event(), asyncio.Event()

    async def history(
        self, filters: Sequence[str], *, start_seq: int = 1, consumer: str = ""
    ) -> AsyncGenerator[Record]:
        async for record in super().history(filters, start_seq=start_seq, consumer=consumer):
            yield record
            self.stopped.set()
            await self.go_on.wait()


async def test_nobody_is_cut_off_for_a_kill_that_was_taken_back_long_ago() -> None:
    # Given a log in which an agent was killed and resumed, of which the first half has been read
    scene = Scene(Halting)
    agent = Scope(kind="agent", name="researcher-1")
    states: tuple[SwitchState, ...] = ("killed", "running")
    for state in states:
        await scene.decide(Switched(at_ms=1, scope=agent, state=state, by="alice"))
    await scene.environment.start()
    assert isinstance(scene.bus, Halting)
    await scene.bus.stopped.wait()
    # When its connection is found, then it stays
    scene.stands(1)
    assert scene.kicked == []
    # But whoever is killed now goes now
    scene.stands(2, "planner-1")
    await scene.kill("role", "planner")
    await scene.turns()
    assert scene.kicked == [("S", 2)]
    scene.bus.go_on.set()
    await scene.environment.known.wait()
    assert set(scene.kicked) == {("S", 2)}
    await scene.environment.stop()


async def test_who_was_admitted_a_moment_before_the_kill_goes_when_it_stands(scene: Scene) -> None:
    await scene.environment.start()
    await scene.environment.known.wait()
    await scene.kill("role", "researcher")
    await scene.turns()
    assert scene.kicked == []
    scene.stands(1)
    scene.stands(2, "effects-1")
    assert scene.kicked == [("S", 1)]


async def test_who_is_revoked_or_has_an_old_key_goes_when_it_stands(scene: Scene) -> None:
    scene.cutting.connections.admitted(("S", 2), "UOLD")
    scene.cutting.connections.admitted(("S", 3), "UNEW")
    scene.stands(1, "gone-1")
    scene.stands(2, "rotated-1")
    scene.stands(3, "rotated-1")
    # By which key it came another service knows
    scene.stands(4, "rotated-1")
    assert scene.kicked == [("S", 1), ("S", 2)]


async def test_a_life_is_condemned_and_not_the_next_one(scene: Scene) -> None:
    await scene.environment.start()
    await scene.environment.known.wait()
    await scene.turns()
    at_ms = 1_000_000
    scene.stands(1, started_us=at_ms * 1_000 - 5)
    await scene.decide(AgentCondemned(at_ms=at_ms, principal="researcher-1", incarnation="a", reason="late"))
    await scene.turns()
    assert scene.kicked == [("S", 1)]
    # One that is told of late goes too, one that has begun since stays
    scene.stands(2, started_us=at_ms * 1_000 - 5)
    scene.stands(3, started_us=at_ms * 1_000 + SKEW_US + 1)
    assert scene.kicked == [("S", 1), ("S", 2)]


async def test_lives_that_were_condemned_before_this_one_began_are_left_alone(scene: Scene) -> None:
    await scene.decide(AgentCondemned(at_ms=1, principal="researcher-1", incarnation="a", reason="late"))
    scene.stands(1, started_us=0)
    await scene.environment.start()
    await scene.environment.known.wait()
    await scene.turns()
    assert scene.kicked == []


async def test_whom_a_kick_did_not_end_is_looked_up_and_kicked_again(scene: Scene) -> None:
    # Given a kill, and a kick that a server does not answer
    await scene.environment.start()
    await scene.environment.known.wait()
    scene.stands(1)
    await scene.kill("fleet")
    await scene.turns()
    scene.cutting.failed(("S", 1))
    assert scene.looked_up == [("development", "researcher-1")]
    # When it is found to stand, then it is kicked again
    scene.stands(1)
    assert scene.kicked[-1] == ("S", 1)
    assert len(scene.kicked) >= 2
    # And one that is not known is no matter
    scene.cutting.failed(("S", 99))
    assert len(scene.looked_up) == 1


async def test_an_end_is_told_also_when_the_kick_came_too_late_for_it(scene: Scene) -> None:
    # Given a kill, whose guard was quicker: the server knows no such connection any more
    await scene.environment.start()
    await scene.environment.known.wait()
    scene.stands(1)
    await scene.kill("fleet")
    await scene.turns()
    scene.cutting.failed(("S", 1))
    # When the server tells, after that, that it has ended
    scene.cutting.ended(Ended(("S", 1), "DEVELOPMENT", "researcher-1", 17, "Client Closed"))
    await scene.turns()
    # Then the log is told
    assert [(one.clients, one.ended_us) for one in scene.ended] == [(0, 17)]


async def test_the_end_is_told_with_how_many_are_left(scene: Scene) -> None:
    scene.stands(1)
    scene.stands(2)
    scene.cutting.ended(Ended(("S", 1), "DEVELOPMENT", "researcher-1", 17, "Client Closed"))
    scene.cutting.ended(Ended(("S", 2), "DEVELOPMENT", "researcher-1", 18, "Kicked"))
    # Whoever was never seen to stand had not been admitted
    scene.cutting.ended(Ended(("S", 3), "DEVELOPMENT", "researcher-1", 19, "Authentication Failure"))
    scene.cutting.ended(Ended(("S", 4), "OTHER", "x", 19, ""))
    await scene.turns()
    assert [(one.clients, one.kicked, one.ended_us) for one in scene.ended] == [(1, False, 17), (0, True, 18)]


async def test_what_a_survey_misses_has_ended_and_what_it_could_not_know_has_not(scene: Scene) -> None:
    scene.stands(1)
    scene.stands(2)
    begun = scene.cutting.connections.begin_round()
    scene.stands(3)
    scene.cutting.surveyed("S", frozenset({2}), begun, 50)
    await scene.turns()
    assert [(one.clients, one.ended_us, one.kicked) for one in scene.ended] == [(2, 50, False)]


async def test_a_server_that_is_silent_twice_is_gone_and_nothing_is_claimed(scene: Scene) -> None:
    scene.stands(1)
    assert scene.cutting.silent(frozenset())
    assert not scene.cutting.silent(frozenset())
    assert scene.cutting.connections.of("development", "researcher-1") == ()
    await scene.turns()
    assert scene.ended == []
    # One that answers in between is not
    scene.stands(2)
    assert scene.cutting.silent(frozenset())
    scene.cutting.surveyed("S", frozenset({2}), scene.cutting.connections.begin_round(), 1)
    assert not scene.cutting.silent(frozenset({"S"}))
    assert len(scene.cutting.connections.of("development", "researcher-1")) == 1


async def test_observations_are_bounded_and_the_rest_is_dropped(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice_module, "MOST_OUTSTANDING", 3)
    for number in range(5):
        scene.voice.say("ended", ConnectionEnded(principal=f"a-{number}"))
    await scene.turns()
    assert [one.principal for one in scene.ended] == ["a-0", "a-1", "a-2"]
    scene.voice.say("ended", ConnectionEnded(principal="a-9"))
    await scene.turns()
    assert len(scene.ended) == 4
