"""Stop and go: pause, resume and kill of a task and of the fleet, drain of the fleet; late is late."""

from tests.supervisor.core.world import LOOK, ONE, PUT, THINK, World, all_of, limited

from interlock.contracts import facts
from interlock.contracts.budget import Amounts


def at_work() -> tuple[World, int]:
    world = World()
    world.everybody()
    return world, world.submit(plan=ONE)


def test_a_paused_task_starts_nothing_new_and_what_flies_may_land() -> None:
    world, number = at_work()
    flying = world.ask(number, "a", THINK, key="k1")
    world.control("pause", number, "lunch")
    assert world.only(number, facts.Paused).reason == "lunch"
    # What is asked for now waits
    waiting = world.ask(number, "a", THINK, key="k2")
    assert world.only(number, facts.EffectHeld).waits_for == "switch"
    # What was in flight is settled, and the step may end; nothing new begins
    world.completed(number, flying, Amounts(tokens=1, model_calls=1))
    assert world.kinds(number) == ["EffectSettled"]
    # And with resume it goes on
    world.control("resume", number)
    assert world.kinds(number) == ["Resumed", "EffectGranted"]
    assert world.only(number, facts.EffectGranted).effect == waiting


def test_a_result_during_a_pause_counts_and_the_next_step_waits_for_resume() -> None:
    world, number = at_work()
    world.control("pause", number)
    world.result(number, "a")
    assert world.kinds(number) == ["StepCompleted", "ReviewRequested"]
    world.tick(1_000)
    assert world.step(number, "review").state == "ready"
    world.control("resume", number)
    assert world.step(number, "review").state == "assigned"


def test_a_killed_task_is_over_and_nothing_late_counts_but_money() -> None:
    # Given a task with an effect in flight
    world, number = at_work()
    effect = world.ask(number, "a", THINK)
    step = world.step(number, "a")
    # When it is killed
    world.control("kill", number, "it runs away")
    halted = world.only(number, facts.Halted)
    assert (halted.by, halted.reason, world.task(number).phase) == ("olga", "it runs away", "halted")
    assert not world.state.agents["researcher-1"].in_hand
    # Then its agent's requests and results are late; that there is a result says that the step has ended
    for verb, body in (
        ("result", b'{"step":"a","attempt":1,"value":1}'),
        ("effect", b'{"step":"a","attempt":1,"key":"k2","call":{"call":"tool","tool":"search"}}'),
        ("failed", b'{"step":"a","attempt":1,"kind":"transient","message":"oh"}'),
    ):
        world.say(step.principal, "agent", verb, body, number)
        assert world.kinds(number) == ["StepStopped", "Refused"][0 if verb == "result" else 1 :]
    # And what was in flight is still paid for
    world.completed(number, effect, Amounts(tokens=150, model_calls=1))
    assert world.kinds(number) == ["EffectSettled", "Receipted"]
    assert world.task(number).account.spent.tokens == 150
    assert world.state.shared["fleet"].reserved == Amounts()
    # And nothing brings it back
    for verb in ("resume", "pause", "kill"):
        world.control(verb, number)
        assert world.only(number, facts.Refused).reason == f"task {number} has ended: halted"
    world.more(number, tokens=1)
    assert world.kinds(number) == ["Refused"]


def test_a_kill_frees_hands_for_others() -> None:
    world = World()
    world.agent("researcher-1", capacity=1)
    first, second = world.submit(plan=ONE), world.submit(plan=ONE)
    world.control("kill", first)
    assert world.step(second, "a").state == "assigned"


def test_a_switch_that_does_not_apply_is_refused() -> None:
    world, number = at_work()
    world.control("resume", number)
    assert "is free: it cannot resume" in world.only(number, facts.Refused).reason
    world.control("pause", number)
    world.control("pause", number)
    assert "is paused: it cannot pause" in world.only(number, facts.Refused).reason


def test_a_switch_on_nothing_is_refused_to_the_fleet() -> None:
    world, _ = at_work()
    world.control("kill", 999)
    assert world.only(0, facts.Refused).reason == "there is no task 999"
    for rest in ((), ("task", "x"), ("step", "3"), ("fleet", "all"), ("planet", "mars")):
        world.say("olga", "control", "kill", b"{}", *rest)
        assert "is nothing to switch: name task.<number>" in world.only(0, facts.Refused).reason


def test_a_name_that_is_too_long_is_refused() -> None:
    world, _ = at_work()
    world.say("olga", "control", "kill", b"{}", "role", "x" * 4_000)
    assert world.only(0, facts.Refused).reason.startswith("a name has at most 128 characters: xxx")


def test_a_paused_fleet_starts_nothing_and_goes_on_where_it_was() -> None:
    # Given a paused fleet with an effect that was asked for meanwhile, and a new task
    world, number = at_work()
    world.control("pause")
    effect = world.ask(number, "a", THINK)
    other = world.submit(plan=ONE)
    assert world.kinds(other) == ["Accepted", "Planned"]
    assert world.effect(number, effect).waits_for == "switch"
    world.tick(1_000)
    assert world.last == {}
    # When it is resumed
    world.control("resume")
    # Then everything begins
    assert world.only(number, facts.EffectGranted).effect == effect
    assert world.only(other, facts.StepAssigned).step == "a"


def test_a_drained_fleet_finishes_what_it_has_and_takes_nothing_new() -> None:
    world, number = at_work()
    world.control("drain")
    rejected = world.submit()
    assert "draining and takes no new work" in world.only(rejected, facts.Rejected).reason
    world.ask(number, "a", LOOK)
    assert world.kinds(number) == ["EffectGranted"]
    world.result(number, "a")
    world.verdict(number, "approve")
    assert world.task(number).phase == "completed"


def test_draining_after_a_pause_lets_what_waited_go_on() -> None:
    world, number = at_work()
    world.control("pause")
    world.ask(number, "a", LOOK)
    world.control("drain")
    assert world.kinds(number) == ["EffectGranted"]


def test_a_killed_fleet_halts_every_task_and_takes_none_until_it_is_resumed() -> None:
    world, number = at_work()
    parked = world.submit(plan=ONE, budget=limited(tool_calls=0))
    world.ask(parked, "a", LOOK)
    world.control("kill", reason="stop everything")
    assert {world.task(each).phase for each in (number, parked)} == {"halted"}
    assert next(iter(world.last)) == 0
    assert not world.state.agents
    assert world.only(world.submit(), facts.Rejected).reason.startswith("the fleet is killed")
    world.control("pause")
    assert world.only(0, facts.Refused).reason == "the fleet is killed: it cannot pause"
    # Nor may an agent come; an effect worker is there, and has nothing to do
    world.agent("researcher-1")
    assert "the fleet is killed: it may come again" in world.only(0, facts.Refused).reason
    assert list(world.state.workers) == ["effects-1"]
    world.control("resume")
    world.agent("researcher-1")
    assert world.kinds(world.submit(plan=ONE)) == ["Accepted", "Planned", "StepAssigned"]


def test_nothing_is_done_again_for_a_task_that_was_killed() -> None:
    # Given a killed task with two effects in flight
    world, number = at_work()
    world.ask(number, "a", LOOK, key="k1")
    world.ask(number, "a", PUT, key="k2")
    world.control("kill", number)
    # When their worker is lost
    world.bye("effects-1")
    # Then both are settled, and neither is granted again
    assert world.kinds(number) == ["EffectSettled", "EffectSettled"]
    assert [fact.end for fact in world.said(number)] == ["lost", "in_doubt"]
    assert len(all_of(world.told, number, facts.EffectGranted)) == 2
