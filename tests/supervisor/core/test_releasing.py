"""Who may let a killed fleet go on: one person, or as many as the rule says."""

from tests.supervisor.core.world import World

from interlock.contracts import facts
from interlock.contracts.control import ReleaseRule


def ruled(people: int) -> World:
    world = World()
    rule(world, people)
    return world


def rule(world: World, people: int, *scope: str) -> None:
    world.say("ada", "control", "release", ReleaseRule(people=people), *(scope or ("fleet",)))


def test_it_takes_as_many_different_people_as_the_rule_says() -> None:
    world = ruled(3)
    assert world.only(0, facts.ReleaseRuleSet).people == 3
    world.control("kill")
    world.control("resume", by="olga")
    assert world.only(0, facts.ReleaseAsked) == facts.ReleaseAsked(at_ms=world.now_ms, by=("olga",), needed=3)
    # The same again does not help
    world.control("resume", by="olga")
    assert world.only(0, facts.Refused).reason == "olga wants it already: 2 more must resume the fleet"
    world.control("resume", by="ada")
    assert world.only(0, facts.ReleaseAsked).by == ("olga", "ada")
    assert world.state.switch == "killed"
    world.control("resume", by="bert")
    assert world.only(0, facts.FleetSwitched).state == "running"


def test_a_new_kill_forgets_who_wanted_it() -> None:
    world = ruled(2)
    world.control("kill")
    world.control("resume", by="olga")
    world.control("resume", by="ada")
    world.control("kill")
    world.control("resume", by="olga")
    assert world.kinds(0) == ["ReleaseAsked"]
    assert world.state.switch == "killed"


def test_a_paused_fleet_needs_one_person_all_the_same() -> None:
    world = ruled(2)
    world.control("pause")
    world.control("resume")
    assert world.state.switch == "running"


def test_while_the_fleet_is_killed_it_may_only_take_more() -> None:
    world = ruled(2)
    world.control("kill")
    rule(world, 1)
    assert "and now not fewer" in world.only(0, facts.Refused).reason
    rule(world, 3)
    assert world.state.release.people == 3
    rule(world, 3)
    assert "it takes 3 already" in world.only(0, facts.Refused).reason
    rule(world, 2, "tenant", "red")
    assert "a release is of the fleet" in world.only(0, facts.Refused).reason
