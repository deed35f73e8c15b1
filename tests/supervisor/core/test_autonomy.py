"""Autonomy: what each level does, which setting counts, who lowers it and who raises it."""

from typing import Any

import pytest
from tests.supervisor.core.policy.bundles import bundle
from tests.supervisor.core.world import LOOK, ONE, PAYING, PUT, TOOLS, World, all_of

from interlock.contracts import facts
from interlock.contracts.control import SetAutonomy
from interlock.contracts.effect import ToolCall
from interlock.contracts.people import Need
from interlock.supervisor.core.autonomy import level_of
from interlock.supervisor.core.limits import BURST_MS, MAX_AUTONOMY_SETTINGS

PAY = ToolCall(tool="pay", arguments={"to": "bob"})


def at_work(**charter: Any) -> tuple[World, int]:
    world = World()
    allowed: dict[str, Any] = {"tools": ("search", "write_file", "pay")}
    world.agent("researcher-1", **allowed | charter)
    world.worker(tools=(*TOOLS, PAYING))
    return world, world.submit(plan=ONE)


def level(world: World, risk: str = "write", tenant: str = "default") -> int:
    return level_of(world.state, "researcher", risk, tenant)


def test_at_level_1_a_change_stays_a_suggestion() -> None:
    world, number = at_work(autonomy=1)
    effect = world.ask(number, "a", PUT)
    suggested = world.only(number, facts.EffectRecommended)
    assert (suggested.effect, suggested.tool, suggested.arguments) == (effect, "write_file", {"path": "a"})
    assert world.effect(number, effect).state == "recommended"
    # And what is too long to stand there is named by its record
    long = world.ask(number, "a", ToolCall(tool="write_file", arguments={"text": "x" * 20_000}), key="k2")
    suggested = world.only(number, facts.EffectRecommended)
    assert suggested.arguments == {}
    assert f"record {long} has them" in suggested.reason


def test_at_level_2_a_change_waits_for_a_person_who_may_be_whoever_asked() -> None:
    world, number = at_work(autonomy=2, escalation="editors")
    world.ask(number, "a", PUT)
    asked = world.said(number, facts.Escalated)[0]
    assert asked.needs == (Need(role="editors"),)
    assert asked.excluded == ()
    assert asked.rules[0].id == "autonomy.2"
    assert "may only prepare and propose" in asked.rules[0].says


def test_at_level_2_what_takes_people_anyhow_takes_only_those() -> None:
    world, number = at_work(autonomy=2, escalation="editors")
    world.ask(number, "a", PAY)
    asked = world.said(number, facts.Escalated)[0]
    assert asked.needs == (Need(role="operator"),)
    assert asked.excluded == ("alice",)


def test_at_level_3_a_change_is_done_and_looked_at_afterwards() -> None:
    world, number = at_work(autonomy=3)
    world.ask(number, "a", PUT)
    granted = world.only(number, facts.EffectGranted)
    assert granted.flags == ("review",)
    # What it was asked with stays at hand for whoever reviews it
    assert granted.demand.arguments == {"path": "a"}


@pytest.mark.parametrize(("autonomy", "by_itself"), [(4, False), (5, True)])
def test_at_levels_4_and_5_policies_decide(autonomy: int, by_itself: bool) -> None:
    world, number = at_work(autonomy=autonomy)
    world.ask(number, "a", PUT, key="k1")
    assert world.only(number, facts.EffectGranted).flags == ()
    world.ask(number, "a", PAY, key="k2")
    assert bool(world.said(number, facts.EffectGranted)) is by_itself


@pytest.mark.parametrize("autonomy", [1, 2, 3])
def test_reading_is_never_held_up(autonomy: int) -> None:
    world, number = at_work(autonomy=autonomy)
    world.ask(number, "a", LOOK)
    assert world.only(number, facts.EffectGranted).flags == ()


def test_the_most_particular_setting_counts_and_a_tenant_comes_before_a_risk() -> None:
    world, _ = at_work(autonomy=4)
    assert level(world) == 4
    for setting, expected in (
        ({}, 5),
        ({"risk": "write"}, 1),
        ({"tenant": "default"}, 2),
        ({"risk": "write", "tenant": "default"}, 3),
    ):
        world.autonomy("researcher", expected, **setting)
        assert level(world) == expected
    assert level(world, "irreversible") == 2
    assert level(world, "write", "acme") == 1
    assert level(world, "irreversible", "acme") == 5
    # And level 0 gives it back, one by one
    world.autonomy("researcher", 0, risk="write", tenant="default")
    assert level(world) == 2
    assert level_of(world.state, "nobody-knows", "write", "default") == 2


def test_a_setting_says_who_and_why_and_is_refused_of_anything_but_a_role() -> None:
    world, _ = at_work()
    said = world.autonomy("researcher", 3, reason="new here")
    fact = world.only(0, facts.AutonomySet)
    assert (fact.by, fact.reason, fact.input, fact.lowered) == ("olga", "new here", said, False)
    world.say("olga", "control", "autonomy", SetAutonomy(level=3), "fleet")
    assert "autonomy is set of role.<name>, not of 'fleet'" in world.only(0, facts.Refused).reason


