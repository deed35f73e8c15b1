"""Who is asked next, and when: ladders and working hours. Nothing goes on because nobody answers."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.supervisor.core.payments import asked, at_the_desk, pay
from tests.supervisor.core.world import LOOK, ONE, World, all_of, limited

from interlock.contracts import facts
from interlock.contracts.effect import AskCall
from interlock.contracts.people import Delegate, Reassign
from interlock.contracts.plan import Plan, PlannedStep
from interlock.contracts.policy import Calendar, Route
from interlock.supervisor.core.limits import SUSPEND_MS
from interlock.supervisor.core.routing import after_open

HOUR_S, HOUR_MS = 3_600, 3_600_000
OFFICE = Calendar(name="office", days=(0, 1, 2, 3, 4), opens_minute=9 * 60, closes_minute=17 * 60)
LADDER = (
    Route(role="finance", after_s=HOUR_S, then="cfo"),
    Route(role="cfo", after_s=HOUR_S, at_last="deny"),
    Route(role="operator", after_s=HOUR_S, at_last="deny"),
)


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000)


# Working hours.


@pytest.mark.parametrize(
    ("begins", "hours", "due"),
    [
        ("2026-03-02T10:00", 2, "2026-03-02T12:00"),
        ("2026-03-02T07:00", 2, "2026-03-02T11:00"),
        ("2026-03-02T16:00", 2, "2026-03-03T10:00"),
        ("2026-03-06T16:00", 2, "2026-03-09T10:00"),
        ("2026-03-07T12:00", 1, "2026-03-09T10:00"),
        ("2026-03-02T09:00", 8, "2026-03-02T17:00"),
        ("2026-03-02T09:00", 40, "2026-03-06T17:00"),
        ("2026-03-02T09:00", 41, "2026-03-09T10:00"),
    ],
    ids=["within", "before", "overnight", "weekend", "saturday", "a_day", "a_week", "beyond"],
)
def test_only_the_hours_of_a_calendar_count(begins: str, hours: int, due: str) -> None:
    assert after_open(OFFICE, at(begins), hours * HOUR_MS) == at(due)


def test_the_hours_are_local_and_clocks_are_changed() -> None:
    # Given Berlin, where clocks are put forward on 29 March 2026
    berlin = Calendar(
        name="berlin",
        days=(0, 1, 2, 3, 4),
        opens_minute=9 * 60,
        closes_minute=17 * 60,
        zone="Europe/Berlin",
        offsets=((at("2025-10-26T01:00"), 60), (at("2026-03-29T01:00"), 120)),
    )
    assert after_open(berlin, at("2026-03-27T15:00"), 2 * HOUR_MS) == at("2026-03-30T08:00")


def test_a_calendar_that_is_never_open_has_no_end() -> None:
    assert after_open(Calendar(name="c", days=(), opens_minute=0, closes_minute=1), 0, 1) is None


@given(st.integers(0, 2 * 10**12), st.integers(1, 200 * HOUR_MS))
def test_what_is_due_is_due_when_it_is_open_and_never_before_so_much_time(begins: int, needed: int) -> None:
    due = after_open(OFFICE, begins, needed)
    assert due is not None
    assert due >= begins + needed
    moment = datetime.fromtimestamp((due - 1) / 1_000, UTC)
    assert moment.weekday() in OFFICE.days
    assert 9 <= moment.hour < 17


# The ladder.


def test_after_a_while_the_next_in_line_is_asked_and_then_it_is_a_no() -> None:
    world, number, effect = asked(*LADDER)
    said = world.escalation(number).said
    assert (said.desk, said.deadline_ms, said.at_last) == ("finance", said.at_ms + HOUR_MS, "deny")
    world.tick(said.at_ms + HOUR_MS - 1 - world.now_ms)
    assert world.kinds(number) == []
    world.tick(1)
    moved = world.only(number, facts.EscalationMoved)
    assert (moved.desk, moved.by, moved.deadline_ms) == ("cfo", "", world.now_ms + HOUR_MS)
    world.tick(HOUR_MS)
    assert world.kinds(number) == ["Resolved", "EffectDenied", "StepAwakened", "StepAssigned"]
    assert world.only(number, facts.Resolved).verdict == "expired"
    denied = world.only(number, facts.EffectDenied)
    assert (denied.effect, denied.rule, denied.reason) == (effect, "person", "nobody has answered in time")
    world.reject(number, by="bob")
    assert "has expired: nobody has answered in time" in world.only(number, facts.Refused).reason


def test_where_it_waits_at_last_it_waits_for_ever() -> None:
    world, number, _ = asked(Route(role="finance", after_s=HOUR_S, then="cfo"), Route(role="cfo", after_s=1))
    world.tick(HOUR_MS)
    world.tick(1_000)
    moved = world.only(number, facts.EscalationMoved)
    assert (moved.desk, moved.deadline_ms) == ("cfo", None)
    world.tick(10**9)
    assert world.kinds(number) == []
    world.approve(number, by="bob")
    world.approve(number, by="carol")
    assert world.said(number, facts.EffectGranted)


def test_who_was_asked_once_is_not_asked_again_by_the_ladder() -> None:
    world, number, _ = asked(*LADDER)
    world.tick(HOUR_MS)
    assert world.escalation(number).desk == "cfo"
    world.say("bob", "human", "reassign", Reassign(to="finance"), number, 1)
    world.tick(HOUR_MS)
    assert world.only(number, facts.Resolved).verdict == "expired"


def test_the_desk_opens_in_the_morning() -> None:
    office = Route(role="finance", after_s=HOUR_S, at_last="deny", calendar="office")
    world, number = at_the_desk(office, calendars=(OFFICE,))
    world.more(number, wall_ms=10**15)
    world.now_ms = at("2026-03-06T16:30")
    pay(world, number)
    assert world.escalation(number).deadline_ms == at("2026-03-09T09:30")


def test_deadlines_stand_still_while_the_task_is_paused() -> None:
    world, number, _ = asked(*LADDER)
    due_ms = world.escalation(number).said.at_ms + HOUR_MS
    world.tick(HOUR_MS // 2)
    world.control("pause", number)
    world.tick(5 * HOUR_MS)
    assert world.said(number, facts.EscalationMoved) == []
    world.control("resume", number)
    assert world.escalation(number).deadline_ms == due_ms + 5 * HOUR_MS


def test_who_is_asked_by_a_person_has_time_of_its_own() -> None:
    world, number, _ = asked(*LADDER)
    world.tick(HOUR_MS // 2)
    world.say("bob", "human", "reassign", Reassign(to="cfo"), number, 1)
    assert world.escalation(number).deadline_ms == world.now_ms + HOUR_MS


def question() -> tuple[World, int]:
    world, number = at_the_desk(*LADDER)
    world.ask(number, "a", AskCall(question="?"))
    world.tick(SUSPEND_MS)
    return world, number


def persons_step() -> tuple[World, int]:
    world, _ = at_the_desk(*LADDER)
    return world, world.submit(plan=Plan(steps=(PlannedStep(id="a", role="human", input={"ask": "?"}),)))


def budget() -> tuple[World, int]:
    world, _ = at_the_desk(*LADDER, capacity=8)
    number = world.submit(plan=ONE, budget=limited(tool_calls=0))
    world.ask(number, "a", LOOK)
    return world, number


@pytest.mark.parametrize(
    ("situation", "follows"),
    [
        (question, "EffectDenied"),
        (persons_step, "StepDead"),
        (budget, "Failed"),
    ],
    ids=["question", "step", "budget"],
)
def test_silence_is_a_no_to_whatever_is_asked(
    situation: Callable[[], tuple[World, int]], follows: str
) -> None:
    world, number = situation()
    world.tick(HOUR_MS)
    assert world.kinds(number)[0] == "Resolved"
    assert world.only(number, facts.Resolved).verdict == "expired"
    assert follows in world.kinds(number)


def test_time_alone_never_lets_anything_happen() -> None:
    world, number, _ = asked(*LADDER)
    world.say("bob", "human", "delegate", Delegate(to="carol", for_s=60))
    world.approve(number, by="carol")
    for _ in range(50):
        world.tick(HOUR_MS // 3)
    assert all_of(world.told, number, facts.EffectGranted) == []
    assert all_of(world.told, number, facts.EffectDenied)
