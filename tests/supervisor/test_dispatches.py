"""What is told is built from the state and the records that it names, for each role what it must know."""

from typing import Any

import msgspec
from tests.supervisor.core.world import LOOK, PLAN, THINK, World

from interlock.contracts.dispatch import DoStep
from interlock.contracts.effect import EffectAborted, EffectCompleted, EffectFailed
from interlock.contracts.message import Message, encode
from interlock.contracts.roles import Goal, RoleOffer, Work
from interlock.contracts.step import StepResult
from interlock.supervisor import dispatches


def told(world: World, number: int, name: str, given: dict[str, Message] | None = None) -> DoStep:
    return dispatches.do_step(world.state, world.task(number), world.step(number, name), given or {})


def everybody() -> World:
    world = World()
    world.everybody()
    world.agent("translator-1")
    return world


def test_a_planner_is_told_the_goal_and_the_roles_that_are_here() -> None:
    world = everybody()
    number = world.submit("why?", criteria=("It says why.",))
    goal = msgspec.convert(msgspec.to_builtins(told(world, number, "plan").input), Goal)
    assert (goal.goal, goal.criteria) == ("why?", ("It says why.",))
    assert [offer.role for offer in goal.roles] == ["executor", "researcher", "translator", "human"]
    assert goal.roles[0] == RoleOffer(role="executor", objective="Work.")


def test_a_step_is_told_its_input_and_what_the_steps_before_it_found() -> None:
    world = everybody()
    number = world.submit(plan=PLAN, docs="/d", model="offline/x")
    for name in ("a", "b"):
        world.result(number, name)
    wanted = dispatches.records_of_step(world.task(number), world.step(number, "tell"))
    assert wanted == {name: world.step(number, name).result for name in ("a", "b")}
    given: dict[str, Message] = {name: StepResult(step=name, attempt=1, value=raw("so")) for name in wanted}
    order = told(world, number, "tell", given)
    assert order.given == {"a": raw("so"), "b": raw("so")}
    assert (order.docs, order.model, order.role, order.attempt) == ("/d", "offline/x", "executor", 1)
    assert order.deadline_ms == world.step(number, "tell").deadline_ms


def test_a_reviewer_is_told_the_goal_the_criteria_and_the_round() -> None:
    world = everybody()
    number = world.to_review(criteria=("It says why.",))
    work = msgspec.convert(msgspec.to_builtins(told(world, number, "review").input), Work)
    assert work == Work(goal="why?", criteria=("It says why.",), round=1)


def test_a_worker_is_told_the_model_that_was_decided_about() -> None:
    world = everybody()
    number = world.submit(plan=PLAN)
    effect = world.ask(number, "a", THINK)
    order = dispatches.do_effect(world.task(number), world.effect(number, effect), "i", THINK, 7)
    assert order.call == msgspec.structs.replace(THINK, model="offline/x")
    assert (order.agent, order.max_output_tokens, order.as_of) == ("researcher-1", 100, 7)
    other = world.ask(number, "a", LOOK, key="k2")
    assert dispatches.do_effect(world.task(number), world.effect(number, other), "i", LOOK, 7).call == LOOK


def test_an_outcome_says_what_its_record_says() -> None:
    world = everybody()
    number = world.submit(plan=PLAN)
    effect = world.effect(number, world.ask(number, "a", THINK))
    completed = EffectCompleted(effect=1, grant=1, value=raw("so"))
    failed = EffectFailed(effect=1, grant=1, transient=True, message="429")
    aborted = EffectAborted(effect=1, grant=1, started=True, reason="killed")
    assert dispatches.outcome(number, effect, "completed", completed).value == raw("so")
    told_failed = dispatches.outcome(number, effect, "failed", failed)
    assert (told_failed.message, told_failed.transient) == ("429", True)
    assert dispatches.outcome(number, effect, "aborted", aborted).message == "killed"
    unknown = dispatches.outcome(number, effect, "in_doubt", None, "nobody knows")
    assert (unknown.message, bytes(unknown.value)) == ("nobody knows", b"null")


def raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(encode(value))
