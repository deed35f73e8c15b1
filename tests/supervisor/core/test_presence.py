"""Who is there: joins, leaves and losses of agents and effect workers, and what becomes of their work."""

import pytest
from tests.supervisor.core.world import LOOK, ONE, PUT, THINK, World, all_of

from interlock.contracts import facts
from interlock.contracts.budget import Amounts
from interlock.contracts.charter import Charter
from interlock.contracts.effect import EffectAborted, EffectFailed
from interlock.contracts.presence import AgentHello, Bye

ONE_CALL = Amounts(tool_calls=1)


def at_work() -> tuple[World, int]:
    world = World()
    world.everybody()
    return world, world.submit(plan=ONE)


def test_a_hello_that_is_repeated_says_nothing_new() -> None:
    world = World()
    hello = AgentHello(incarnation="i", charter=Charter(role="clerk", version="1", objective="File."))
    world.say("clerk-1", "agent", "hello", hello)
    assert world.kinds(0) == ["AgentJoined"]
    world.say("clerk-1", "agent", "hello", hello)
    assert world.last == {}


def test_a_new_incarnation_has_forgotten_what_the_old_one_had_in_hand() -> None:
    world, number = at_work()
    world.agent("researcher-1")
    assert world.kinds(0) == ["Left", "AgentJoined"]
    assert world.kinds(number) == ["StepLost", "StepAssigned"]
    assert world.step(number, "a").attempt == 2


def test_a_silent_agent_loses_its_steps_to_another() -> None:
    world, number = at_work()
    world.agent("researcher-2")
    world.silence("researcher-1")
    assert world.only(0, facts.Left).reason == "nothing was heard from it"
    assert world.only(number, facts.StepAssigned).principal == "researcher-2"


def test_the_silence_of_somebody_unknown_says_nothing() -> None:
    world, _ = at_work()
    world.silence("nobody-1")
    assert world.last == {}


def test_a_bye_of_an_old_incarnation_says_nothing() -> None:
    world, number = at_work()
    world.say("researcher-1", "agent", "bye", Bye(incarnation="long ago"))
    assert world.last == {}
    assert world.step(number, "a").state == "assigned"


def test_the_longest_reason_to_leave_can_still_be_written() -> None:
    world, number = at_work()
    incarnation = world.state.agents["researcher-1"].incarnation
    world.say("researcher-1", "agent", "bye", Bye(incarnation=incarnation, reason="x" * 2_000))
    assert world.only(number, facts.StepLost).reason.startswith("researcher-1 is gone: xxx")


def test_a_lost_worker_whose_write_is_in_doubt_parks_the_task_and_nothing_is_repeated() -> None:
    # Given a write in flight
    world, number = at_work()
    world.worker("effects-2")
    effect = world.ask(number, "a", PUT)
    # When its worker is lost
    world.silence("effects-1")
    # Then it is in doubt, a person must look, and it is not done again
    settled = world.only(number, facts.EffectSettled)
    assert (settled.end, settled.basis) == ("in_doubt", "bound")
    parked = world.only(number, facts.Parked)
    assert parked.kind == "in_doubt"
    assert f"write_file (effect {effect})" in parked.reason
    # And resuming does not repeat it either
    world.control("resume", number)
    assert len(all_of(world.told, number, facts.EffectGranted)) == 1


def test_effects_wait_for_a_worker_when_the_only_one_is_lost() -> None:
    world, number = at_work()
    effect = world.ask(number, "a", THINK)
    world.bye("effects-1")
    assert world.kinds(number) == ["EffectSettled", "EffectHeld"]
    assert world.effect(number, effect).waits_for == "capacity"
    world.worker("effects-1")
    assert (world.effect(number, effect).state, world.effect(number, effect).grant) == ("granted", 2)


def test_a_worker_that_was_started_again_gets_its_own_work_back_under_a_new_grant() -> None:
    world, number = at_work()
    effect = world.ask(number, "a", THINK)
    world.worker("effects-1")
    assert world.kinds(0) == ["Left", "EffectsJoined"]
    assert world.kinds(number) == ["EffectSettled", "EffectGranted"]
    assert world.effect(number, effect).grant == 2


def test_an_effect_of_a_finished_step_is_not_done_again_when_its_worker_is_lost() -> None:
    world, number = at_work()
    effect = world.ask(number, "a", THINK)
    world.result(number, "a")
    world.worker("effects-1")
    assert world.effect(number, effect).state == "aborted"
    assert len(all_of(world.told, number, facts.EffectGranted)) == 1
    # And its grant is settled once: what follows closes a request that nobody has in hand
    assert [(fact.end, fact.grant) for fact in world.said(number)] == [("lost", 1), ("aborted", 0)]


def test_a_write_of_which_its_worker_does_not_know_whether_it_happened_waits_for_a_person() -> None:
    # Given a write that is granted
    world, number = at_work()
    seq = world.ask(number, "a", PUT)
    grant = world.effect(number, seq).grant
    # When its worker says that it may have happened
    body = EffectFailed(
        effect=seq,
        grant=grant,
        transient=False,
        message="no answer",
        used=Amounts(tool_calls=1),
        doubtful=True,
    )
    world.say("effects-1", "effect", "failed", body, number)
    # Then it is in doubt at what it cost, nothing is repeated, and a person has to look
    settled = world.only(number, facts.EffectSettled)
    assert (settled.end, settled.basis, settled.spent) == ("in_doubt", "actual", Amounts(tool_calls=1))
    assert world.only(number, facts.Parked).kind == "in_doubt"
    assert len(all_of(world.told, number, facts.EffectGranted)) == 1


def cut_off(world: World, number: int, seq: int) -> None:
    """Let the worker say that it stopped a call that may have changed something."""
    effect = world.effect(number, seq)
    body = EffectAborted(
        effect=seq, grant=effect.grant, started=True, reason="told to stop", doubtful=True, used=ONE_CALL
    )
    world.say(effect.worker, "effect", "aborted", body, number)


def test_a_write_that_may_be_repeated_and_was_cut_off_is_granted_again() -> None:
    # Given a call that may be repeated, and two workers
    world, number = at_work()
    world.worker("effects-2")
    seq = world.ask(number, "a", LOOK)
    # When its worker ends in the middle of it
    cut_off(world, number, seq)
    # Then it counts, and is the same effect under another grant
    settled = world.only(number, facts.EffectSettled)
    assert (settled.end, settled.spent) == ("lost", ONE_CALL)
    assert [fact.grant for fact in all_of(world.told, number, facts.EffectGranted)] == [1, 2]
    assert world.task(number).hold == "free"


@pytest.mark.parametrize("over", ["tool", "step"])
def test_a_write_that_was_cut_off_and_is_not_wanted_any_more_is_in_doubt(over: str) -> None:
    # Given a call that may be repeated, over which there is a kill, or whose step has ended
    world, number = at_work()
    seq = world.ask(number, "a", LOOK)
    if over == "tool":
        world.switch("kill", "tool search")
    else:
        world.result(number, "a")
    # When its worker says that it was cut off
    cut_off(world, number, seq)
    # Then nobody claims to know what became of it
    assert world.only(number, facts.EffectSettled).end == "in_doubt"
    assert len(all_of(world.told, number, facts.EffectGranted)) == 1


def test_a_write_that_must_not_be_repeated_is_in_doubt_when_it_was_cut_off() -> None:
    world, number = at_work()
    seq = world.ask(number, "a", PUT)
    cut_off(world, number, seq)
    assert world.only(number, facts.EffectSettled).end == "in_doubt"
    assert world.only(number, facts.Parked).kind == "in_doubt"
