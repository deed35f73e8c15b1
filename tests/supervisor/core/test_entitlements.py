"""What may be done in whose name: a user's rights are looked at beside an agent's charter."""

import pytest
from tests.supervisor.core.world import COUNTING, LOOK, MODEL, ONE, PUT, THINK, World

from interlock.contracts import facts
from interlock.contracts.effect import Call, ModelCall


def entitled(**fields: tuple[str, ...]) -> World:
    world = World()
    world.everybody()
    world.entitled("alice", **fields)
    return world


def test_nobody_submits_for_a_tenant_that_is_not_theirs() -> None:
    world = entitled(tenants=("red", "blue"))
    rejected = world.only(world.submit(), facts.Rejected)
    assert (rejected.where, rejected.reason) == (
        "$.tenant",
        "alice may not submit for the tenant default: only for red, blue",
    )
    assert world.kinds(world.submit(tenant="red"))[0] == "Accepted"


@pytest.mark.parametrize(
    ("fields", "call", "rule"),
    [
        ({"tools": ("sea*",)}, PUT, "entitlement.tools"),
        (
            {"models": ("openai/*",)},
            ModelCall(purpose="p", prompt="p", model=MODEL.model),
            "entitlement.models",
        ),
        # A model that the agent leaves open is judged by the one that it would get.
        ({"models": ("openai/*",)}, THINK, "entitlement.models"),
        ({"tools": ("sea*",)}, LOOK, ""),
        ({"tools": ("sea*",)}, THINK, ""),
        ({"models": ("offline/*",)}, THINK, ""),
    ],
)
def test_an_agent_does_in_a_users_name_what_the_user_may(
    fields: dict[str, tuple[str, ...]], call: Call, rule: str
) -> None:
    world = entitled(**fields)
    number = world.submit(plan=ONE)
    world.ask(number, "a", call)
    if rule:
        denied = world.only(number, facts.EffectDenied)
        assert denied.rule == rule
        assert denied.reason.startswith("alice may not have the ")
    else:
        assert world.kinds(number) == ["EffectGranted"]


def test_a_charter_forbids_whatever_the_user_may() -> None:
    world = entitled(models=("*",))
    world.agent("researcher-1", models=("offline/x",))
    world.worker(models=(MODEL, COUNTING))
    number = world.submit(plan=ONE)
    world.ask(number, "a", ModelCall(purpose="p", prompt="p", model=COUNTING.model))
    assert world.only(number, facts.EffectDenied).rule == "charter.models"


def test_of_who_is_not_known_nothing_is_forbidden_and_what_is_known_is_not_said_again() -> None:
    world = entitled(tenants=("red",))
    world.entitled("alice", tenants=("red",))
    assert world.last == {}
    assert world.say("bob", "task", "submit", b'{"goal":"why?"}')
    assert world.kinds(world.seq)[0] == "Accepted"
    world.entitled("alice")
    assert world.kinds(world.submit())[0] == "Accepted"


def test_an_agent_with_anothers_charter_is_refused_and_named() -> None:
    # Given an agent that may be a researcher
    world = World()
    world.entitled("researcher-9", roles=("researcher",))
    # When it comes with the charter of an executor, then it is not let in, and the log says what it tried
    world.agent("researcher-9", "executor")
    assert "researcher-9" not in world.state.agents
    violated = world.only(0, facts.AccessViolated)
    assert (violated.principal, violated.action, violated.target) == ("researcher-9", "forge", "agent.hello")
    # And with its own it is
    world.agent("researcher-9", "researcher")
    assert "researcher-9" in world.state.agents


def test_what_an_agent_may_not_use_is_denied_whatever_its_charter_says() -> None:
    world = World()
    world.everybody()
    world.entitled("researcher-1", roles=("researcher",), tools=("read_file",))
    number = world.submit(plan=ONE)
    world.ask(number, "a", LOOK, key="k1")
    denied = world.only(number, facts.EffectDenied)
    assert denied.rule == "entitlement.tools"
    assert "researcher-1" in denied.reason
