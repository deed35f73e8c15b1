"""Plans: which will do, what the planner is told of one that will not, and how often it may try."""

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.supervisor.core.world import ONE, PLAN, World, all_of, limited

from interlock.contracts import facts, limits
from interlock.contracts.plan import Plan, PlannedStep
from interlock.supervisor.core.deciding.planning import objections


def steps(*after: str, role: str = "researcher", **fields: Any) -> Plan:
    """Make a plan from words such as `b<a` (b comes after a) or `c<a,b`."""
    made: list[PlannedStep] = []
    for word in after:
        name, _, before = word.partition("<")
        made.append(
            PlannedStep(id=name, role=role, after=tuple(before.split(",")) if before else (), **fields)
        )
    return Plan(steps=tuple(made))


def chain(length: int) -> Plan:
    return steps("s0", *(f"s{number}<s{number - 1}" for number in range(1, length)))


ROLES = frozenset({"researcher", "executor"})


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        (Plan(steps=()), "the plan has no steps"),
        (steps("a", "a"), "two steps are called a"),
        (steps("a<a"), "in a circle"),
        (steps("a<c", "b<a", "c<b"), "in a circle"),
        (steps("free", "a<b", "b<a"), "in a circle"),
        (steps("a<ghost"), "it comes after ghost, which is no step of the plan"),
        (steps("a", role="astrologer"), "nobody has the role astrologer; there are executor, researcher"),
        (steps("a", role="planner"), "the supervisor itself calls the planner"),
        (steps("a", role="reviewer"), "the supervisor itself calls the reviewer"),
        (steps("plan"), "the names plan and review are taken"),
        (steps("review-2"), "the names plan and review are taken"),
        (steps("a" * 33), "longer than 32"),
        (steps("a", input={"text": "x" * limits.MAX_STEP_INPUT_BYTES}), "larger than 16384 bytes"),
        (chain(limits.MAX_PLAN_DEPTH + 1), "9 steps deep; at most 8"),
        (steps(*(f"s{number}" for number in range(limits.MAX_PLAN_STEPS + 1))), "33 steps; at most 32"),
    ],
)
def test_a_plan_that_will_not_do_is_refused_in_words_for_its_author(plan: Plan, sentence: str) -> None:
    assert sentence in "; ".join(objections(plan, ROLES))


@pytest.mark.parametrize(
    "plan",
    [
        PLAN,
        ONE,
        chain(limits.MAX_PLAN_DEPTH),
        steps(*(f"s{number}" for number in range(limits.MAX_PLAN_STEPS))),
        steps("a", "b<a,a"),
        steps("planning", "reviewed"),
    ],
)
def test_a_plan_within_the_bounds_will_do(plan: Plan) -> None:
    assert objections(plan, ROLES) == ()


def test_a_client_may_name_a_role_that_is_not_here_and_a_planner_may_not() -> None:
    assert objections(steps("a", role="astrologer"), None) == ()
    assert objections(steps("a", role="astrologer"), ROLES)


def test_a_replan_may_build_upon_completed_steps() -> None:
    assert objections(steps("b<a"), ROLES, frozenset({"a"})) == ()


@st.composite
def backward_graphs(draw: st.DrawFn) -> list[PlannedStep]:
    """Steps that come only after earlier ones: no circle is possible."""
    made = [PlannedStep(id="s0", role="researcher")]
    for place in range(1, draw(st.integers(2, 20))):
        before = draw(st.sets(st.integers(0, place - 1), max_size=3))
        after = tuple(f"s{number}" for number in sorted(before))
        made.append(PlannedStep(id=f"s{place}", role="researcher", after=after))
    return made


@given(backward_graphs(), st.randoms())
def test_only_circles_are_refused_as_circles(made: list[PlannedStep], chance: Random) -> None:
    # Given a graph without a circle, in any order of writing
    chance.shuffle(made)
    assert "circle" not in "; ".join(objections(Plan(steps=tuple(made)), ROLES))
    # When a step is put after one that comes after it, then it has one
    later = next((step for step in made if step.after), None)
    if later is not None:
        turned = [
            PlannedStep(id=step.id, role=step.role, after=(later.id,)) if step.id == later.after[0] else step
            for step in made
        ]
        assert "circle" in "; ".join(objections(Plan(steps=tuple(turned)), ROLES))


def test_a_refused_plan_goes_back_with_its_reasons_and_a_third_one_ends_the_task() -> None:
    # Given a planner at work
    world = World()
    world.everybody()
    number = world.submit()
    # When it makes a plan in a circle
    world.result(number, "plan", steps("a<b", "b<a"))
    # Then it is asked again, and told why
    assert world.kinds(number) == ["StepCompleted", "PlanRefused", "PlanRequested", "StepAssigned"]
    assert "in a circle" in world.only(number, facts.PlanRefused).reasons[0]
    assert world.step(number, "plan-2").refusals == world.only(number, facts.PlanRequested).refusals
    # And a third one of the kind ends the task
    world.result(number, "plan-2", steps("a<b", "b<a"))
    world.result(number, "plan-3", steps("a<b", "b<a"))
    failed = world.only(number, facts.Failed)
    assert (failed.kind, world.task(number).phase) == ("plan", "failed")
    assert "3 plans in a row" in failed.reason