def test_settings_are_bounded() -> None:
    world, _ = at_work()
    for place in range(MAX_AUTONOMY_SETTINGS):
        world.autonomy(f"role-{place}", 3)
    world.autonomy("one-more", 3)
    assert "take some back" in world.only(0, facts.Refused).reason
    world.autonomy("role-0", 4)
    assert world.kinds(0) == ["AutonomySet"]


def test_a_lower_level_holds_at_once_for_what_runs_and_for_what_waits() -> None:
    world, number = at_work(autonomy=4)
    world.worker(capacity=1, tools=(*TOOLS, PAYING))
    first = world.ask(number, "a", PUT, key="k1")
    waits = world.ask(number, "a", PUT, key="k2")
    # When it is lowered while one is in flight and one waits
    world.autonomy("researcher", 1)
    world.completed(number, first)
    # Then the one that waits is no more than a suggestion, and what is asked later too
    assert world.only(number, facts.EffectRecommended).effect == waits
    world.ask(number, "a", PUT, key="k3")
    assert world.kinds(number) == ["EffectRecommended"]


def test_a_higher_level_lets_go_what_waited_for_a_person_only_because_of_the_lower() -> None:
    # Given one task that waits because of the level, and one because of a policy
    world, number = at_work(autonomy=2)
    other = world.submit(plan=ONE)
    write, payment = world.ask(number, "a", PUT), world.ask(other, "a", PAY)
    # When the level is raised, then only the one goes on
    world.autonomy("researcher", 4)
    assert [fact.effect for fact in world.said(number, facts.EffectGranted)] == [write]
    assert [fact.verdict for fact in world.said(number, facts.Resolved)] == ["void"]
    assert world.effect(other, payment).state == "escalated"
    assert not world.said(other)


def test_a_violation_lowers_by_one_level_for_that_risk_and_tenant_but_not_below_2() -> None:
    world, number = at_work(autonomy=4)
    world.policies(bundle('@id("never") forbid (principal, action in Action::"write", resource);'))
    for expected in (3, 2, 2):
        world.ask(number, "a", PUT, key=f"k{world.seq}")
        assert world.said(number, facts.EffectDenied)[0].rule == "policy.never"
        assert level(world) == expected
        lowered = world.said(0, facts.AutonomySet)
        assert [(fact.level, fact.lowered, fact.by) for fact in lowered] in (
            [(expected, True, "supervisor")],
            [],
        )
    assert level(world, "irreversible") == 4
    assert level(world, "write", "acme") == 4
    assert len(all_of(world.told, 0, facts.AutonomySet)) == 2


def test_a_violation_never_raises() -> None:
    world, number = at_work(autonomy=1)
    world.policies(bundle('forbid (principal, action in Action::"write", resource);'))
    world.ask(number, "a", PUT)
    assert level(world) == 1
    assert not world.said(0, facts.AutonomySet)


def fail(world: World, number: int, times: int, apart_ms: int = 0) -> None:
    for _ in range(times):
        effect = world.ask(number, "a", PUT, key=f"k{world.seq}")
        world.failed(number, effect)
        world.now_ms += apart_ms


def test_a_burst_of_errors_lets_each_change_wait_for_a_person() -> None:
    world, number = at_work(autonomy=5)
    fail(world, number, 4)
    assert level(world) == 5
    fail(world, number, 1)
    assert level(world) == 2
    lowered = world.only(0, facts.AutonomySet)
    assert (lowered.risk, lowered.tenant, lowered.lowered) == ("write", "default", True)
    assert "has failed 5 times within 60 s" in lowered.reason
    assert level(world, "irreversible") == 5


def test_errors_that_are_far_apart_and_those_of_reading_lower_nothing() -> None:
    world, number = at_work(autonomy=5)
    fail(world, number, 8, apart_ms=BURST_MS // 4 + 1)
    for place in range(4):
        world.failed(number, world.ask(number, "a", LOOK, key=f"r{place}"))
    assert level(world) == 5
    assert not all_of(world.told, 0, facts.AutonomySet)


@pytest.mark.parametrize("setting", [{}, {"risk": "write"}, {"tenant": "default"}])
def test_a_person_raises_what_was_lowered_whatever_the_breadth_of_the_word(setting: dict[str, Any]) -> None:
    world, number = at_work(autonomy=5)
    fail(world, number, 5)
    assert level(world) == 2
    world.autonomy("researcher", 5, **setting)
    assert level(world) == 5
    # And it takes a whole burst to lower it again
    fail(world, number, 4)
    assert level(world) == 5


def test_what_a_person_has_set_more_particularly_outlives_a_broader_word() -> None:
    world, _ = at_work(autonomy=5)
    world.autonomy("researcher", 3, risk="write")
    world.autonomy("researcher", 5)
    assert level(world) == 3
