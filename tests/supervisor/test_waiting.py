"""While people are awaited, agents are free, and nothing is lost or bought twice, whoever dies meanwhile."""

import asyncio

import msgspec
import pytest
from tests.supervisor import stage as acting
from tests.supervisor.core.world import LOOK, ONE, THINK
from tests.supervisor.stage import Agent, EffectWorker, Stage

from interlock.contracts import facts
from interlock.contracts.effect import AskCall
from interlock.contracts.people import Answer, Reject
from interlock.contracts.plan import Plan, PlannedStep
from interlock.supervisor import leader as shell

ASK = AskCall(question="May I?")
BEFORE_AND_AFTER = (THINK, ASK, LOOK)
HUMAN = Plan(
    steps=(
        PlannedStep(id="look", role="human", input={"ask": "How many?", "form": {"type": "integer"}}),
        PlannedStep(id="a", role="researcher", after=("look",)),
    )
)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell, "TICK_S", 0.02)


async def one_hand(stage: Stage) -> Agent:
    """Let a researcher with one hand come back: a new life, that knows nothing."""
    agent = Agent(stage.server, "researcher-1", BEFORE_AND_AFTER)
    agent.capacity = 1
    await stage.join(agent)
    return agent


async def worker_of(stage: Stage) -> EffectWorker:
    worker = EffectWorker(stage.server)
    await stage.join(worker)
    return worker


async def suspended(stage: Stage, task: int) -> None:
    await stage.until(lambda: stage.told(task, facts.StepSuspended))


async def answer(stage: Stage, task: int, text: str = "You may.") -> None:
    await stage.operator.say("human", "answer", Answer(text=text), task, 1)


async def test_an_agent_with_one_hand_does_other_work_while_a_person_is_awaited(stage: Stage) -> None:
    # Given an agent with one hand that has asked a person something
    stage.supervise()
    worker, agent = await worker_of(stage), await one_hand(stage)
    first = await stage.submit(ONE, review=False)
    await suspended(stage, first)
    # When another task comes, then its step is begun, and asks too
    second = await stage.submit(ONE, review=False)
    await suspended(stage, second)
    # And when the answers come, last first, both are done, and each call was made once
    await answer(stage, second)
    await stage.completed(second)
    await answer(stage, first)
    await stage.completed(first)
    assert len(worker.done) == len(set(worker.done)) == 4
    assert {step for step in agent.attempts if step[2] == 1} == {(first, "a", 1), (second, "a", 1)}
    assert stage.told(first, facts.StepLost) == []


async def test_a_restart_of_everybody_changes_nothing(stage: Stage) -> None:
    # Given a step that waits for a person
    _, _, running = stage.supervise()
    worker, agent = await worker_of(stage), await one_hand(stage)
    task = await stage.submit(ONE, review=False)
    await suspended(stage, task)
    # When supervisor and agent are killed, and come again
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await agent.leave()
    stage.supervise("supervisor-2")
    again = await one_hand(stage)
    # Then the answer lets the step go on where it was, and nothing is bought twice
    await answer(stage, task)
    await stage.completed(task)
    assert again.attempts == [(task, "a", 2)]
    assert [outcome.end for outcome in again.outcomes] == ["completed", "answered", "completed"]
    assert len(worker.done) == len(set(worker.done)) == 2


async def test_who_has_not_heard_that_its_step_waits_hears_it_from_the_next_who_leads(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an agent that asks once, and is not reached when its step is suspended
    monkeypatch.setattr(acting, "ASK_AGAIN_S", 60.0)
    _, _, running = stage.supervise()
    await worker_of(stage)
    agent = await one_hand(stage)
    agent.deaf = True
    task = await stage.submit(ONE, review=False)
    await suspended(stage, task)
    work = agent.at_work[task, "a", 1]
    # When another supervisor takes over
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    agent.deaf = False
    stage.supervise("supervisor-2")
    # Then the agent hears of it
    await stage.until(work.cancelled)


async def test_an_answer_that_comes_while_nobody_leads_counts(stage: Stage) -> None:
    _, _, running = stage.supervise()
    await stage.cast(BEFORE_AND_AFTER)
    task = await stage.submit(ONE, review=False)
    await suspended(stage, task)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await answer(stage, task)
    stage.supervise("supervisor-2")
    await stage.completed(task)


async def test_a_no_reaches_the_agent_with_its_reason_when_it_begins_again(stage: Stage) -> None:
    stage.supervise()
    await stage.cast((ASK,))
    task = await stage.submit(ONE, review=False)
    await suspended(stage, task)
    await stage.operator.say("human", "reject", Reject(reason="not now"), task, 1)
    await stage.completed(task)
    (outcome,) = stage.agent("researcher-1").outcomes
    assert (outcome.end, outcome.message) == ("denied", "person: olga said no: not now")


async def test_the_answer_of_a_person_who_does_a_step_is_given_to_the_steps_after_it(stage: Stage) -> None:
    # Given a plan whose first step is a person's
    stage.supervise()
    await stage.cast((LOOK,))
    task = await stage.submit(HUMAN, review=False)
    await suspended(stage, task)
    # When the answer does not fit the form, then it is refused with the place
    await answer(stage, task, "seven")
    await stage.until(lambda: stage.told(task, facts.Refused))
    # And when it does, then the next step is given it
    await stage.operator.say("human", "answer", Answer(value=msgspec.Raw(b"7")), task, 1)
    await stage.completed(task)
    assert stage.agent("researcher-1").given == [{"look": b"7"}]
