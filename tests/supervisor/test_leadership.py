"""One writer: whoever leads is alone with the log, however many believe that they lead."""

# pyright: reportPrivateUsage=false

import asyncio
from collections.abc import Callable, Sequence

import pytest
from msgspec import structs
from tests.supervisor.core.invariants import lawful
from tests.supervisor.core.world import LOOK, ONE, THINK
from tests.supervisor.stage import PATIENCE_S, Stage, decisions

from interlock.bus.clock import now_ms
from interlock.bus.errors import Superseded
from interlock.bus.memory import Capacity, Deliver, MemoryServer
from interlock.bus.memory_bus import MemoryBus
from interlock.bus.ports import Ack, Message, OnRecord, Record, Subscription
from interlock.contracts import facts
from interlock.contracts.control import Control
from interlock.contracts.decision import Decision
from interlock.contracts.effect import EffectRequest
from interlock.contracts.facts import AnyFact
from interlock.contracts.message import decode, encode
from interlock.contracts.subjects import FLEET_DECISIONS, LEADER_DECISIONS, decision_subject
from interlock.supervisor import pulse, standby, supervisor
from interlock.supervisor.errors import SteppedBack, SupervisorError
from interlock.supervisor.leader import Leader
from interlock.supervisor.recovery import recover
from interlock.supervisor.supervisor import Supervisor

NEVER_MS = 3_600_000


def deaf(leader: Leader) -> None:
    """Let a leader not hear that another one leads, and believe that it is heard itself."""

    async def on_leader(_message: Message) -> None:
        return

    leader._on_leader = on_leader  # type: ignore[method-assign]  # as if the message were lost
    leader._dispatcher._may_send = lambda: True


def terms(stage: Stage) -> list[facts.LeaderTook]:
    said = (fact for decision in decisions(stage.server) for fact in decision.facts)
    return [fact for fact in said if isinstance(fact, facts.LeaderTook)]


def each_once(stage: Stage, tasks: list[int]) -> None:
    """Check that no step was given, no effect granted and none settled twice."""
    for task in tasks:
        given = [(fact.step, fact.attempt) for fact in stage.told(task, facts.StepAssigned)]
        granted = [(fact.effect, fact.grant) for fact in stage.told(task, facts.EffectGranted)]
        ended = [(fact.effect, fact.grant) for fact in stage.told(task, facts.EffectSettled)]
        for said in (given, granted, ended):
            assert len(said) == len(set(said))
        assert len(stage.told(task, facts.Completed)) == 1


async def test_the_second_stands_by_and_decides_nothing(stage: Stage) -> None:
    # Given two supervisors
    first, _, _ = stage.supervise("supervisor-1")
    await stage.leader(first)
    second, _, _ = stage.supervise("supervisor-2")
    await stage.cast()
    # When a task is done
    task = await stage.submit()
    await stage.completed(task)
    await stage.until(lambda: first.idle)
    # Then one has decided it all, and the other knows as much
    assert not second.leads
    assert {decision.by for decision in stage.decisions()} == {"supervisor-1"}
    await stage.until(lambda: second.state == first.state)


async def test_several_that_start_together_agree_on_one(stage: Stage) -> None:
    started = [stage.supervise(f"supervisor-{number}")[0] for number in range(5)]
    await stage.cast(())
    await stage.completed(await stage.submit())
    assert sum(each.leads for each in started) == 1
    assert len(terms(stage)) == 1


async def test_who_leaves_in_order_is_followed_at_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a leader whose silence nobody would notice for an hour
    monkeypatch.setattr(pulse, "SILENT_MS", NEVER_MS)
    first, _, running = stage.supervise("supervisor-1")
    await stage.leader(first)
    second, _, _ = stage.supervise("supervisor-2")
    await stage.cast()
    tasks = [await stage.submit() for _ in range(3)]
    # When it is told to end in the middle of tasks
    running.cancel()
    # Then the other one goes on, and so does a third one that starts later
    await stage.leader(second)
    for task in tasks:
        await stage.completed(task)
    each_once(stage, tasks)
    stage.running[1].cancel()
    third, _, _ = stage.supervise("supervisor-3")
    await stage.leader(third)
    assert [took.principal for took in terms(stage)] == ["supervisor-1", "supervisor-2", "supervisor-3"]


