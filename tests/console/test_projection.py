"""What people see follows from the facts, one table."""

from typing import get_args

import pytest
from tests.console.conftest import BEGAN_MS, accepted, decision, granted, settled
from tests.console.people.examples import question

from interlock.console.exits import Exit, of_status
from interlock.console.lines import SAID, said
from interlock.console.projection import ON_FACT, fold
from interlock.console.stop.times import said_moment
from interlock.console.views import TaskView
from interlock.contracts import facts as f
from interlock.contracts.budget import Amounts, Budget
from interlock.contracts.plan import PlannedStep
from interlock.contracts.scope import Scope

ASSIGNED = f.StepAssigned(at_ms=1, step="plan", attempt=1, principal="planner-1", deadline_ms=0)
PLANNED = f.Planned(steps=(PlannedStep(id="facts-1", role="researcher", title="look"),))
DRAINED = f.Drained(at_ms=0, by="bob", reason="night")
RESUMED = f.Resumed(at_ms=0, by="bob")


def seen(*facts: f.AnyFact) -> TaskView:
    view = TaskView(task=42)
    for number, fact in enumerate((accepted(), *facts)):
        fold(view, decision(fact, at_ms=BEGAN_MS + 1000 * number))
    return view


@pytest.mark.parametrize(
    ("facts", "status", "code"),
    [
        ((), "planning", Exit.UNFINISHED),
        ((PLANNED,), "working", Exit.UNFINISHED),
        ((f.ReviewRequested(step="review", round=1),), "reviewing", Exit.UNFINISHED),
        ((f.Parked(at_ms=0, kind="budget", reason="tokens"),), "parked", Exit.BUDGET),
        ((f.Parked(at_ms=0, kind="review", reason="look"),), "parked", Exit.WAITING),
        ((f.Paused(at_ms=0, by="bob"),), "paused", Exit.UNFINISHED),
        ((PLANNED, f.Paused(at_ms=0, by="bob"), f.Resumed(at_ms=0, by="bob")), "working", Exit.UNFINISHED),
        ((PLANNED, DRAINED), "draining", Exit.UNFINISHED),
        ((PLANNED, DRAINED, f.Paused(at_ms=0, by="bob")), "paused", Exit.UNFINISHED),
        ((PLANNED, DRAINED, f.Resumed(at_ms=0, by="bob")), "working", Exit.UNFINISHED),
        ((PLANNED, DRAINED, f.Paused(at_ms=0, by="bob"), RESUMED), "working", Exit.UNFINISHED),
        ((f.Halted(at_ms=0, by="bob", reason="enough"),), "halted", Exit.HALTED),
        ((f.Failed(at_ms=0, reason="no"),), "failed", Exit.FAILED),
        ((f.Rejected(reason="empty", where="$.goal"),), "rejected", Exit.REJECTED),
        ((f.Completed(at_ms=0, results={"report": 50}),), "completed", Exit.DONE),
    ],
)
def test_a_status_and_its_exit_code_follow_from_the_last_fact(
    facts: tuple[f.AnyFact, ...], status: str, code: Exit
) -> None:
    view = seen(*facts)
    assert view.status == status
    assert of_status(view.status, view.parked_kind) == code


def test_a_step_is_shown_with_who_has_it_and_why_it_waits() -> None:
    # Given a step that was assigned, failed, and was assigned again
    failed = f.StepFailed(at_ms=1, step="plan", attempt=1, message="too slow", retry_at_ms=5)
    view = seen(f.PlanRequested(at_ms=1, step="plan"), ASSIGNED, failed)
    assert (view.steps["plan"].state, view.steps["plan"].note) == ("retrying", "too slow")
    # When it is retried and done
    again = f.StepAssigned(at_ms=1, step="plan", attempt=2, principal="planner-2", deadline_ms=0)
    fold(view, decision(f.StepRetried(step="plan"), again, at_ms=BEGAN_MS + 9000))
    assert (view.steps["plan"].state, view.steps["plan"].principal) == ("working", "planner-2")
    fold(view, decision(f.StepCompleted(at_ms=1, step="plan", attempt=2, result=60), at_ms=BEGAN_MS + 9500))
    # Then its result is named and its time is that of the last attempt
    step = view.steps["plan"]
    assert (step.state, step.result, step.ended_ms - step.since_ms) == ("done", 60, 500)


def test_an_effect_is_reserved_until_it_is_settled() -> None:
    view = seen(ASSIGNED, granted(50, tokens=100), granted(51, tokens=30))
    assert view.reserved == Amounts(tokens=130, model_calls=2)
    fold(view, decision(settled(50, tokens=7)))
    assert view.reserved == Amounts(tokens=30, model_calls=1)
    assert view.spent == Amounts(tokens=7, model_calls=1)
    assert view.steps["plan"].spent.tokens == 7


def test_an_effect_that_is_repeated_after_a_loss_counts_each_time() -> None:
    view = seen(ASSIGNED, granted(50), settled(50, tokens=7), granted(50), settled(50, tokens=5))
    assert view.spent.tokens == view.effects[50].spent.tokens == 12
    assert view.reserved == Amounts()


def test_a_question_waits_until_it_is_answered() -> None:
    view = seen(ASSIGNED, question(1, 50))
    assert [asked.said.summary for asked in view.waits_for] == ["which edition?"]
    assert [effect.state for effect in view.effects.values()] == ["escalated"]
    fold(view, decision(f.Resolved(at_ms=1, number=1, verdict="answered", by=("bob",))))
    assert not view.waits_for
    assert [effect.state for effect in view.effects.values()] == ["held"]


