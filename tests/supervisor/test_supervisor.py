"""The shell around the core: a whole task over the bus, a full log, lost processes."""

# pyright: reportPrivateUsage=false

import asyncio

import pytest
from tests.supervisor.core.world import ONE, THINK
from tests.supervisor.stage import Agent, Stage

from interlock.bus.clock import now_ms
from interlock.bus.memory import Capacity, MemoryServer
from interlock.contracts import facts
from interlock.contracts.budget import NOTHING
from interlock.contracts.control import Control
from interlock.contracts.decision import Decision
from interlock.contracts.dispatch import DoStep
from interlock.contracts.inputs import Input
from interlock.supervisor import leader as shell
from interlock.supervisor import outbox
from interlock.supervisor.core.decide import decide
from interlock.supervisor.core.state import State
from interlock.supervisor.core.turn import Decided
from interlock.supervisor.recovery import recover


async def test_a_task_goes_from_submission_to_completion(stage: Stage) -> None:
    # Given a supervisor, four agents and an effect worker
    supervisor, bus, _ = stage.supervise()
    worker = await stage.cast()
    # When a task is submitted
    task = await stage.submit()
    await stage.completed(task)
    await stage.until(lambda: supervisor.idle)
    # Then all its steps have results, two effects were done for each, and nothing is reserved any more
    (completed,) = stage.told(task, facts.Completed)
    assert sorted(completed.results) == ["a", "b", "review", "tell"]
    assert len(worker.done) == len(set(worker.done)) == 10
    assert supervisor.state.tasks[task].account.spent.model_calls == 5
    assert supervisor.state.shared["fleet"].reserved == NOTHING
    # And who reads the log knows what the supervisor knows
    assert (await recover(bus)).state == supervisor.state


async def test_two_tasks_at_once_do_not_mix(stage: Stage) -> None:
    supervisor, _, _ = stage.supervise()
    await stage.cast()
    tasks = [await stage.submit() for _ in range(5)]
    for task in tasks:
        await stage.completed(task)
    await stage.until(lambda: supervisor.idle)
    assert {supervisor.state.tasks[task].account.spent.model_calls for task in tasks} == {5}


async def test_settlements_ride_along_so_that_a_task_has_few_decisions(stage: Stage) -> None:
    stage.supervise()
    await stage.cast()
    task = await stage.submit()
    await stage.completed(task)
    # 5 results, 10 requests and 10 ends of effects are 25 inputs: a settlement costs no record of its own
    decisions = stage.decisions(task)
    assert sum(len(decision.facts) for decision in decisions) > 35
    assert len(decisions) <= 18
    alone = [d for d in decisions if all(isinstance(fact, facts.EffectSettled) for fact in d.facts)]
    assert len(alone) <= 2


async def test_a_settlement_that_nothing_follows_is_still_written(stage: Stage) -> None:
    # Given a task that was killed while an effect was in flight
    supervisor, _, _ = stage.supervise()
    worker = await stage.cast()
    worker.may_go_on.clear()
    task = await stage.submit()
    await stage.until(lambda: stage.told(task, facts.EffectGranted))
    await stage.operator.say("control", "kill", Control(reason="stop"), "task", task)
    await stage.until(lambda: stage.told(task, facts.Halted))
    # When the effect ends
    worker.may_go_on.set()
    # Then it is settled on the log
    await stage.until(lambda: stage.told(task, facts.EffectSettled))
    assert supervisor.state.shared["fleet"].reserved == NOTHING


async def test_a_full_log_loses_nothing_and_goes_on_when_there_is_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given a log that is full in the middle of a task
    monkeypatch.setattr(outbox, "FULL_RETRY_S", 0.01)
    server = MemoryServer(now_ms, capacity=Capacity(records=30))
    stage = Stage(server)
    supervisor, bus, running = stage.supervise()
    worker = await stage.cast()
    task = await stage.submit()
    await stage.until(lambda: len(server.records) == 30)
    assert not running.done()
    # When room comes
    server.capacity = Capacity()
    # Then the task completes, each effect was done once, and the log tells all
    await stage.completed(task)
    await stage.until(lambda: supervisor.idle)
    assert len(worker.done) == len(set(worker.done)) == 10
    assert (await recover(bus)).state == supervisor.state
    await stage.end()


