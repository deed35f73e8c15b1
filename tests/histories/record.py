"""Records histories anew: `python -m tests.histories.record [name...]`. Do so when facts changed on purpose.

Each is a run of a real supervisor on the in-memory bus in real time.
"""

# pyright: reportPrivateUsage=false

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec
from tests.histories.recorder import save
from tests.supervisor.core.world import LOOK, ONE, THINK
from tests.supervisor.stage import Player, Stage

from interlock.bus.presence import Beater
from interlock.contracts import facts
from interlock.contracts.budget import Amounts, Budget
from interlock.contracts.control import Control, RaiseLimit, SetLimits
from interlock.contracts.effect import AskCall
from interlock.contracts.observed import Entitlement
from interlock.contracts.people import Answer, Reject
from interlock.contracts.plan import Plan, PlannedStep
from interlock.contracts.step import StepFailure, StepResult

TELL = Plan(steps=(PlannedStep(id="a", role="executor"),))
HERE = Path(__file__).parent


async def simple(stage: Stage) -> None:
    """One task from its submission to its completion."""
    stage.supervise()
    await stage.cast()
    await stage.completed(await stage.submit(tenant="red", criteria=("It says why.",)))


async def lost_agent(stage: Stage) -> None:
    """An agent falls silent, another one fails once, a person pauses and resumes, two tasks compete."""
    stage.supervise(silent_ms=600)
    await stage.cast()
    beating = [await beat(player) for player in stage.players if player.bus.principal != "planner-1"]
    planner, executor = stage.agent("planner-1"), stage.agent("executor-1")
    planner.may_go_on.clear()
    executor.may_go_on.clear()
    first, second = await stage.submit(), await stage.submit(priority=9)
    await stage.until(lambda: stage.told(0, facts.Left))
    planner.incarnation = "again"
    planner.may_go_on.set()
    beating.append(await beat(planner))
    await planner.start()
    await stage.until(lambda: len(executor.attempts) == 2)
    await stage.operator.say("control", "pause", Control(reason="lunch"), "task", second)
    failure = StepFailure(step="tell", attempt=1, kind="transient", message="the disk was full")
    await Player(stage.server, "executor-1").say("agent", "failed", failure, first)
    await stage.until(lambda: stage.told(second, facts.Paused))
    await stage.operator.say("control", "resume", Control(), "task", second)
    await stage.until(lambda: stage.told(first, facts.StepRetried))
    executor.may_go_on.set()
    await stage.completed(first)
    await stage.completed(second)
    for beater in beating:
        await beater.stop()


async def beat(player: Player) -> Beater:
    beater = Beater(player.bus, player.bus.principal, lambda: b"{}", every_s=0.1)
    await beater.start()
    return beater


async def parked(stage: Stage) -> None:
    """The model calls are used up twice; each time the task is parked, and a person raises the limit."""
    stage.supervise()
    await stage.cast()
    task = await stage.submit(budget=Budget(model_calls=3))
    more = RaiseLimit(more=Amounts(model_calls=1), reason="go on")
    raises = 0

    def parked_again() -> bool:
        return len(stage.told(task, facts.Parked)) > raises or bool(stage.told(task, facts.Completed))

    await stage.until(parked_again)
    while not stage.told(task, facts.Completed):
        raises = len(stage.told(task, facts.Parked))
        await stage.operator.say("control", "raise", more, "task", task)
        await stage.until(parked_again)


async def shared(stage: Stage) -> None:
    """Two tasks use up what their tenant may spend a day; then the limit is set anew."""
    stage.supervise()
    await stage.cast()
    await stage.operator.say("control", "limit", SetLimits(total=Budget(tokens=10**6)), "fleet")
    few, more = (SetLimits(day=Budget(model_calls=calls), reason="today") for calls in (4, 100))
    await stage.operator.say("control", "limit", few, "tenant", "red")
    tasks = [await stage.submit(tenant="red") for _ in range(2)]
    await stage.until(lambda: all(stage.told(task, facts.Parked) for task in tasks))
    await stage.operator.say("control", "limit", more, "tenant", "red")
    for task in tasks:
        await stage.completed(task)


async def asked(stage: Stage) -> None:
    """A person does a step, others are asked by its agent, and one of them says no."""
    stage.supervise()
    await stage.cast((THINK, AskCall(question="May I?"), LOOK))
    await Player(stage.server, "access-1").say("access", "entitled", Entitlement(roles=("operator",)), "ada")
    look = PlannedStep(id="look", role="human", input={"ask": "How many?", "form": {"type": "integer"}})
    after = PlannedStep(id="a", role="researcher", after=("look",))
    task = await stage.submit(Plan(steps=(look, after)), review=False)
    await stage.until(lambda: stage.told(task, facts.StepSuspended))
    for value in (b'"many"', b"7"):
        await stage.operator.say("human", "answer", Answer(value=msgspec.Raw(value)), task, 1)
    await stage.until(lambda: len(stage.told(task, facts.StepSuspended)) > 1)
    ada = Player(stage.server, "ada")
    await ada.say("human", "reject", Reject(reason="not now"), task, 2)
    await ada.say("human", "answer", Answer(text="too late"), task, 2)
    await stage.completed(task)
    await stage.until(lambda: len(stage.told(task, facts.Refused)) > 1)


async def killed(stage: Stage) -> None:
    """Tasks, a tool and an agent are killed; one agent confirms, another one does not; somebody forges."""
    stage.supervise()
    worker = await stage.cast()
    researcher, executor = stage.agent("researcher-1"), stage.agent("executor-1")
    researcher.may_go_on.clear()
    executor.may_go_on.clear()
    executor.confirms = False
    first, second = await stage.submit(ONE, review=False), await stage.submit(TELL, review=False)
    await stage.until(lambda: researcher.attempts and executor.attempts)
    forged = StepResult(step="a", attempt=1, value=msgspec.Raw(b'"forged"'))
    await Player(stage.server, "mallory").say("agent", "result", forged, first)
    for task in (first, second):
        await stage.operator.say("control", "kill", Control(reason="enough"), "task", task)
        await until_receipted(stage, task)
    third = await stage.submit(ONE, review=False)
    worker.may_go_on.clear()
    researcher.may_go_on.set()
    await stage.until(lambda: stage.told(third, facts.EffectGranted))
    await stage.operator.say("control", "kill", Control(), "tool", "search")
    worker.may_go_on.set()
    await stage.completed(third)


async def until_receipted(stage: Stage, task: int) -> None:
    await stage.until(lambda: stage.told(task, facts.Receipted))


async def taken_over(stage: Stage) -> None:
    """The leader leaves in the middle of a task, and another one goes on with it."""
    _, _, running = stage.supervise("supervisor-1")
    await stage.cast()
    executor = stage.agent("executor-1")
    executor.may_go_on.clear()
    task = await stage.submit()
    await stage.until(lambda: executor.attempts)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    second, _, _ = stage.supervise("supervisor-2")
    await stage.leader(second)
    executor.may_go_on.set()
    await stage.completed(task)


HISTORIES: dict[str, Callable[[Stage], Awaitable[None]]] = {
    "simple": simple,
    "lost_agent": lost_agent,
    "parked": parked,
    "shared": shared,
    "asked": asked,
    "killed": killed,
    "taken_over": taken_over,
}


async def main(names: Sequence[str]) -> None:
    for name, play in HISTORIES.items():
        if names and name not in names:
            continue
        stage = Stage()
        await play(stage)
        await stage.end()
        save(stage.server.records, HERE / f"{name}.jsonl")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
