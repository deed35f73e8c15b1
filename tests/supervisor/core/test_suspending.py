"""A step that waits for people alone is in nobody's hand: nothing runs, is bought, or is lost."""

from typing import Any

import pytest
from tests.supervisor.core.payments import asked, pay
from tests.supervisor.core.world import LOOK, ONE, PLAN, THINK, World, all_of, limited

from interlock.contracts import facts
from interlock.contracts.budget import Amounts
from interlock.contracts.effect import AskCall, Call
from interlock.supervisor.core.limits import SUSPEND_MS

ASK = AskCall(question="May I?")
USED = Amounts(tokens=20, spend_usd_micros=30, model_calls=1)


def at_work(**fields: Any) -> tuple[World, int]:
    world = World()
    world.agent("researcher-1", capacity=1)
    world.worker()
    return world, world.submit(plan=ONE, review=False, **fields)


def asks(world: World, number: int, call: Call = ASK, key: str = "k1") -> int:
    """Let the step ask, and nobody answer at once; return the effect."""
    effect = world.ask(number, "a", call, key=key)
    world.tick(SUSPEND_MS)
    return effect


def test_who_asked_is_free_for_other_work_and_the_step_begins_again_when_it_is_decided() -> None:
    # Given an agent with one hand that asks a person
    world, number = at_work()
    effect = asks(world, number)
    suspended = world.only(number, facts.StepSuspended)
    assert (suspended.principal, suspended.attempt) == ("researcher-1", 1)
    # When another task comes, then it gets that hand
    other = world.submit(plan=ONE, review=False)
    assert world.step(other, "a").principal == "researcher-1"
    # And when the answer comes, the step waits for a hand, and begins again where it was
    world.answer(number, effect)
    assert world.kinds(number) == ["Resolved", "EffectSettled", "StepAwakened"]
    world.result(other, "a")
    assert (world.step(number, "a").state, world.step(number, "a").attempt) == ("assigned", 2)
    world.ask(number, "a", ASK)
    assert world.kinds(number) == ["EffectRepeated"]
    # And that it was suspended counts neither as a loss nor as another step
    assert (world.step(number, "a").losses, world.task(number).account.spent.steps) == (0, 1)


def test_neither_clocks_nor_deadlines_run_while_a_person_is_awaited() -> None:
    world, number = at_work(budget=limited(wall_ms=10_000))
    world.tick(4_000 - SUSPEND_MS)
    effect = asks(world, number)
    world.tick(10**9)
    assert world.last == {}
    world.answer(number, effect)
    assert world.task(number).account.wall_ms(world.now_ms) == 4_000
    assert world.step(number, "a").deadline_ms == world.now_ms + 300_000


def test_the_clock_runs_on_while_other_steps_work() -> None:
    world = World()
    world.everybody()
    number = world.submit(plan=PLAN)
    asks(world, number)
    world.tick(1_000 - SUSPEND_MS)
    assert world.task(number).account.wall_ms(world.now_ms) == 1_000
    # When the other step is done too, then all waits for the person
    world.result(number, "b")
    world.tick(60_000)
    assert world.task(number).account.wall_ms(world.now_ms) == 1_000


def test_a_step_that_waits_for_something_else_too_keeps_its_agent_until_that_has_ended() -> None:
    world, number = at_work()
    thinking = world.ask(number, "a", THINK, key="k1")
    asks(world, number, key="k2")
    assert world.kinds(number) == []
    world.completed(number, thinking, USED)
    world.tick()
    assert world.kinds(number) == ["StepSuspended"]


def test_with_two_questions_the_step_is_suspended_until_both_are_answered() -> None:
    world, number = at_work()
    ones = world.ask(number, "a", ASK, key="k1")
    second = asks(world, number, AskCall(question="And this?"), key="k2")
    assert world.step(number, "a").state == "awaiting"
    # When one is answered, the step stays where it is: it would only wait again
    world.answer(number, ones)
    assert world.step(number, "a").state == "awaiting"
    world.answer(number, second)
    assert world.step(number, "a").state == "assigned"
    assert len(all_of(world.told, number, facts.StepSuspended)) == 1


