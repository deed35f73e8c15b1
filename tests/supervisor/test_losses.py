"""Processes and messages that are lost, late or doubled; what is told again, and what the log remembers."""

# pyright: reportPrivateUsage=false

import pytest
from tests.supervisor.core.world import LOOK, ONE
from tests.supervisor.stage import Agent, EffectWorker, Stage

from interlock.bus.clock import now_ms
from interlock.bus.memory import Deliver, MemoryServer
from interlock.bus.ports import Message
from interlock.contracts import facts
from interlock.contracts.effect import AskCall, ToolCall
from interlock.contracts.people import Answer
from interlock.supervisor import leader as shell
from interlock.supervisor import outbox
from interlock.supervisor.leader import Leader
from interlock.supervisor.supervisor import Supervisor


async def test_the_steps_of_a_silent_agent_go_to_another(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an agent that takes a step and is never heard again
    monkeypatch.setattr(shell, "TICK_S", 0.01)
    now = [0]
    monkeypatch.setattr(shell, "monotonic_ms", lambda: now[0])
    supervisor, _, _ = stage.supervise(silent_ms=1_000)
    leader = await stage.leader(supervisor)
    silent = Agent(stage.server, "researcher-1", ())
    silent.may_go_on.clear()
    await stage.join(silent)
    task = await stage.submit(ONE, review=False)
    await stage.until(lambda: silent.attempts)
    # When time passes and another agent is there
    await stage.join(Agent(stage.server, "researcher-2", ()))
    now[0] = 900
    await stage.operator.bus.send("interlock.beat.researcher-2", b"{}")
    await stage.until(lambda: leader._attendance.heard_at_ms("researcher-2") == 900)
    now[0] = 1_100
    # Then the other one does it
    await stage.completed(task)
    (lost,) = stage.told(task, facts.StepLost)
    assert (lost.principal, lost.reason) == (
        "researcher-1",
        "researcher-1 is gone: nothing was heard from it",
    )
    (observed,) = [d for d in stage.decisions(task) if d.observed]
    assert observed.observed == "silent:researcher-1"


async def test_a_supervisor_that_was_stopped_itself_blames_nobody(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an agent, and a supervisor whose process stands still for an hour
    monkeypatch.setattr(shell, "TICK_S", 0.01)
    now = [0]
    monkeypatch.setattr(shell, "monotonic_ms", lambda: now[0])
    supervisor, _, _ = stage.supervise()
    await stage.cast()
    await stage.until(lambda: len(supervisor.state.agents) == 4)
    # When it goes on
    now[0] = 3_600_000
    leader = await stage.leader(supervisor)
    await stage.until(lambda: leader._last_look_ms == 3_600_000)
    await stage.until(lambda: supervisor.idle)
    # Then nobody has left
    assert not stage.told(0, facts.Left)


async def test_a_dispatch_that_is_lost_is_repeated() -> None:
    # Given a network that loses the first of every dispatch to each principal
    lost: set[str] = set()

    def carry(message: Message, deliver: Deliver) -> None:
        if message.subject.startswith("interlock.do.") and message.reply and message.subject not in lost:
            lost.add(message.subject)
        else:
            deliver()

    server = MemoryServer(now_ms, carry=carry)
    stage = Stage(server)
    stage.supervise()
    await stage.cast(())
    # When a task is submitted, then it completes, and no step was lost
    task = await stage.submit()
    await stage.completed(task)
    assert len(lost) == 4
    assert not stage.told(task, facts.StepLost)
    await stage.end()


async def test_an_agent_that_never_takes_a_dispatch_loses_the_step(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an agent that said hello and does not listen
    supervisor, _, _ = stage.supervise()
    leader = await stage.leader(supervisor)
    monkeypatch.setattr(leader._dispatcher, "_repeat_s", 0.01)
    monkeypatch.setattr(leader._dispatcher, "_times", 3)
    deaf = Agent(stage.server, "researcher-1", ())
    await stage.join(deaf)
    await deaf.desk.stop()
    task = await stage.submit(ONE, review=False)
    await stage.until(lambda: stage.told(task, facts.StepLost))
    # When another comes, then it gets the step
    await stage.join(Agent(stage.server, "researcher-2", ()))
    await stage.completed(task)


async def test_an_order_whose_outcome_is_here_is_not_repeated_though_its_settlement_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given a network that loses a worker's word that it has its order, and a settlement that waits
    def carry(message: Message, deliver: Deliver) -> None:
        if not message.subject.startswith("interlock.taken.supervisor-1.effects-1."):
            deliver()

    monkeypatch.setattr(outbox, "LINGER_S", 60)
    stage = Stage(MemoryServer(now_ms, carry=carry))
    supervisor, _, _ = stage.supervise()
    leader = await stage.leader(supervisor)
    worker = await stage.cast((LOOK,))
    worker.may_go_on.clear()
    stage.agent("researcher-1").may_finish.clear()
    task = await stage.submit(ONE, review=False)
    await stage.until(lambda: worker.taken)
    assert orders(leader)
    # When the outcome comes
    worker.may_go_on.set()
    (effect,) = supervisor.state.tasks[task].effects
    await stage.until(lambda: supervisor.state.tasks[task].effects[effect].state == "completed")
    # Then nobody is told any more to do it, before that is durable
    assert not orders(leader)
    assert not stage.told(task, facts.EffectSettled)
    await stage.end()


def orders(leader: Leader) -> list[str]:
    """Return the orders to effect workers that are repeated until they are taken."""
    return [key for key in leader._dispatcher._token_of if key.startswith("effect.")]


async def test_a_duplicated_dispatch_is_taken_once() -> None:
    def carry(_message: Message, deliver: Deliver) -> None:
        deliver()
        deliver()

    stage = Stage(MemoryServer(now_ms, carry=carry))
    stage.supervise()
    worker = await stage.cast()
    task = await stage.submit()
    await stage.completed(task)
    assert len(worker.done) == len(set(worker.done)) == 10
    await stage.end()


async def test_an_effect_that_was_in_a_lost_workers_hand_is_done_by_another(stage: Stage) -> None:
    stage.supervise()
    worker = await stage.cast()
    worker.may_go_on.clear()
    task = await stage.submit(ONE, review=False)
    await stage.until(lambda: worker.at_work)
    await worker.leave()
    again = EffectWorker(stage.server)
    await stage.join(again)
    await stage.completed(task)
    (lost,) = [fact for fact in stage.told(task, facts.EffectSettled) if fact.end == "lost"]
    assert [grant for effect, grant in again.done if effect == lost.effect] == [2]


async def test_a_replaced_agent_is_told_what_the_first_one_had_bought(stage: Stage) -> None:
    # Given an agent that has its outcome and is killed before it gives its result
    supervisor, _, _ = stage.supervise()
    await forgetful(stage, supervisor)
    worker = await stage.cast((LOOK,))
    first = stage.agent("researcher-1")
    first.may_finish.clear()
    task = await stage.submit(ONE, review=False)
    await stage.until(lambda: first.outcomes)
    await first.leave()
    # When another process takes its place
    second = Agent(stage.server, "researcher-1", (LOOK,))
    await stage.join(second)
    await stage.completed(task)
    # Then it got the same outcome, from the log, and nothing was done again
    assert [outcome.effect for outcome in second.outcomes] == [first.outcomes[0].effect]
    assert second.outcomes[0].value == first.outcomes[0].value
    assert len(worker.done) == 1
    (again,) = stage.told(task, facts.EffectRepeated)
    assert again.attempt == 2


async def forgetful(stage: Stage, supervisor: Supervisor) -> None:
    """Let the supervisor remember no record, so that it must read the log."""
    leader = await stage.leader(supervisor)
    leader._records._max_kept = 0


async def test_a_question_reaches_a_person_and_the_answer_the_agent(stage: Stage) -> None:
    stage.supervise()
    await stage.cast((AskCall(question="May I?"),))
    task = await stage.submit(ONE, review=False)
    await stage.until(lambda: stage.told(task, facts.Escalated))
    (asked,) = stage.told(task, facts.Escalated)
    await stage.operator.say("human", "answer", Answer(text="You may."), task, asked.number)
    await stage.completed(task)
    (outcome,) = stage.agent("researcher-1").outcomes
    assert (outcome.end, bytes(outcome.value)) == ("answered", b'"You may."')


async def test_a_denial_reaches_the_agent_with_its_rule(stage: Stage) -> None:
    stage.supervise()
    await stage.cast((ToolCall(tool="rm"),))
    await stage.completed(await stage.submit(ONE, review=False))
    (outcome,) = stage.agent("researcher-1").outcomes
    assert (outcome.end, outcome.message.split(":")[0]) == ("denied", "charter.tools")


async def test_a_supervisor_without_memory_reads_what_it_must_tell_from_the_log(stage: Stage) -> None:
    supervisor, _, _ = stage.supervise()
    await forgetful(stage, supervisor)
    worker = await stage.cast()
    await stage.completed(await stage.submit())
    assert len(worker.done) == len(set(worker.done)) == 10
