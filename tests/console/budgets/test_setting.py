"""Shared limits, set by a person: what is not named stays, and the answer says what became of the tasks."""

import asyncio

import pytest
from tests.supervisor.stage import Stage

from interlock.bus.clock import now_ms
from interlock.bus.memory_bus import MemoryBus
from interlock.console.budgets.book import read_book
from interlock.console.budgets.consequences import concerned, fates
from interlock.console.budgets.setting import changed, set_and_tell
from interlock.console.budgets.shared import all_standing, scope_named, set_limits, standing
from interlock.console.errors import BadInput
from interlock.contracts import facts as f
from interlock.contracts.budget import Budget
from interlock.contracts.control import SetLimits
from interlock.contracts.decision import Decision
from interlock.contracts.message import encode
from interlock.contracts.subjects import decision_subject, input_subject
from interlock.supervisor.core.account import Account
from interlock.supervisor.core.state import replace

ACME = "tenant acme"


async def park(stage: Stage, olga: MemoryBus) -> int:
    """Let a task be parked because its tenant may make one call a day."""
    await set_limits(olga, ACME, changed({"model_calls_per_day": 1}, [], ""))
    await stage.cast()
    task = await stage.submit(tenant="acme")
    await stage.until(lambda: stage.told(task, f.Parked))
    return task


async def test_what_is_not_named_stays(stage: Stage, olga: MemoryBus) -> None:
    # Given a tenant with two limits
    await set_limits(olga, ACME, changed({"usd": 10_000_000, "tokens_per_day": 50}, [], "first"))
    # When one is changed, one is freed and one is new
    named = changed({"usd": 5_000_000, "steps": 3}, ["tokens_per_day"], "second")
    seq, _ = await set_limits(olga, ACME, named)
    # Then the rest is as it was, and the newest input says all of it
    await stage.until(lambda: len(stage.told(0, f.LimitsSet)) == 2)
    fact = stage.told(0, f.LimitsSet)[-1]
    assert (fact.total, fact.day) == (Budget(spend_usd_micros=5_000_000, steps=3), Budget())
    assert (fact.scope, fact.by, fact.reason) == (ACME, "olga", "second")
    stands = await standing(olga, ACME)
    assert (stands.seq, stands.by, stands.limits.total) == (seq, "olga", fact.total)


@pytest.mark.usefixtures("stage")
async def test_with_only_what_is_not_named_has_no_limit(olga: MemoryBus) -> None:
    await set_limits(olga, "fleet", changed({"usd": 10, "tokens": 5}, [], ""))
    _, limits = await set_limits(olga, "fleet", changed({"steps": 1}, [], "", only=True))
    assert (limits.total, limits.day) == (Budget(steps=1), Budget())


async def test_a_limit_that_lets_a_task_go_on_says_so(stage: Stage, olga: MemoryBus) -> None:
    # Given a task that waits for its tenant's daily limit
    task = await park(stage, olga)
    # When the limit is set to enough
    lines = await set_and_tell(olga, ACME, changed({"model_calls_per_day": 100}, [], ""))
    # Then it is said that it goes on, and it does
    assert lines[0].startswith("tenant acme has 100 model calls a day from record ")
    assert lines[-1] == f"task {task} goes on where it was"
    await stage.completed(task)


async def test_a_limit_that_is_still_too_small_says_what_is_lacking(stage: Stage, olga: MemoryBus) -> None:
    task = await park(stage, olga)
    lines = await set_and_tell(olga, ACME, changed({"model_calls_per_day": 1, "usd": 1_000_000}, [], ""))
    assert lines[-1].startswith(f"task {task} stays parked: the tenant acme may use 1 model call a day")
    assert "to go on: interlock limits set tenant acme --model-calls-per-day" in lines[-1]


async def test_tasks_at_work_are_looked_at_when_their_wall_time_is_taken_away(
    stage: Stage, olga: MemoryBus
) -> None:
    # Given a task at work
    await stage.cast()
    stage.agent("planner-1").may_go_on.clear()
    task = await stage.submit(tenant="acme")
    await stage.until(lambda: stage.told(task, f.StepAssigned))
    book = await read_book(olga)
    # Then it is concerned by a wall time that is over, and by nothing else
    for scope in (ACME, "fleet", "role planner"):
        account = book.shared(scope)
        no_time, no_money = Budget(wall_ms=0), Budget(spend_usd_micros=0)
        assert concerned(book, scope, replace(account, budget=no_time), now_ms()) == {task}
        assert concerned(book, scope, replace(account, daily=no_time), now_ms()) == {task}
        assert concerned(book, scope, replace(account, budget=no_money), now_ms()) == set()
    assert concerned(book, "role reviewer", Account(budget=Budget(wall_ms=0)), now_ms()) == set()