@pytest.mark.parametrize("name", ["supervisor-2", "supervisor-1"], ids=["another name", "the same name"])
@pytest.mark.parametrize("records", range(14, 60, 3))
async def test_one_that_does_not_know_of_the_other_can_add_nothing(
    stage: Stage, records: int, name: str
) -> None:
    # Given a leader in the middle of two tasks, whose signs of life are lost, and who hears of nobody else
    first, _, _ = stage.supervise("supervisor-1")
    leader = await stage.leader(first)
    deaf(leader)
    worker = await stage.cast((LOOK,), capacity=1)
    stage.server.carry = losing_beats_of(leader)
    tasks = [await stage.submit(ONE, review=False) for _ in range(2)]
    await stage.until(lambda: len(stage.server.records) >= records or stage.told(tasks[1], facts.Completed))
    # When another one takes over
    second, _, _ = stage.supervise(name)
    for task in tasks:
        await stage.completed(task)
    await stage.until(lambda: second.idle and not first.leads)
    # Then everything was done once, and the log says what the new leader knows
    each_once(stage, tasks)
    assert len(worker.done) == len(set(worker.done))
    assert (await recover(MemoryBus(stage.server, "reader"))).state == second.state
    lawful(second.state)
    nothing_of_a_former_leader_after_the_stamp(stage)


def losing_beats_of(leader: Leader) -> Callable[[Message, Deliver], None]:
    """Lose the beats of one life, whatever others are called."""
    life = leader._pulse.life.encode()

    def carry(message: Message, deliver: Deliver) -> None:
        if not (message.subject.startswith("interlock.beat.") and life in message.data):
            deliver()

    return carry


def nothing_of_a_former_leader_after_the_stamp(stage: Stage) -> None:
    """Check on every subject that behind a stamp stands only what was written by who stamped it."""
    stamped_by: dict[str, str] = {}
    for record in stage.server.records:
        if record.subject.startswith("interlock.decision.") and record.subject != LEADER_DECISIONS:
            said = decode(Decision, record.data)
            if any(isinstance(fact, facts.Led) for fact in said.facts):
                stamped_by[record.subject] = said.by
            assert said.by == stamped_by.get(record.subject, said.by)


async def test_what_a_former_leader_writes_before_the_stamp_is_known_to_the_next(stage: Stage) -> None:
    # Given a leader that is gone in the middle of a task
    _, bus, running = stage.supervise("supervisor-1")
    worker = await stage.cast()
    worker.may_go_on.clear()
    task = await stage.submit()
    await stage.until(lambda: stage.told(task, facts.EffectGranted))
    bus._closed = True
    running.cancel()
    # When it writes once more just before the next one's stamp
    straggler = MemoryBus(stage.server, "supervisor-1")
    word = decision(task, facts.Refused(input=1, reason="a word in between"))
    said: list[asyncio.Future[Ack]] = []

    def write_between() -> None:
        if b'"led"' in stage.server.records[-1].data:
            stage.server.unfollow(write_between)
            last = max(r.seq for r in stage.server.records if r.subject == decision_subject(task))
            said.append(straggler.append_soon(decision_subject(task), word, expected_subject_seq=last))

    stage.server.follow(write_between)
    second, _, _ = stage.supervise("supervisor-2")
    leader = await stage.leader(second)
    # Then it was in time, the next one has stamped behind it, and the task completes
    assert (await said[0]).seq
    worker.may_go_on.set()
    await stage.completed(task)
    stamped = [r.seq for r in stage.server.records if b'"led"' in r.data and str(task) in r.subject]
    assert (await said[0]).seq < stamped[0]
    assert len(terms(stage)) == 2
    assert leader.state == (await recover(straggler)).state


def decision(task: int, fact: AnyFact) -> bytes:
    return encode(Decision(task=task, cause=0, at_ms=0, by="supervisor-1", facts=(fact,)))


class SlowBus(MemoryBus):
    """A connection on which readings wait while `open` is not set."""

    def __init__(self, server: MemoryServer, principal: str) -> None:
        super().__init__(server, principal)
        self.open = asyncio.Event()
        self.open.set()

    async def follow(
        self,
        filters: Sequence[str],
        on_record: OnRecord,
        *,
        start_seq: int = 1,
        consumer: str = "",  # noqa: ARG002 - everybody may read everything here
    ) -> Subscription:
        async def later(record: Record) -> None:
            await self.open.wait()
            on_record(record)

        return await super().follow(filters, later, start_seq=start_seq)


