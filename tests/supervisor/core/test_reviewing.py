"""Reviews: approval completes, revision is bounded, escalation brings a person in."""

import pytest
from tests.supervisor.core.world import PLAN, THINK, World, limited

from interlock.contracts import facts
from interlock.supervisor.core.limits import MAX_REVIEW_ROUNDS


def everybody() -> World:
    world = World()
    world.everybody()
    return world


def test_approval_completes_the_task_with_the_results_of_its_steps() -> None:
    world = everybody()
    number = world.submit(plan=PLAN)
    for name in ("a", "b", "tell"):
        world.result(number, name)
    world.verdict(number, "approve")
    assert world.kinds(number) == ["StepCompleted", "Reviewed", "Completed"]
    assert list(world.only(number, facts.Completed).results) == ["a", "b", "tell", "review"]


def test_without_review_the_last_step_completes_the_task() -> None:
    world = everybody()
    number = world.to_review(review=False)
    assert world.kinds(number) == ["StepCompleted", "Completed"]


def test_revision_begins_the_last_steps_again_with_the_reasons() -> None:
    # Given a task at its review
    world = everybody()
    number = world.submit(plan=PLAN)
    for name in ("a", "b", "tell"):
        world.result(number, name)
    # When the reviewer wants it better
    world.verdict(number, "revise", "name the file")
    # Then the last step begins again and knows why, and the others stand
    assert world.step(number, "tell").notes == ("name the file",)
    states = [world.step(number, name).state for name in ("a", "b", "tell")]
    assert states == [
        "completed",
        "completed",
        "assigned",
    ]
    # And the next round has a name of its own
    world.result(number, "tell")
    assert world.step(number, "review-2").state == "assigned"
    world.verdict(number, "approve")
    assert world.task(number).phase == "completed"


def test_rounds_are_bounded_and_then_a_person_decides() -> None:
    world = everybody()
    number = world.to_review()
    for _ in range(MAX_REVIEW_ROUNDS - 1):
        world.verdict(number, "revise", "longer")
        world.result(number, "a")
    world.verdict(number, "revise", "still longer")
    parked = world.only(number, facts.Parked)
    assert (parked.kind, parked.reason) == ("review", "the reviewer refused 3 times: still longer")
    # When a person lets it go on
    world.control("resume", number, "one more time")
    # Then it is revised once more, with the reviewer's and the person's words
    assert world.step(number, "a").notes == (parked.reason, "one more time")
    world.result(number, "a")
    world.verdict(number, "approve")
    assert world.task(number).phase == "completed"


def test_escalation_brings_a_person_in() -> None:
    world = everybody()
    number = world.to_review()
    world.verdict(number, "escalate", "this is beyond me")
    assert world.only(number, facts.Parked).reason == "the reviewer brings a person in: this is beyond me"


def test_a_raise_does_not_stand_for_the_persons_word_about_a_review() -> None:
    # Given a task whose money ends while its reviewer is at work, who then brings a person in
    world = everybody()
    number = world.to_review(budget=limited(tokens=100))
    world.ask(number, "review", THINK)
    assert world.task(number).parked_for == "budget"
    world.verdict(number, "escalate", "look")
    assert world.task(number).parked_for == "review"
    # When somebody raises the limit, then it still waits for a word about the review
    world.more(number, tokens=1_000)
    assert "Resumed" not in world.kinds(number)
    # And with that it goes on: it does not stand still for ever
    world.control("resume", number)
    assert world.step(number, "a").state == "assigned"


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_a_task_that_waits_for_a_person_can_be_paused_and_still_goes_on(verb: str) -> None:
    # Given a task that is parked for its review, and perhaps paused on top
    world = everybody()
    number = world.to_review()
    world.verdict(number, "escalate", "look")
    if verb == "pause":
        world.control("pause", number)
    # When it is resumed, then it is revised: it does not stand still for ever
    world.control("resume", number)
    assert world.step(number, "a").state == "assigned"
    assert world.step(number, "a").notes == ("the reviewer brings a person in: look",)


def test_a_verdict_that_is_none_fails_the_reviewers_attempt() -> None:
    world = everybody()
    number = world.to_review()
    world.result(number, "review", {"decision": "maybe"})
    assert "the reviewer's result does not fit" in world.only(number, facts.StepFailed).message