def test_an_approved_effect_is_granted_at_once_though_nobody_has_the_step() -> None:
    world, number, effect = asked()
    other = world.submit(plan=ONE, review=False)
    assert world.step(other, "a").state == "assigned"
    world.approve(number, by="bob")
    world.approve(number, by="carol")
    assert (world.effect(number, effect).state, world.step(number, "a").state) == ("granted", "ready")
    # And its outcome is there when the step begins again
    world.completed(number, effect, Amounts(tool_calls=1))
    world.result(other, "a")
    pay(world, number)
    assert world.kinds(number) == ["EffectRepeated"]
    assert world.effect(number, effect).state == "completed"


def test_what_the_agent_still_says_of_a_suspended_attempt_is_late() -> None:
    world, number = at_work()
    asks(world, number)
    attempt = world.step(number, "a").attempt
    body = b'{"step":"a","attempt":%d,"value":"done"}' % attempt
    world.say("researcher-1", "agent", "result", body, number)
    assert world.kinds(number) == ["Refused"]
    # And that it has stopped is taken without further ado
    world.stopped(number, "a", "researcher-1", attempt)
    assert world.kinds(number) == ["StepStopped"]


def test_a_parked_task_gives_hands_back_where_nothing_is_in_flight() -> None:
    # Given two steps, one of which has something in flight, and budget for that alone
    world = World()
    world.everybody()
    number = world.submit(plan=PLAN, budget=limited(tool_calls=1))
    flying = world.ask(number, "a", LOOK, key="k1")
    world.ask(number, "b", LOOK, key="k1")
    world.completed(number, flying, Amounts(tool_calls=1))
    # When the other cannot go on
    world.tick()
    assert world.task(number).hold == "parked"
    # Then its step is suspended, and the one that thinks is left alone
    assert {name: world.step(number, name).state for name in ("a", "b")} == {
        "a": "assigned",
        "b": "awaiting",
    }
    world.more(number, tool_calls=5)
    assert world.step(number, "b").state == "assigned"
    assert world.effect(number, world.task(number).keys["b", "k1"]).state == "granted"


def test_who_is_answered_at_once_goes_on_at_once() -> None:
    world, number = at_work()
    effect = world.ask(number, "a", ASK)
    world.tick(SUSPEND_MS - 1)
    world.answer(number, effect)
    world.tick(SUSPEND_MS)
    assert (world.step(number, "a").state, world.step(number, "a").attempt) == ("assigned", 1)


@pytest.mark.parametrize("how", ["bye", "silence"])
def test_an_agent_that_dies_while_a_person_is_awaited_loses_nothing(how: str) -> None:
    world, number = at_work()
    effect = asks(world, number)
    getattr(world, how)("researcher-1")
    assert world.said(number, facts.StepLost) == []
    world.answer(number, effect)
    world.agent("researcher-1")
    assert world.step(number, "a").state == "assigned"


def test_a_task_that_is_paused_meanwhile_stays_so_after_the_answer() -> None:
    world, number = at_work()
    effect = asks(world, number)
    world.control("pause", number)
    world.answer(number, effect)
    assert (world.step(number, "a").state, world.task(number).hold) == ("ready", "paused")
    world.control("resume", number)
    assert world.step(number, "a").state == "assigned"


def test_a_new_plan_drops_what_waits_and_voids_what_was_asked() -> None:
    world = World()
    world.everybody()
    number = world.submit(plan=PLAN)
    world.ask(number, "a", ASK)
    world.failure(number, "b", "unfit_input")
    closed = world.only(number, facts.Resolved)
    assert (closed.number, closed.verdict) == (1, "void")
    assert world.step(number, "a").state == "dropped"