async def test_a_task_that_was_begun_just_before_is_stamped_too(stage: Stage) -> None:
    # Given a supervisor that stands by and does not get to read
    _, bus, running = stage.supervise("supervisor-1")
    slow = SlowBus(stage.server, "supervisor-2")
    second = Supervisor(slow)
    stage.running.append(asyncio.create_task(second.run()))
    await stage.until(lambda: second._standby and second._standby.known.leader)
    slow.open.clear()
    # When the leader begins a task and is gone, and the other one takes the lead
    task = await stage.submit()
    await stage.until(lambda: stage.told(task, facts.Accepted))
    last = stage.server.records[-1].seq
    bus._closed = True
    running.cancel()
    await stage.until(lambda: len(terms(stage)) == 2)
    await stage.several_turns()
    assert not second.leads
    slow.open.set()
    await stage.leader(second)
    # Then nobody can write behind the one that is gone
    straggler = MemoryBus(stage.server, "supervisor-1")
    word = decision(task, facts.Refused(input=1, reason="too late"))
    with pytest.raises(Superseded):
        await straggler.append(decision_subject(task), word, expected_subject_seq=last)


async def test_who_steps_back_stands_by_and_leads_again_when_it_is_needed(
    stage: Stage,
) -> None:
    # Given a leader that another one has overruled
    first, _, _ = stage.supervise("supervisor-1")
    old = await stage.leader(first)
    await stage.cast()
    stage.server.carry = losing_beats_of(old)
    second, second_bus, running = stage.supervise("supervisor-2")
    await stage.leader(second)
    await stage.until(lambda: not first.leads)
    # When the other one is gone
    task = await stage.submit()
    await stage.until(lambda: stage.told(task, facts.Accepted))
    second_bus._closed = True
    running.cancel()
    # Then the first one leads again, with fresh knowledge, and the task completes
    new = await stage.leader(first)
    assert new is not old
    await stage.completed(task)
    assert [took.principal for took in terms(stage)] == ["supervisor-1", "supervisor-2", "supervisor-1"]
    assert len({took.incarnation for took in terms(stage)}) == 3


