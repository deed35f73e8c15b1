"""What guards and access services have seen: who is gone at once, and whom nobody believes."""

import pytest
from tests.supervisor.core.world import ONE, THINK, World, all_of

from interlock.contracts import facts
from interlock.contracts.observed import AccessHello, GuardHello, Violation
from interlock.supervisor.core.limits import RECEIPT_MS


def watched() -> tuple[World, int]:
    world = World()
    world.everybody()
    world.guard()
    world.access()
    return world, world.submit(plan=ONE)


def test_guards_and_access_services_come_and_go_like_others() -> None:
    world, _ = watched()
    assert set(world.state.guards) == {"guard-1"}
    assert set(world.state.access) == {"access-1"}
    for name in ("guard-1", "access-1"):
        world.silence(name)
        assert world.only(0, facts.Left).principal == name
    assert not world.state.guards
    assert not world.state.access


def test_a_guard_says_hello_again_when_it_has_other_processes_in_its_hands() -> None:
    world = World()
    hello = GuardHello(incarnation="g", children=("researcher-1",))
    for children, said in (
        (("researcher-1",), ["GuardJoined"]),
        (("researcher-1",), []),
        (("a", "b"), ["GuardJoined"]),
    ):
        world.say("guard-1", "guard", "hello", GuardHello(incarnation="g", children=children))
        assert world.kinds(0) == said
    world.say("guard-1", "guard", "hello", GuardHello(incarnation="h"))
    assert world.kinds(0) == ["Left", "GuardJoined"]
    assert hello.children == ("researcher-1",)


def test_an_access_service_that_was_started_again_is_another() -> None:
    world, _ = watched()
    world.say("access-1", "access", "hello", AccessHello(incarnation="new"))
    assert world.kinds(0) == ["Left", "AccessJoined"]
    world.say("access-1", "access", "hello", AccessHello(incarnation="new"))
    assert world.last == {}


def test_who_was_seen_to_end_is_gone_at_once() -> None:
    world, number = watched()
    effect = world.ask(number, "a", THINK)
    world.exited("effects-1", told_us=0)
    assert world.kinds(0) == ["ExitObserved", "Left"]
    assert world.only(0, facts.Left).reason == "guard-1 saw it end"
    assert world.effect(number, effect).state == "held"
    world.exited("researcher-1", told_us=0)
    assert "StepLost" in world.kinds(number)


def test_the_end_of_a_former_life_does_not_harm_the_new_one() -> None:
    world, _ = watched()
    former = world.pids["researcher-1"]
    world.agent("researcher-1")
    world.exited("researcher-1", pid=former)
    assert world.last == {}
    assert "researcher-1" in world.state.agents


def test_a_life_that_does_not_say_its_number_is_given_up_for_its_silence_only() -> None:
    world, _ = watched()
    world.exited("researcher-1", pid=77)
    assert world.last == {}


def test_a_guard_is_not_believed_about_others() -> None:
    world = World()
    world.everybody()
    world.guard("planner-1")
    world.exited("researcher-1")
    assert world.kinds(0) == ["Refused", "AccessViolated"]
    assert world.only(0, facts.AccessViolated).principal == "guard-1"
    # And one that is not here is late
    world.exited("researcher-1", guard="guard-2")
    assert world.kinds(0) == ["Refused"]


def test_the_end_of_a_connection_that_nobody_waits_for_says_nothing() -> None:
    world, _ = watched()
    world.disconnected("researcher-1")
    assert world.last == {}


def test_what_the_server_refused_is_said() -> None:
    world, _ = watched()
    body = Violation(principal="researcher-1", action="publish", target="interlock.decision.3", times=4)
    world.say("access-1", "access", "violated", body)
    violated = world.only(0, facts.AccessViolated)
    assert (violated.principal, violated.action, violated.times) == ("researcher-1", "publish", 4)
    assert (violated.observer, violated.input, violated.at_ms) == ("access-1", world.seq, world.now_ms)


@pytest.mark.parametrize("rest", [(), ("alice", "bob")])
def test_an_entitlement_names_one_principal(rest: tuple[str, ...]) -> None:
    world, _ = watched()
    world.say("access-1", "access", "entitled", b"{}", *rest)
    assert "names one principal" in world.only(0, facts.Refused).reason


def test_groups_and_keys_of_a_person_stand_in_the_state() -> None:
    world = World()
    world.entitled("fay", roles=("approver",), groups=("finance",), keys=("U1",))
    known = world.state.entitlements["fay"]
    assert (known.roles, known.groups, known.keys) == (("approver",), ("finance",), ("U1",))
    world.entitled("fay", roles=("approver",), groups=("finance",), keys=("U2",))
    assert world.state.entitlements["fay"].keys == ("U2",)


def test_a_kill_waits_for_a_guard_that_was_given_up_meanwhile() -> None:
    # Given a killed agent that is cut off, and a guard that has said nothing for too long
    world, _ = watched()
    world.switch("kill", "agent researcher-1")
    world.disconnected("researcher-1")
    world.silence("guard-1")
    assert not all_of(world.told, 0, facts.Receipted)
    # When the time is over
    world.tick(RECEIPT_MS)
    # Then the receipt does not say that there was nobody who could have seen it end
    receipt = world.only(0, facts.Receipted)
    (process,) = receipt.processes
    assert (process.fate, process.note) == ("disconnected", "exit not observed in time")
    assert not receipt.complete


def test_a_guard_that_was_given_up_is_believed_about_what_it_had_in_its_hands() -> None:
    # Given a killed agent, and a guard that was given up before it said that it has seen the end
    world, _ = watched()
    world.switch("kill", "agent researcher-1")
    world.silence("guard-1")
    world.exited("researcher-1")
    # Then that counts, and what it says of others does not
    assert world.only(0, facts.ExitObserved).observer == "guard-1"
    world.exited("effects-1")
    assert "late" in world.only(0, facts.Refused).reason