def test_time_stands_still_while_all_that_could_go_on_waits_for_people() -> None:
    # Given a step that worked for a second, and then waits for a person
    suspended = f.StepSuspended(step="plan", attempt=1, principal="planner-1")
    view = seen(f.PlanRequested(step="plan"), ASSIGNED, question(1, 50), suspended)
    assert (view.steps["plan"].state, view.steps["plan"].note) == ("awaiting", "waits for people (42.1)")
    before_ms = view.active_ms
    # When a minute passes until the answer, and another second of work
    fold(view, decision(f.StepAwakened(step="plan"), at_ms=BEGAN_MS + 63_000))
    assert view.active_ms == before_ms
    fold(view, decision(ASSIGNED, at_ms=BEGAN_MS + 64_000))
    # Then only the work counts
    assert view.active_ms == before_ms + 1_000


def test_time_runs_while_one_step_waits_for_people_and_another_goes_on() -> None:
    steps = (
        PlannedStep(id="one", role="researcher", title="look"),
        PlannedStep(id="two", role="researcher", title="look"),
        PlannedStep(id="three", role="executor", title="write", after=("one", "two")),
    )
    working = f.StepAssigned(step="two", attempt=1, principal="researcher-2", deadline_ms=0)
    waits = f.StepSuspended(step="one", attempt=1, principal="researcher-1")
    view = seen(f.Planned(steps=steps), waits, working)
    assert view.clock_runs
    fold(view, decision(f.StepCompleted(step="two", attempt=1, result=9), at_ms=BEGAN_MS + 9_000))
    assert not view.clock_runs


def test_what_an_agent_may_only_suggest_stands_among_the_recommendations() -> None:
    suggested = f.EffectRecommended(
        effect=50, step="plan", attempt=1, key="k", tool="pay", arguments={"cents": 5}, reason="level 1"
    )
    view = seen(ASSIGNED, suggested)
    assert [(one.tool, one.arguments, one.step) for one in view.recommendations] == [
        ("pay", {"cents": 5}, "plan")
    ]
    assert (view.effects[50].state, view.effects[50].end) == ("ended", "recommended")


def test_wall_time_stands_still_while_the_task_is_paused() -> None:
    # Given a task that worked for one second, was paused for one, then worked for one
    view = seen(f.Paused(at_ms=0, by="bob"), f.Resumed(at_ms=0, by="bob"), f.Completed(at_ms=0, results={}))
    assert view.total.wall_ms == 2000
    assert view.seconds == 3.0


def test_wall_time_runs_while_the_task_is_drained() -> None:
    view = seen(DRAINED, f.Paused(at_ms=0, by="bob"), RESUMED, f.Completed(at_ms=0, results={}))
    assert view.total.wall_ms == 3000


def test_why_a_task_is_held_is_shown_with_its_end() -> None:
    assert seen(DRAINED).reason == "night"
    assert seen(f.Paused(at_ms=0, by="bob", reason="lunch: soup")).reason == "lunch: soup"
    paused = f.Paused(at_ms=0, by="bob", reason="lunch", until_ms=BEGAN_MS)
    assert seen(paused).reason == f"until {said_moment(BEGAN_MS)}: lunch"
    assert not seen(paused, RESUMED).reason


def test_a_switch_over_a_step_is_noted_there_until_it_runs_again() -> None:
    scope = Scope(kind="step", task=42, step="plan")
    held = f.Switched(at_ms=1, scope=scope, state="killed", by="bob", reason="odd")
    view = seen(ASSIGNED, held)
    assert (view.steps["plan"].note, view.steps["plan"].state) == ("killed by bob: odd", "working")
    fold(view, decision(f.Switched(at_ms=1, scope=scope, state="running", by="bob")))
    assert not view.steps["plan"].note


def test_what_is_switched_elsewhere_is_no_step() -> None:
    other = f.Switched(at_ms=1, scope=Scope(kind="tool", name="search"), state="killed", by="bob")
    assert not seen(other).steps


def test_a_step_that_has_stopped_does_nothing() -> None:
    stopped = f.StepStopped(step="plan", attempt=1, principal="planner-1", stopped_us=5)
    view = seen(ASSIGNED, granted(50))
    assert view.steps["plan"].doing
    fold(view, decision(stopped))
    assert not view.steps["plan"].doing


def test_a_raised_limit_replaces_the_budget() -> None:
    assert seen(f.LimitRaised(by="bob", budget=Budget(tokens=7))).budget == Budget(tokens=7)


def test_a_late_settlement_of_an_unknown_effect_still_counts() -> None:
    assert seen(settled(99, tokens=5)).spent.tokens == 5


def test_every_fact_has_its_line_and_every_task_fact_that_changes_the_picture_is_folded() -> None:
    every = set(get_args(f.AnyFact))
    assert every == set(SAID)
    shown_only_as_a_line = {
        f.Refused,
        f.EffectRepeated,
        f.BudgetWarned,
        f.LoopFound,
        f.Led,
        f.AccessViolated,
        f.Receipted,
    }
    assert set(get_args(f.TaskFact)) - shown_only_as_a_line == set(ON_FACT)


def test_a_line_is_one_line() -> None:
    assert said(f.Failed(at_ms=0, reason="first\nsecond")) == "failed: first second"
    assert (
        said(granted(50)) == "plan: offline/extractive granted, 100 tokens, 1 model call reserved (effect 50)"
    )