def test_a_submitted_plan_that_will_not_do_rejects_the_submission() -> None:
    world = World()
    number = world.submit(plan=steps("a<b", "b<a"))
    rejected = world.only(number, facts.Rejected)
    assert (rejected.where, number in world.state.tasks) == ("$.plan", False)


def test_a_blank_goal_is_rejected() -> None:
    world = World()
    number = world.submit(goal="  \n ")
    assert world.only(number, facts.Rejected).where == "$.goal"


def test_steps_begin_when_those_before_them_have_ended() -> None:
    world = World()
    world.everybody()
    number = world.submit()
    world.result(number, "plan", PLAN)
    assert {step.id: step.state for step in world.task(number).steps.values()} == {
        "plan": "completed",
        "a": "assigned",
        "b": "assigned",
        "tell": "blocked",
    }
    world.result(number, "a")
    assert world.step(number, "tell").state == "blocked"
    world.result(number, "b")
    assert world.step(number, "tell").state == "assigned"


def test_a_step_that_cannot_be_done_is_planned_anew_within_the_budget_of_replans() -> None:
    # Given a task that may be planned anew once
    world = World()
    world.everybody()
    number = world.submit(budget=limited(replans=1))
    world.result(number, "plan", PLAN)
    # When a step fails for good
    world.failure(number, "a", "permanent", "no such document")
    # Then what is open is dropped, and the planner is told why
    assert world.kinds(number) == ["StepFailed", "StepDead", "PlanRequested", "BudgetWarned", "StepAssigned"]
    assert world.only(number, facts.PlanRequested).replan
    assert "no such document" in world.step(number, "plan-2").refusals[0]
    assert {world.step(number, name).state for name in ("b", "tell")} == {"dropped"}
    # And the new plan's steps have names of their own
    world.result(number, "plan-2", PLAN)
    assert world.task(number).order == ("p2-a", "p2-b", "p2-tell")
    assert world.step(number, "p2-tell").after == ("p2-a", "p2-b")
    # And the next such failure waits for a person
    world.failure(number, "p2-a", "permanent")
    assert world.only(number, facts.Parked).lack.dimension == "replans"
    # And a raise of the limit has it planned anew
    world.more(number, replans=1)
    assert world.only(number, facts.PlanRequested).step == "plan-3"


def test_the_longest_name_survives_a_replan() -> None:
    world = World()
    world.everybody()
    number = world.submit()
    plan = steps("a" * limits.MAX_STEP_NAME_CHARS)
    world.result(number, "plan", plan)
    world.failure(number, "a" * limits.MAX_STEP_NAME_CHARS, "permanent")
    world.result(number, "plan-2", plan)
    assert world.task(number).order == ("p2-" + "a" * limits.MAX_STEP_NAME_CHARS,)


def test_a_replan_takes_no_name_that_is_taken() -> None:
    world = World()
    world.everybody()
    number = world.submit()
    world.result(number, "plan", steps("p2-a", "b<p2-a"))
    world.result(number, "p2-a")
    world.failure(number, "b", "permanent")
    world.result(number, "plan-2", steps("a"))
    assert world.step(number, "p2-a").state == "completed"
    assert world.task(number).order == ("p3-a",)


def test_what_a_dropped_step_waited_for_is_not_bought() -> None:
    # Given two steps, one of which waits for an effect that no worker is here to do
    world = World()
    for role in ("planner", "researcher"):
        world.agent(f"{role}-1")
    number = world.submit(plan=steps("a", "b"))
    effect = world.ask(number, "b")
    assert world.effect(number, effect).state == "held"
    # When the other fails for good, and a worker comes
    world.failure(number, "a", "permanent")
    world.worker()
    # Then the effect is not granted
    assert world.effect(number, effect).state == "aborted"
    assert not all_of(world.told, number, facts.EffectGranted)


def test_a_planner_whose_answer_is_no_plan_fails_and_is_asked_again() -> None:
    world = World()
    world.everybody()
    number = world.submit()
    world.result(number, "plan", {"steps": "none"})
    failed = world.only(number, facts.StepFailed)
    assert "the planner's result does not fit" in failed.message
    world.tick(1_000)
    assert world.step(number, "plan").state == "assigned"


def test_a_planner_that_never_makes_a_plan_ends_the_task() -> None:
    world = World()
    world.everybody()
    number = world.submit()
    for _ in range(3):
        world.result(number, "plan", "nonsense")
        world.tick(30_000)
    assert world.task(number).phase == "failed"