async def test_no_effect_is_begun_before_its_grant_is_durable(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a log in which everything finds room up to the first grant
    whole = Stage()
    whole.supervise()
    await whole.cast()
    await whole.completed(await whole.submit())
    await whole.end()
    room = next(
        place for place, record in enumerate(whole.server.records) if b"effect_granted" in record.data
    )
    monkeypatch.setattr(outbox, "FULL_RETRY_S", 0.01)
    server = MemoryServer(now_ms, capacity=Capacity(records=room))
    stage = Stage(server)
    supervisor, _, _ = stage.supervise()
    worker = await stage.cast()
    task = await stage.submit()
    # When the supervisor has decided to grant it, and cannot write that down
    await stage.until(lambda: any(each.in_hand for each in supervisor.state.workers.values()))
    await asyncio.sleep(0)
    # Then the worker is not told
    assert (len(server.records), worker.at_work) == (room, {})
    # And with room it is
    server.capacity = Capacity()
    await stage.completed(task)
    await stage.end()


async def test_what_concerns_the_fleet_stands_in_the_log_before_what_follows_for_tasks(stage: Stage) -> None:
    # Given tasks that wait for everybody
    stage.supervise()
    tasks = [await stage.submit(ONE, review=False) for _ in range(20)]
    await stage.until(lambda: len(stage.decisions()) == 20)
    # When agents join and are given steps
    await stage.cast(())
    for task in tasks:
        await stage.completed(task)
    # Then no step is assigned to an agent, and no effect granted to a worker, before they have joined
    here: set[str] = set()
    for decision in stage.decisions():
        here |= joined(decision)
        assert assigned_to(decision) <= here


def joined(decision: Decision) -> set[str]:
    return {f.principal for f in decision.facts if isinstance(f, facts.AgentJoined | facts.EffectsJoined)}


def assigned_to(decision: Decision) -> set[str]:
    agents = {fact.principal for fact in decision.facts if isinstance(fact, facts.StepAssigned)}
    return agents | {fact.worker for fact in decision.facts if isinstance(fact, facts.EffectGranted)}


async def test_a_kill_of_everything_cancels_what_agents_have_in_hand(stage: Stage) -> None:
    supervisor, _, _ = stage.supervise()
    await stage.cast()
    agent = stage.agent("planner-1")
    agent.may_go_on.clear()
    task = await stage.submit()
    await stage.until(lambda: agent.attempts)
    steps = list(agent.at_work.values())
    await stage.operator.say("control", "kill", Control(reason="stop"), "fleet")
    await stage.until(lambda: stage.told(task, facts.Halted))
    await stage.until(lambda: all(work.done() for work in steps))
    assert supervisor.state.switch == "killed"
    assert all(work.cancelled() for work in steps)


async def test_bytes_that_are_no_message_harm_nothing(stage: Stage) -> None:
    # Given a supervisor at work
    stage.supervise()
    await stage.cast()
    # When nonsense is appended everywhere
    for subject in (
        "task.submit",
        "agent.result.5",
        "control.kill.task.x",
        "effect.completed.1",
        "shout.loud",
    ):
        for data in (b"", b"\xff", b"[" * 10_000, b'{"v":9}'):
            await stage.operator.bus.append(f"interlock.in.olga.{subject}", data)
    # Then a task completes as if nothing had been said, and every submission was answered
    task = await stage.submit()
    await stage.completed(task)
    rejected = [
        decision.task for decision in stage.decisions() if isinstance(decision.facts[0], facts.Rejected)
    ]
    assert len(rejected) == 4


async def test_who_works_on_what_is_not_its_own_is_told_to_stop(stage: Stage) -> None:
    # Given an agent that has nothing in hand, and a task that waits for a planner
    stage.supervise()
    stray = Agent(stage.server, "researcher-1", ())
    await stage.join(stray)
    task = await stage.submit()
    # When it asks for an effect of a step that it was never given
    step = DoStep(task=task, step="plan", attempt=1, role="researcher", title="", goal="", input={})
    stray.begin((task, "plan", 1), stray.effect(step, THINK, "k0"))
    # Then its request is refused, and it is told to stop
    await stage.until(stray.at_work[task, "plan", 1].cancelled)
    assert stage.told(task, facts.Refused)
    assert not stage.told(task, facts.EffectGranted)


async def test_nobody_acts_before_the_grant_is_durable(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a planner that is about to ask for an effect, and a log with room for its request only
    monkeypatch.setattr(outbox, "FULL_RETRY_S", 0.01)
    server = MemoryServer(now_ms)
    stage = Stage(server)
    supervisor, _, _ = stage.supervise()
    worker = await stage.cast()
    planner = stage.agent("planner-1")
    planner.may_go_on.clear()
    task = await stage.submit()
    await stage.until(lambda: planner.attempts and supervisor.idle)
    server.capacity = Capacity(records=len(server.records) + 1)
    # When it asks, and the supervisor grants
    planner.may_go_on.set()
    await stage.until(lambda: supervisor.state.tasks[task].effects)
    await stage.several_turns()
    # Then nothing is done until the grant stands in the log
    assert worker.done == []
    server.capacity = Capacity()
    await stage.completed(task)
    await stage.end()


async def test_a_defect_in_deciding_refuses_one_input_and_stops_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a supervisor whose core breaks on a pause
    sound = decide

    def broken(state: State, said: Input, now_ms: int) -> Decided:
        if said.verb == "pause":
            raise ZeroDivisionError
        return sound(state, said, now_ms)

    monkeypatch.setattr(shell, "decide", broken)
    stage.supervise()
    await stage.cast()
    # When somebody pauses the fleet, and somebody else submits a task
    paused = await stage.operator.say("control", "pause", Control(), "fleet")
    task = await stage.submit()
    await stage.completed(task)
    # Then the task completes, and the pause is refused
    refusals = [fact for fact in stage.told(0, facts.Refused) if fact.input == paused]
    assert "defect" in refusals[0].reason


async def test_stopping_ends_everything(stage: Stage) -> None:
    supervisor, _, running = stage.supervise()
    await stage.cast()
    await stage.completed(await stage.submit())
    leader = await stage.leader(supervisor)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert leader._dispatcher.open_count == 0
