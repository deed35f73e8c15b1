"""Who speaks of what it never had tries what is another's, and is named. Who had it once is late."""

import pytest
from tests.supervisor.core.world import LOOK, ONE, THINK, World, all_of

from interlock.contracts import facts
from interlock.contracts.effect import EffectCompleted, EffectRequest
from interlock.contracts.message import Message, encode
from interlock.contracts.step import StepFailure, StepResult, StepStopped
from interlock.supervisor.core.evolve import evolve
from interlock.supervisor.core.limits import HONEST_MS, MAX_VIOLATORS, VIOLATION_MS

TRIED = ["Refused", "AccessViolated"]


def at_work() -> tuple[World, int]:
    world = World()
    world.everybody()
    world.agent("researcher-2")
    return world, world.submit(plan=ONE)


def result(step: str = "a", attempt: int = 1) -> StepResult:
    return StepResult(step=step, attempt=attempt, value=b"1")  # type: ignore[arg-type]  # raw JSON


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("result", result()),
        ("failed", StepFailure(step="a", attempt=1, kind="transient", message="oh")),
        ("stopped", StepStopped(step="a", attempt=1)),
        ("effect", EffectRequest(step="a", attempt=1, key="k", call=LOOK)),
        ("result", result(step="nowhere")),
        ("result", result(attempt=9)),
    ],
)
@pytest.mark.parametrize("who", ["researcher-2", "executor-1", "stranger-1"])
def test_to_speak_of_a_step_that_one_never_had_is_an_attempt(who: str, verb: str, body: Message) -> None:
    world, number = at_work()
    assert world.step(number, "a").principal == "researcher-1"
    world.say(who, "agent", verb, body, number)
    assert world.kinds(number) == TRIED
    violated = world.only(number, facts.AccessViolated)
    assert (violated.principal, violated.action, violated.input) == (who, "forge", world.seq)
    assert violated.target == f"agent.{verb}"
    assert (violated.times, violated.observer) == (1, "")
    assert world.step(number, "a").state == "assigned"


def test_who_had_it_once_is_late() -> None:
    world, number = at_work()
    world.silence("researcher-1")
    world.say("researcher-1", "agent", "result", result(), number)
    assert world.kinds(number) == ["Refused"]


def test_of_a_task_that_is_over_nobody_knows_who_had_what() -> None:
    world, number = at_work()
    world.control("kill", number)
    world.say("researcher-2", "agent", "result", result(), number)
    assert world.kinds(number) == ["Refused"]


def test_a_task_that_never_was_is_made_up() -> None:
    world, _ = at_work()
    world.say("researcher-2", "agent", "result", result(), 999)
    assert world.kinds(0) == TRIED


def test_after_a_change_of_who_leads_nobody_is_accused_for_a_while() -> None:
    # What the former supervisor told may never have come into the log
    world, number = at_work()
    world.state = evolve(world.state, 0, facts.Led(term=1, at_ms=world.now_ms))
    world.say("researcher-2", "agent", "result", result(), number)
    assert world.kinds(number) == ["Refused"]
    world.control("pause", number)
    world.tick(HONEST_MS)
    world.say("researcher-2", "agent", "result", result(), number)
    assert world.kinds(number) == TRIED


@pytest.mark.parametrize(
    ("who", "grant", "tried"), [("effects-1", 1, False), ("effects-2", 1, True), ("effects-1", 2, True)]
)
def test_to_speak_of_a_grant_that_one_never_had_is_an_attempt(who: str, grant: int, tried: bool) -> None:
    world, number = at_work()
    effect = world.ask(number, "a", THINK)
    world.completed(number, effect)
    end = EffectCompleted(effect=effect, grant=grant, value=b"1")  # type: ignore[arg-type]  # raw JSON
    world.say(who, "effect", "completed", end, number)
    assert world.kinds(number) == (TRIED if tried else ["Refused"])


def test_of_a_flood_of_attempts_there_is_one_fact_now_and_then_that_counts_them() -> None:
    world, number = at_work()
    for _ in range(7):
        world.say("researcher-2", "agent", "result", result(), number)
    assert len(all_of(world.told, number, facts.Refused)) == 7
    assert len(all_of(world.told, number, facts.AccessViolated)) == 1
    world.tick(VIOLATION_MS)
    world.say("researcher-2", "agent", "result", result(), number)
    assert world.only(number, facts.AccessViolated).times == 7


def test_however_many_try_so_many_are_remembered() -> None:
    world, _ = at_work()
    state = world.state
    for place in range(MAX_VIOLATORS + 5):
        fact = facts.AccessViolated(at_ms=1, principal=f"p{place}", action="forge")
        state = evolve(state, 0, fact)
    assert 0 < len(state.violations[0]) <= MAX_VIOLATORS


def test_a_refusal_says_who_spoke_only_where_it_was_an_attempt() -> None:
    world, number = at_work()
    world.say("researcher-2", "agent", "result", encode(result()), number)
    refused = world.only(number, facts.Refused)
    assert (refused.principal, refused.violated) == ("researcher-2", "forge")
    world.control("resume", number)
    refused = world.only(number, facts.Refused)
    assert (refused.principal, refused.violated) == ("", None)