async def test_a_supervisor_that_is_overruled_again_and_again_ends_with_a_sentence(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a supervisor that may step back three times
    monkeypatch.setattr(supervisor, "MOST_STEPS_BACK", 3)
    each, _, running = stage.supervise("supervisor-1")
    rival = MemoryBus(stage.server, "supervisor-2")
    # When another one writes itself down as the leader whenever this one leads
    for number in range(3):
        await stage.leader(each)
        took = facts.LeaderTook(principal="supervisor-2", incarnation=f"r{number}", at_ms=now_ms())
        await rival.append(LEADER_DECISIONS, decision(0, took))
        await stage.until(lambda: not each.leads)
    # Then it gives up, and says what to look for
    with pytest.raises(SteppedBack, match="see that supervisors hear each other"):
        await asyncio.wait_for(running, PATIENCE_S)


async def test_an_agent_is_told_to_stop_only_when_that_is_durable(stage: Stage) -> None:
    # Given a leader that is overruled without knowing it, and an agent that works for the other one
    first, _, _ = stage.supervise("supervisor-1")
    leader = await stage.leader(first)
    await stage.cast((THINK,))
    agent = stage.agent("planner-1")
    agent.may_go_on.clear()
    task = await stage.submit()
    await stage.until(lambda: agent.attempts)
    deaf(leader)
    rival = MemoryBus(stage.server, "supervisor-2")
    last = max(r.seq for r in stage.server.records if r.subject == decision_subject(task))
    word = facts.Refused(input=1, reason="another leads")
    await rival.append(decision_subject(task), decision(task, word), expected_subject_seq=last)
    # When the agent asks for something that is late in the eyes of the overruled one
    orders: list[bytes] = []
    await agent.bus.listen("interlock.do.planner-1", lambda message: orders.append(message.data))
    asked = encode(EffectRequest(step="plan", attempt=9, key="k0", call=THINK))
    await agent.bus.append(f"interlock.in.planner-1.agent.effect.{task}", asked)
    await stage.until(lambda: not first.leads)
    await stage.several_turns()
    # Then that one has told it nothing
    assert orders == []


async def test_nothing_is_told_by_who_may_have_been_missed(stage: Stage) -> None:
    # Given a leader that does not hear its own beats any more, as one that was frozen
    first, _, _ = stage.supervise("supervisor-1")
    leader = await stage.leader(first)
    await stage.cast(())
    await stage.until(lambda: len(first.state.agents) == 4 and first.idle)
    leader._dispatcher._may_send = lambda: False
    # When it gives a step to an agent, then the agent is not told
    task = await stage.submit()
    await stage.until(lambda: stage.told(task, facts.StepAssigned))
    await stage.several_turns()
    assert not stage.agent("planner-1").attempts
    # And as soon as it hears them again, it is
    leader._dispatcher._may_send = lambda: True
    await stage.completed(task)


async def test_a_full_log_is_led_as_soon_as_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a log that is full
    monkeypatch.setattr(standby, "AGAIN_S", 0.01)
    server = MemoryServer(now_ms, capacity=Capacity(records=0))
    stage = Stage(server)
    each, _, running = stage.supervise()
    await stage.several_turns()
    assert not each.leads
    assert not running.done()
    # When room comes, then somebody leads
    server.capacity = Capacity()
    await stage.leader(each)
    await stage.end()


async def test_a_log_that_is_full_behind_the_leaders_record_is_stamped_when_there_is_room(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a leader that is gone in the middle of a task, and room for one record
    monkeypatch.setattr(standby, "AGAIN_S", 0.01)
    monkeypatch.setattr(standby, "MOST_REFUSALS", 1)
    _, bus, running = stage.supervise("supervisor-1")
    worker = await stage.cast((LOOK,))
    worker.may_go_on.clear()
    task = await stage.submit(ONE, review=False)
    await stage.until(lambda: worker.at_work)
    bus._closed = True
    running.cancel()
    stage.server.capacity = Capacity(records=len(stage.server.records) + 1)
    # When another one takes the lead, then it does not decide before it has stamped everything
    second, _, _ = stage.supervise("supervisor-2")
    await stage.until(lambda: len(terms(stage)) == 2)
    await stage.several_turns()
    assert not second.leads
    # And with room it does
    stage.server.capacity = Capacity()
    worker.may_go_on.set()
    await stage.completed(task)
    assert len(terms(stage)) == 2


async def test_a_log_that_is_not_ours_ends_it_with_a_sentence(stage: Stage) -> None:
    # Given a log that says what the tables do not allow
    strange = facts.StepRetried(step="a")
    await MemoryBus(stage.server, "x").append(decision_subject(7), decision(7, strange))
    # When a supervisor reads it, then it ends, and leads nobody
    _, _, running = stage.supervise()
    with pytest.raises(SupervisorError):
        await asyncio.wait_for(running, PATIENCE_S)
    assert not terms(stage)


async def test_a_new_life_of_a_worker_is_not_told_of_a_grant_to_the_last_one(stage: Stage) -> None:
    # Given a paused task with an effect in a worker's hand, when the supervisor is gone
    _, bus, running = stage.supervise("supervisor-1")
    worker = await stage.cast((LOOK,))
    worker.may_go_on.clear()
    task = await stage.submit(ONE, review=False)
    await stage.until(lambda: worker.at_work)
    await stage.operator.say("control", "pause", Control(reason="stop"), "task", task)
    await stage.until(lambda: stage.told(task, facts.Paused))
    bus._closed = True
    running.cancel()
    # And the log tells of a new life of the worker, and not yet of what became of the effect
    (joined,) = stage.told(0, facts.EffectsJoined)
    again = structs.replace(joined, incarnation="another life")
    await MemoryBus(stage.server, "supervisor-1").append(FLEET_DECISIONS, decision(0, again))
    done = len(worker.at_work)
    # When another supervisor takes over, then the new life is told of nothing
    second, _, _ = stage.supervise("supervisor-2")
    await stage.leader(second)
    await stage.until(lambda: second.idle)
    await stage.several_turns()
    assert len(worker.at_work) == done
    assert second._leader is not None
    assert not [key for key in second._leader._dispatcher._token_of if key.startswith("effect.")]
