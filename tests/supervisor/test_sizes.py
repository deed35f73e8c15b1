"""However much one task asks for, what is decided about it fits into records, and the supervisor goes on."""

import asyncio
from typing import Any

import pytest
from tests.supervisor.core.world import MODEL, ONE
from tests.supervisor.stage import Agent, EffectWorker, Stage

from interlock.contracts import facts, limits
from interlock.contracts.budget import Budget
from interlock.contracts.effect import EffectRequest, ToolCall
from interlock.contracts.message import encode
from interlock.contracts.plan import Plan, PlannedStep
from interlock.contracts.presence import EffectHello, ToolOffer
from interlock.contracts.roles import Verdict
from interlock.supervisor.core.deciding import outgrowing

CALLS = 600
WIDE = Plan(steps=tuple(PlannedStep(id=f"s{n}", role="executor") for n in range(limits.MAX_PLAN_STEPS)))


class Sharp(Agent):
    """A reviewer that wants everything done better, at the greatest length."""

    async def _work(self, step: Any) -> None:
        reasons = tuple(f"{n:02} {'x' * (limits.MAX_LINE_CHARS - 3)}" for n in range(limits.MAX_CRITERIA))
        first = step.step == "review"
        verdict = Verdict(decision="revise", reasons=reasons) if first else Verdict(decision="approve")
        await self.give(step, verdict)


class Stranger(EffectWorker):
    """A worker that offers many tools with long names, and not the one that is waited for."""

    async def start(self) -> None:
        await self.desk.start()
        tools = tuple(
            ToolOffer(tool=f"{'x' * 60}{n:02}", risk="read", repeatable=True)
            for n in range(limits.MAX_OFFERS)
        )
        hello = EffectHello(incarnation=self.incarnation, capacity=8, models=(MODEL,), tools=tools)
        await self.say("effect", "hello", hello)


def fits(stage: Stage) -> bool:
    return max(len(record.data) for record in stage.server.records) <= limits.MAX_DECISION_BYTES


async def led_on(stage: Stage, task: int) -> None:
    """See that the supervisor goes on, and that another one can read the log and take over."""
    assert not stage.running[0].done()
    stage.running[0].cancel()
    await asyncio.gather(stage.running[0], return_exceptions=True)
    after, _, _ = stage.supervise("supervisor-2")
    await stage.leader(after)
    assert after.state.tasks[task].id == task


async def test_hundreds_of_calls_that_waited_for_a_worker_are_denied_by_and_by(stage: Stage) -> None:
    # Given a task that has asked for a tool so often, and nobody is there to run it
    stage.supervise()
    agent = Agent(stage.server, "researcher-1", ())
    agent.may_go_on.clear()
    await stage.join(agent)
    task = await stage.submit(ONE, review=False)
    await stage.until(lambda: agent.attempts)
    for n in range(CALLS):
        call = ToolCall(tool="search", arguments={"query": str(n)})
        await agent.say("agent", "effect", EffectRequest(step="a", attempt=1, key=f"k{n}", call=call), task)
    await stage.until(lambda: len(stage.told(task, facts.EffectHeld)) == CALLS)
    # When a worker comes that does not have the tool, so that each denial names all that it has
    await stage.join(Stranger(stage.server))
    # Then all are denied, in records that fit
    await stage.until(lambda: stage.running[0].done() or len(stage.told(task, facts.EffectDenied)) == CALLS)
    denials = stage.told(task, facts.EffectDenied)
    assert sum(len(encode(fact)) for fact in denials) > limits.MAX_DECISION_BYTES
    assert fits(stage)
    await led_on(stage, task)


async def test_what_never_fits_ends_one_task_and_the_supervisor_goes_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given records that hold less than what follows from a long plan
    supervisor, _, _ = stage.supervise()
    await stage.cast(())
    await stage.until(lambda: len(supervisor.state.principals) == len(stage.players))
    monkeypatch.setattr(outgrowing, "MAX_FACTS_BYTES", 1_000)
    # When somebody submits one
    task = await stage.submit(WIDE)
    # Then it is rejected, with a sentence that says why, and others are done
    await stage.until(lambda: stage.told(task, facts.Rejected))
    (rejected,) = stage.told(task, facts.Rejected)
    assert rejected.reason.startswith(f"what would be decided about task {task} takes")
    await stage.completed(await stage.submit(ONE))
    assert not stage.running[0].done()


async def test_what_a_reviewer_says_at_length_to_many_steps_fits(stage: Stage) -> None:
    # Given a plan of as many steps as there may be, all of them its last
    stage.supervise()
    executor = Agent(stage.server, "executor-1", ())
    executor.capacity = limits.MAX_PLAN_STEPS
    await stage.join(executor)
    await stage.join(Sharp(stage.server, "reviewer-1", ()))
    # When the reviewer wants all of them anew
    task = await stage.submit(WIDE, budget=Budget(steps=100))
    # Then they are done anew, and the log can be read
    await stage.until(lambda: stage.running[0].done() or stage.told(task, facts.StepReopened))
    assert fits(stage)
    await stage.completed(task)
    assert len(executor.attempts) == 2 * limits.MAX_PLAN_STEPS
    await led_on(stage, task)
