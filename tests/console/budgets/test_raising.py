"""A raise says what it did: the task goes on, or what it lacks still."""

from typing import Any

import pytest
from tests.supervisor.stage import Stage

from interlock.bus.memory_bus import MemoryBus
from interlock.console.budgets.raising import raise_and_tell
from interlock.console.budgets.setting import changed
from interlock.console.budgets.shared import set_limits
from interlock.console.errors import RefusedBySupervisor
from interlock.contracts import facts as f
from interlock.contracts.budget import Amounts, Budget
from interlock.contracts.control import Control


async def parked(stage: Stage, **fields: Any) -> int:
    await stage.cast()
    task = await stage.submit(**fields)
    await stage.until(lambda: stage.told(task, f.Parked))
    return task


async def test_a_task_that_has_enough_goes_on(stage: Stage, olga: MemoryBus) -> None:
    task = await parked(stage, budget=Budget(model_calls=1))
    lines = await raise_and_tell(olga, task, Amounts(model_calls=10, tokens=5), "worth it")
    assert lines[0].startswith(f"task {task} may use 5 tokens, 10 model calls more; its limits are now $1, ")
    assert lines[-1] in {"it goes on where it was", "it went on, and is completed"}
    await stage.completed(task)


async def test_a_task_that_lacks_something_else_says_what(stage: Stage, olga: MemoryBus) -> None:
    task = await parked(stage, budget=Budget(model_calls=1))
    lines = await raise_and_tell(olga, task, Amounts(spend_usd_micros=5_000_000))
    assert lines[-1].startswith("it still lacks something and stays parked: the task may use 1 model call, ")
    assert lines[-1].endswith(f"to go on: interlock budget raise {task} --model-calls 10")


async def test_a_task_that_waits_for_its_tenant_is_told_to_raise_that(stage: Stage, olga: MemoryBus) -> None:
    await set_limits(olga, "tenant acme", changed({"model_calls": 1}, [], ""))
    task = await parked(stage, tenant="acme")
    lines = await raise_and_tell(olga, task, Amounts(model_calls=10))
    assert lines[-1].endswith("to go on: interlock limits set tenant acme --model-calls 11")


async def test_a_task_at_work_and_a_paused_one_say_where_they_stand(stage: Stage, olga: MemoryBus) -> None:
    await stage.cast()
    stage.agent("planner-1").may_go_on.clear()
    task = await stage.submit(budget=Budget(tokens=None))
    await stage.until(lambda: stage.told(task, f.StepAssigned))
    assert (await raise_and_tell(olga, task, Amounts(tokens=1)))[-1] == "it was not parked, and works on"
    await stage.operator.say("control", "pause", Control(), "task", task)
    lines = await raise_and_tell(olga, task, Amounts(tokens=1))
    assert lines[-1] == f"it stays paused; to go on: interlock resume task {task}"


async def test_a_task_that_has_ended_refuses_more(stage: Stage, olga: MemoryBus) -> None:
    await stage.cast()
    task = await stage.submit()
    await stage.completed(task)
    with pytest.raises(RefusedBySupervisor, match=f"task {task}"):
        await raise_and_tell(olga, task, Amounts(tokens=1))