async def test_a_task_that_the_limits_stop_is_named_with_what_it_lacks() -> None:
    # Given a supervisor's decisions about an input: the fleet's, and one that stops a task
    stage = Stage()
    bus = stage.operator.bus
    seq, _ = await set_limits(bus, ACME, changed({"wall_s": 60}, [], ""))
    lack = f.Lack(scope=ACME, dimension="wall_ms", limit=60_000, needed=1)
    parked = f.Parked(at_ms=0, kind="budget", reason="time", lack=lack)
    stands = f.LimitsSet(at_ms=0, scope=ACME, total=Budget(wall_ms=60_000), day=Budget(), by="olga")
    facts: dict[int, f.AnyFact] = {0: stands, 7: parked}
    for task, fact in facts.items():
        record = Decision(task=task, cause=seq, at_ms=0, by="supervisor-1", facts=(fact,))
        await bus.append(decision_subject(task), encode(record))
    # When somebody waits for what becomes of the task
    decision, found = await fates(bus, seq, {7})
    # Then it is said that it stops, why, and what to do
    assert decision is not None
    (stopped,) = map(str, found)
    assert stopped.startswith("task 7 stops: the tenant acme may use 1 min, and that time is over; ")
    assert stopped.endswith("to go on: interlock limits set tenant acme --wall-s 360")
    await stage.end()


async def test_two_people_at_once_lose_nothing_of_what_either_set(stage: Stage, olga: MemoryBus) -> None:
    # Given somebody who sets another limit of the same tenant right before ours is stored
    other = MemoryBus(stage.server, "otto")

    def meanwhile(stands: SetLimits) -> SetLimits:
        if stands.total.tokens is None:
            subject = input_subject("otto", "control", "limit", "tenant", "acme")
            other.append_soon(subject, b'{"total": {"tokens": 7}}')
        return changed({"usd": 5_000_000}, [], "")(stands)

    # When ours is set
    await set_limits(olga, ACME, meanwhile)
    # Then both stand
    stands = await standing(olga, ACME)
    assert stands.limits.total == Budget(spend_usd_micros=5_000_000, tokens=7)


async def test_a_role_that_nobody_has_is_pointed_out(stage: Stage, olga: MemoryBus) -> None:
    await stage.cast()
    await stage.until(lambda: len(stage.told(0, f.AgentJoined)) == 4)
    lines = await set_and_tell(olga, "role excutor", changed({"tokens": 5}, [], ""))
    assert lines[-1] == (
        "nobody has had the role excutor so far; there are executor, planner, researcher, reviewer"
    )
    assert "nobody" not in (await set_and_tell(olga, "role executor", changed({"tokens": 5}, [], "")))[-1]


async def test_without_a_supervisor_the_limits_stand_and_that_is_said() -> None:
    stage = Stage()
    try:
        async with asyncio.timeout(10):
            lines = await set_and_tell(stage.operator.bus, "fleet", changed({"usd": 1}, [], ""))
        assert lines == ["the limits stand in the log as record 1; no supervisor has decided on them yet"]
    finally:
        await stage.end()


@pytest.mark.usefixtures("stage")
async def test_what_nobody_can_read_is_passed_over(olga: MemoryBus) -> None:
    await set_limits(olga, ACME, changed({"tokens": 5}, [], ""))
    await olga.append(input_subject("olga", "control", "limit", "tenant", "acme"), b"{")
    await olga.append(input_subject("olga", "control", "limit", "planet", "acme"), b"{}")
    assert (await standing(olga, ACME)).limits.total == Budget(tokens=5)
    assert set(await all_standing(olga)) == {ACME}


@pytest.mark.parametrize(("kind", "name"), [("fleet", "acme"), ("tenant", ""), ("role", "No Name")])
def test_a_scope_has_a_name_that_it_may_have(kind: str, name: str) -> None:
    with pytest.raises(BadInput):
        scope_named(kind, name)
