"""Going round in circles is found, said, and brought to a person."""

from tests.supervisor.core.world import LOOK, ONE, THINK, World, all_of

from interlock.contracts import facts
from interlock.contracts.budget import Amounts
from interlock.contracts.effect import AskCall, ToolCall
from interlock.supervisor.core.limits import MAX_EFFECTS_IN_VAIN, MAX_SAME_EFFECTS


def at_work() -> tuple[World, int]:
    world = World()
    world.everybody()
    return world, world.submit(plan=ONE)


def test_the_same_call_again_and_again_parks_the_task_and_a_person_lets_it_go_on() -> None:
    world, number = at_work()
    # Given as many equal calls as are let pass, under whatever keys
    for time in range(MAX_SAME_EFFECTS):
        world.completed(number, world.ask(number, "a", LOOK, key=f"k{time}"), Amounts(tool_calls=1))
    assert world.task(number).moving
    # When it is asked for once more
    asked = world.ask(number, "a", LOOK, key="again")
    # Then it waits for a person
    assert world.kinds(number) == ["LoopFound", "Parked", "Escalated", "EffectHeld"]
    found = world.only(number, facts.LoopFound)
    assert (found.kind, found.times, found.what) == ("same_effect", MAX_SAME_EFFECTS, "tool search")
    assert world.only(number, facts.Parked).kind == "loop"
    # And when a person says so, it goes on and may do so as often again
    world.control("resume", number)
    assert world.only(number, facts.EffectGranted).effect == asked
    world.completed(number, asked, Amounts(tool_calls=1))
    for time in range(MAX_SAME_EFFECTS):
        world.completed(number, world.ask(number, "a", LOOK, key=f"l{time}"), Amounts(tool_calls=1))
    assert len(all_of(world.told, number, facts.LoopFound)) == 1


def test_different_calls_are_no_loop() -> None:
    world, number = at_work()
    for time in range(3 * MAX_SAME_EFFECTS):
        call = ToolCall(tool="search", arguments={"query": f"q{time}"})
        world.completed(number, world.ask(number, "a", call, key=f"k{time}"), Amounts(tool_calls=1))
    assert all_of(world.told, number, facts.LoopFound) == []


def test_the_same_effect_asked_for_again_by_its_key_is_none_either() -> None:
    world, number = at_work()
    for _ in range(3 * MAX_SAME_EFFECTS):
        world.ask(number, "a", THINK, key="k")
    assert all_of(world.told, number, facts.LoopFound) == []


def test_effects_in_vain_one_after_another_are_a_stall_and_one_success_ends_it() -> None:
    world, number = at_work()
    denied = [ToolCall(tool="rm", arguments={"path": str(time)}) for time in range(2 * MAX_EFFECTS_IN_VAIN)]
    for time in range(MAX_EFFECTS_IN_VAIN - 1):
        world.ask(number, "a", denied[time], key=f"k{time}")
    world.completed(number, world.ask(number, "a", LOOK, key="good"), Amounts(tool_calls=1))
    for time in range(MAX_EFFECTS_IN_VAIN):
        call = ToolCall(tool="search", arguments={"query": f"q{time}"})
        world.failed(number, world.ask(number, "a", call, key=f"l{time}"))
    assert world.task(number).moving
    # When the next is asked for
    world.ask(number, "a", THINK, key="next")
    found = world.only(number, facts.LoopFound)
    assert (found.kind, found.times) == ("no_progress", MAX_EFFECTS_IN_VAIN)
    assert world.task(number).parked_for == "loop"


def test_denials_alone_stop_an_agent_that_does_not_take_no_for_an_answer() -> None:
    world, number = at_work()
    for time in range(MAX_EFFECTS_IN_VAIN + 1):
        world.ask(number, "a", ToolCall(tool="rm", arguments={"path": str(time)}), key=f"k{time}")
    assert world.task(number).parked_for == "loop"


def test_questions_to_people_are_counted_neither_way() -> None:
    world, number = at_work()
    for time in range(2 * MAX_EFFECTS_IN_VAIN):
        world.answer(number, world.ask(number, "a", AskCall(question=f"May I {time}?"), key=f"k{time}"))
    assert world.task(number).moving
