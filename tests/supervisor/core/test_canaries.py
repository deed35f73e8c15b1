"""Planted requests: they read like real ones, nothing hangs on them, and nothing ever happens for them."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.supervisor.core.payments import (
    FINANCE,
    LITTLE,
    MUCH,
    STOLEN,
    at_the_desk,
    bundle,
    pay,
    set_policies,
)
from tests.supervisor.core.people import signed, statement_of
from tests.supervisor.core.test_one_verdict import MORE, WHAT, Desk
from tests.supervisor.core.world import World, all_of

from interlock.contracts import facts
from interlock.contracts.effect import ToolCall
from interlock.contracts.limits import MAX_JUDGED_BYTES
from interlock.contracts.people import Abort, Delegate, PlantCanary, Reassign
from interlock.contracts.plan import Plan, PlannedStep
from interlock.contracts.policy import Route
from interlock.supervisor.core.limits import MAX_ASKED, SUSPEND_MS

PLANT = PlantCanary(role="finance", tool="pay", arguments=MUCH)


def plant(world: World, number: int, by: str = "ada", **changes: Any) -> None:
    scope: tuple[str | int, ...] = ("task", number) if number else ("fleet",)
    world.say(by, "control", "canary", replace(PLANT, **changes), *scope)


def planted(*routes: Route) -> tuple[World, int]:
    """Return a world with a task in whose only step, which is in hand, a payment is planted."""
    world, number = at_the_desk(*routes)
    plant(world, number)
    return world, number


def refused(world: World, number: int) -> str:
    return str(world.only(number, facts.Refused).reason)


def test_it_says_what_a_real_request_says() -> None:
    # Given a task in which somebody was told something from outside
    world, number = at_the_desk()
    read = world.ask(number, "a", ToolCall(tool="fetch"), "k0")
    world.completed(number, read)
    # When a payment is planted, and the same is really asked for
    plant(world, number)
    false = world.only(number, facts.Escalated)
    pay(world, number)
    real = world.only(number, facts.Escalated)
    # Then they differ in nothing but where they stand, what hangs on them, and the mark
    assert (false.canary, false.effect, false.blocks, false.excluded) == (True, 0, False, ("alice", "ada"))
    assert (false.evidence, false.rules, false.objective) != ((), (), "")
    seeming = replace(
        false,
        number=real.number,
        input=real.input,
        effect=real.effect,
        key=real.key,
        blocks=True,
        excluded=("alice",),
        canary=False,
    )
    assert seeming == real


def test_nothing_waits_for_it() -> None:
    world, number = planted()
    world.tick(SUSPEND_MS)
    assert world.step(number, "a").state == "assigned"
    assert not world.task(number).effects
    world.result(number, "a")
    assert [fact.verdict for fact in world.said(number, facts.Resolved)] == ["void"]
    assert world.said(number, facts.Completed)


def test_with_its_step_it_is_over() -> None:
    # Given a plan of two steps, the first of which is at work
    world, first = at_the_desk()
    world.result(first, "a")
    steps = (PlannedStep(id="a", role="researcher"), PlannedStep(id="b", role="researcher", after=("a",)))
    number = world.submit(plan=Plan(steps=steps), review=False)
    plant(world, number)
    # When that step ends
    world.result(number, "a")
    # Then nobody is asked any more, and the task goes on
    assert world.only(number, facts.Resolved).verdict == "void"
    assert world.step(number, "b").state == "assigned"


def test_who_may_only_suggest_asks_nobody() -> None:
    world, number = at_the_desk()
    world.autonomy("researcher", 1)
    plant(world, number)
    assert "nobody of finance is asked" in refused(world, number)


def approved(world: World, number: int) -> None:
    world.approve(number, by="bob")
    world.approve(number, by="carol")


def edited(world: World, number: int) -> None:
    world.edit(number, MUCH | {"cents": 70_000}, by="bob")
    world.approve(number, by="dan")


def edited_to_little(world: World, number: int) -> None:
    world.edit(number, LITTLE, by="bob")


def rejected(world: World, number: int) -> None:
    world.reject(number, by="bob")


def aborted(world: World, number: int) -> None:
    world.say("bob", "human", "abort", Abort(reason="what is this?"), number, 1)


def late(world: World, _number: int) -> None:
    world.tick(60_000)


def reassigned(world: World, number: int) -> None:
    world.say("olga", "human", "reassign", Reassign(to="operator"), number, 1)
    world.reject(number, by="olga")


@pytest.mark.parametrize(
    ("happens", "verdict", "by"),
    [
        (approved, "approved", ("bob", "carol")),
        (edited, "edited", ("bob", "dan")),
        (edited_to_little, "edited", ("bob",)),
        (rejected, "rejected", ("bob",)),
        (aborted, "rejected", ("bob",)),
        (reassigned, "rejected", ("olga",)),
        (late, "expired", ()),
    ],
)
def test_whatever_is_said_nothing_happens_and_the_task_goes_on(
    happens: Callable[[World, int], None], verdict: str, by: tuple[str, ...]
) -> None:
    world, number = planted(Route(role="finance", after_s=60, at_last="deny"))
    happens(world, number)
    closed = world.only(number, facts.Resolved)
    assert (closed.verdict, closed.by) == (verdict, by)
    told = {type(fact) for fact in world.told[number]}
    assert not {facts.EffectGranted, facts.EffectDenied, facts.EffectHeld, facts.StepSuspended} & told
    assert not world.task(number).effects
    assert world.step(number, "a").attempt == 1
    world.result(number, "a")
    assert world.kinds(number) == ["StepCompleted", "Completed"]


def test_the_policies_look_at_what_is_put_in_place() -> None:
    world, number = planted()
    world.edit(number, STOLEN, by="bob")
    assert "the fox gets nothing" in refused(world, number)


def test_neither_who_planted_it_nor_who_submitted_the_task_agrees() -> None:
    world, number = at_the_desk()
    world.person("ada", "finance", roles=("admin",))
    plant(world, number)
    world.edit(number, MUCH | {"cents": 70_000}, by="bob")
    for who in ("ada", "alice"):
        world.approve(number, by=who)
        assert "may not approve it" in refused(world, number)
    world.say("carol", "human", "delegate", Delegate(to="ada", for_s=60))
    world.approve(number, by="ada")
    assert "may not approve it" in refused(world, number)


@pytest.mark.parametrize(
    "scope", ["task", "fleet", "tenant default", "tool pay", "role researcher", "agent researcher-1"]
)
def test_a_kill_voids_it_as_it_would_a_real_one(scope: str) -> None:
    world, number = planted()
    name = f"task {number}" if scope == "task" else scope
    world.switch("kill", name)
    assert [fact.verdict for fact in world.said(number, facts.Resolved)] == ["void"]
    assert not [key for key in world.state.escalations if key[0] == number]


def test_a_kill_of_something_else_lets_it_stand() -> None:
    world, number = planted()
    world.switch("kill", "tool search")
    world.switch("kill", "role reviewer")
    assert (number, 1) in world.state.escalations


def test_under_other_policies_it_is_void_as_a_real_one_is() -> None:
    world, number = planted()
    set_policies(world, bundle("// other"))
    assert world.kinds(number) == ["Resolved"]
    assert world.state.verdicts[number, 1].verdict == "void"


def test_where_the_role_goes_less_far_it_is_judged_anew_as_a_real_one_is() -> None:
    world, number = planted()
    world.autonomy("researcher", 4)
    assert (number, 1) in world.state.escalations
    world.autonomy("researcher", 1)
    assert world.state.verdicts[number, 1].verdict == "void"


def test_in_a_task_that_stands_it_stands_too() -> None:
    world, number = planted(Route(role="finance", after_s=60, at_last="deny"))
    world.control("pause", number)
    world.tick(120_000)
    assert (number, 1) in world.state.escalations
    world.control("resume", number)
    world.tick(60_000)
    assert world.only(number, facts.Resolved).verdict == "expired"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"tool": "launch"}, "no effect worker here offers the tool launch: the request would look false"),
        ({"tool": "search"}, "nobody of finance is asked whether researcher may run search"),
        ({"arguments": LITTLE}, "nobody of finance is asked whether researcher may run pay"),
        ({"arguments": STOLEN}, "with these arguments: the request would look false"),
        ({"arguments": {"no": "cents"}}, "with these arguments: the request would look false"),
        ({"role": "controllers"}, "nobody of controllers is asked"),
        ({"arguments": {"to": "x" * MAX_JUDGED_BYTES}}, "bytes of arguments are not asked of anybody"),
    ],
)
def test_what_would_look_false_is_not_planted(changes: dict[str, Any], reason: str) -> None:
    world, number = at_the_desk()
    plant(world, number, **changes)
    assert reason in refused(world, number)
    assert not world.state.escalations


def test_on_the_fleet_where_nobody_asks_about_calls_nothing_is_planted() -> None:
    world, _ = at_the_desk()
    plant(world, 0)
    assert "name a task" in refused(world, 0)
    assert not world.state.escalations


def test_who_has_no_such_tool_does_not_seem_to_ask_for_it() -> None:
    world, number = at_the_desk(tools=("search",))
    plant(world, number)
    assert "who has the tool pay: the request would look false" in refused(world, number)


def test_under_a_killed_tool_nobody_asks() -> None:
    world, number = at_the_desk()
    world.switch("drain", "tool pay")
    plant(world, number)
    assert refused(world, number).startswith("tool pay is draining")


def test_it_is_planted_in_a_task_that_goes_on_and_where_somebody_is_at_work() -> None:
    world, number = at_the_desk()
    plant(world, 99)
    assert refused(world, 0) == "there is no task 99"
    world.say("ada", "control", "canary", PLANT, "step", number, "a")
    assert "name a task" in refused(world, number)
    world.say("ada", "control", "canary", PLANT, "task", "x")
    assert "nothing to switch" in refused(world, 0)
    pay(world, number)
    world.tick(SUSPEND_MS)
    plant(world, number)
    assert refused(world, number) == (
        f"nobody is at work in task {number} who has the tool pay: the request would look false"
    )
    world.approve(number, by=FINANCE[0])
    world.approve(number, by=FINANCE[1])
    world.result(number, "a")
    plant(world, number)
    assert refused(world, number) == f"task {number} is over"


class Looking(Desk):
    """A payment that is planted, and all that may happen to it."""

    def __init__(self) -> None:
        self.world, self.number = planted()
        self.effect = 0
        self.world.person("eve", roles=("approver",))
        self.world.more(self.number, wall_ms=10**9)
        self.old = [signed(statement_of(self.world.state, self.number, 1, who)) for who in FINANCE]
        self.versions = 0


@settings(max_examples=100, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(5, 40))
def test_nothing_ever_happens_and_one_verdict_counts(chance: Random, length: int) -> None:
    desk = Looking()
    for _ in range(length):
        desk.happen(chance.choice(WHAT + MORE), chance)
        if desk.world.task(desk.number).moving and chance.random() < 0.2:
            plant(desk.world, desk.number)
    told = desk.world.told[desk.number]
    assert not [fact for fact in told if isinstance(fact, facts.EffectGranted | facts.EffectDenied)]
    closed = [fact.number for fact in all_of(desk.world.told, desk.number, facts.Resolved)]
    assert len(closed) == len(set(closed))


def test_the_walks_meet_what_they_are_about() -> None:
    met: set[str] = set()
    for seed in range(12):
        chance, desk = Random(seed), Looking()
        for _ in range(40):
            desk.happen(chance.choice(WHAT + MORE), chance)
            plant(desk.world, desk.number)
        met |= {fact.verdict for fact in all_of(desk.world.told, desk.number, facts.Resolved)}
    assert {"approved", "edited", "rejected", "void"} <= met


def test_no_more_is_planted_than_people_can_be_asked() -> None:
    world, number = at_the_desk()
    for _ in range(MAX_ASKED + 1):
        plant(world, number)
    assert refused(world, number) == f"people are asked {MAX_ASKED} things for task {number} already"
