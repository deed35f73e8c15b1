"""Policies at the gate: who says them, what they allow, and what follows when they change."""

from typing import Any

import pytest
from tests.supervisor.core.policy.bundles import PAY, PAY_SCHEMA, SHIPPED, bundle
from tests.supervisor.core.world import LOOK, ONE, PAYING, PUT, SEARCH, THINK, TOOLS, WRITE, World, all_of

from interlock.contracts import facts
from interlock.contracts.effect import ToolCall
from interlock.contracts.people import Need
from interlock.contracts.policy import Policies
from interlock.contracts.presence import ModelOffer, ToolOffer
from interlock.supervisor.core.policy.rulings import compiled
from interlock.supervisor.core.redacting import redacted
from interlock.supervisor.core.state import replace

EXECUTOR_PAYS = PAY.replace('Role::"executor"', 'Role::"researcher"')
DESK = bundle(EXECUTOR_PAYS, PAY_SCHEMA, shipped=False)


def pay(cents: Any, **more: Any) -> ToolCall:
    return ToolCall(tool="pay", arguments={"amount_cents": cents, "to": "bob"} | more)


def at_work(policies: Policies | None = None, **charter: Any) -> tuple[World, int]:
    """Bring a researcher to its step, with a worker that pays too."""
    world = World()
    if policies is not None:
        world.policies(policies)
    allowed: dict[str, Any] = {"tools": ("search", "write_file", "pay")}
    world.agent("researcher-1", **allowed | charter)
    world.worker(tools=(*TOOLS, PAYING))
    return world, world.submit(plan=ONE)


def test_without_policies_nothing_that_changes_anything_is_allowed() -> None:
    world, number = at_work()
    world.state = replace(world.state, policies=None)
    for key, call in (("k1", LOOK), ("k2", THINK)):
        world.ask(number, "a", call, key=key)
        assert world.kinds(number) == ["EffectGranted"]
    world.ask(number, "a", PUT, key="k3")
    assert world.only(number, facts.EffectDenied).rule == "policy.missing"


def test_policies_hold_once_they_are_said_and_saying_them_again_changes_nothing() -> None:
    world = World()
    said = world.policies(DESK)
    fact = world.only(0, facts.PoliciesSet)
    assert (fact.digest, fact.by, fact.input) == (DESK.digest, "supervisor-1", said)
    assert world.state.policies == fact
    world.policies(DESK)
    assert world.last == {}


def test_policies_that_will_not_do_are_refused_and_the_old_ones_hold_on() -> None:
    world = World()
    world.policies(bundle("permit (principal, action"))
    refused = world.only(0, facts.PoliciesRefused)
    assert refused.reasons == ("more.cedar:1: unexpected end of input",)
    assert world.state.policies is not None
    assert world.state.policies.digest == SHIPPED.digest


@pytest.mark.parametrize(
    ("said", "head"),
    [
        ("@review", 'action == Action::"model", resource'),
        ('@redact("arguments.path")', 'action in [Action::"model"], resource'),
        ('@cap("arguments.amount < 3")', "action, resource is Model"),
        ("@review", 'action, resource == Model::"openai/tiny"'),
    ],
)
def test_what_nobody_obeys_of_a_model_is_refused_but_beside_tools_it_may_stand(said: str, head: str) -> None:
    world = World()
    world.policies(bundle(f"{said} permit (principal, {head});"))
    (reason,) = world.only(0, facts.PoliciesRefused).reasons
    assert reason.startswith(f"more.cedar:1: nobody obeys {said.split('(', maxsplit=1)[0]} of a model")
    # And where tools are meant too, it is for them; and what holds already goes on holding
    world.policies(bundle(f"{said} permit (principal, action, resource);"))
    assert world.only(0, facts.PoliciesSet)
    old = bundle(f"{said} permit (principal, {head});")
    assert compiled(facts.PoliciesSet(at_ms=1, by="s", digest=old.digest, bundle=old))


def test_a_grant_says_which_version_allowed_it_and_what_it_asks_for_besides() -> None:
    flagged = '@review @redact("arguments.path") permit (principal, action in Action::"write", resource);'
    world, number = at_work(bundle(flagged))
    world.ask(number, "a", PUT)
    granted = world.only(number, facts.EffectGranted)
    assert world.state.policies is not None
    assert granted.policies == world.state.policies.digest
    assert granted.flags == ("redact:arguments.path", "review")


@pytest.mark.parametrize(
    ("call", "kind", "rule"),
    [
        (pay(50_000), "EffectGranted", ""),
        (pay("50"), "EffectDenied", "policy.error"),
        (LOOK, "EffectDenied", "policy.none"),
        (THINK, "EffectDenied", "policy.none"),
    ],
)
def test_policies_decide_by_what_is_asked_for(call: Any, kind: str, rule: str) -> None:
    world, number = at_work(DESK)
    world.ask(number, "a", call)
    assert world.kinds(number) == [kind]
    if rule:
        assert world.only(number, facts.EffectDenied).rule == rule


def test_what_takes_people_is_asked_of_them_with_all_that_they_must_know() -> None:
    world, number = at_work(DESK)
    effect = world.ask(number, "a", pay(60_000))
    asked = world.said(number, facts.Escalated)[0]
    assert (asked.kind, asked.effect, asked.tool, asked.risk) == ("approval", effect, "pay", "irreversible")
    assert asked.needs == (Need(role="finance", quorum=2),)
    assert asked.excluded == ("alice",)
    assert asked.policies == DESK.digest
    assert [rule.id for rule in asked.rules] == ["large"]
    assert asked.desk == "finance"
    assert not all_of(world.told, number, facts.EffectGranted)


def test_what_a_stranger_told_forbids_what_follows_and_an_operator_hears_of_it() -> None:
    # Given a tool that tells what comes from outside
    world, number = at_work(bundle(EXECUTOR_PAYS, PAY_SCHEMA))
    web = ToolOffer(tool="search", risk="read", repeatable=True, untrusted=True)
    world.worker(tools=(web, WRITE, PAYING))
    told = world.ask(number, "a", LOOK, key="k1")
    world.completed(number, told)
    # When the step wants to pay after that, then it is denied
    world.ask(number, "a", pay(1), key="k2")
    assert world.only(number, facts.EffectDenied).rule == "policy.hostile"
    # And an operator is told, once, and nothing waits for it
    (asked,) = world.said(0, facts.Escalated)
    assert (asked.kind, asked.blocks, asked.desk) == ("violation", False, "operator")
    assert (asked.rules[0].id, asked.about, asked.role) == ("hostile", number, "researcher")
    world.ask(number, "a", pay(2), key="k3")
    assert not world.said(0, facts.Escalated)
    assert world.step(number, "a").state == "assigned"


def test_what_waits_is_asked_about_again_when_the_policies_have_changed() -> None:
    # Given an effect that waits for a hand
    world, number = at_work(DESK)
    world.worker(capacity=1, tools=(*TOOLS, PAYING))
    first = world.ask(number, "a", pay(1), key="k1")
    world.ask(number, "a", pay(2), key="k2")
    assert world.only(number, facts.EffectHeld).waits_for == "capacity"
    # When policies come that forbid it, and the hand is free
    world.policies(bundle(EXECUTOR_PAYS + "forbid (principal, action, resource);", PAY_SCHEMA))
    world.completed(number, first)
    # Then it is denied
    assert world.only(number, facts.EffectDenied).rule == "policy.more.cedar:18"


def test_what_people_were_asked_under_other_policies_is_asked_anew() -> None:
    world, number = at_work(DESK)
    effect = world.ask(number, "a", pay(60_000))
    # When the limit is raised, then what waited for people under the old one goes on by itself
    world.policies(bundle(EXECUTOR_PAYS.replace("50000", "70000"), PAY_SCHEMA, shipped=False))
    assert [fact.verdict for fact in world.said(number, facts.Resolved)] == ["void"]
    assert [fact.effect for fact in world.said(number, facts.EffectGranted)] == [effect]
    assert not world.state.escalations


def test_what_still_takes_people_is_asked_of_them_under_the_new_policies() -> None:
    world, number = at_work(DESK)
    world.ask(number, "a", pay(60_000))
    anew = bundle(EXECUTOR_PAYS.replace('"finance"', '"treasury"'), PAY_SCHEMA, shipped=False)
    world.policies(anew)
    (asked,) = world.said(number, facts.Escalated)
    assert (asked.number, asked.policies, asked.desk) == (2, anew.digest, "treasury")
    assert list(world.state.escalations) == [(number, 2)]


def test_many_that_wait_are_asked_anew_some_at_a_time() -> None:
    # Given many tasks that wait for people, and agents enough
    world, number = at_work(DESK)
    for place in range(2, 11):
        world.agent(f"researcher-{place}", tools=("pay",))
    numbers = [number, *(world.submit(plan=ONE) for _ in range(69))]
    for each in numbers:
        world.ask(each, "a", pay(60_000))
    # When the policies change, then some are asked anew at once, and the others when time passes
    anew = bundle(EXECUTOR_PAYS.replace('"finance"', '"treasury"'), PAY_SCHEMA, shipped=False)
    world.policies(anew)
    assert sum(len(world.said(each, facts.Escalated)) for each in numbers) == 64
    world.tick()
    assert sum(len(world.said(each, facts.Escalated)) for each in numbers) == 6
    world.tick()
    assert not any(world.said(each, facts.Escalated) for each in numbers)


def test_of_workers_that_do_not_agree_how_risky_a_tool_is_the_riskiest_offer_counts() -> None:
    world, number = at_work()
    world.worker("effects-0", tools=(ToolOffer(tool="pay", risk="read", repeatable=True),))
    world.ask(number, "a", pay(1))
    assert world.said(number, facts.Escalated)[0].risk == "irreversible"


def test_a_charter_that_asks_for_what_is_never_granted_is_reported_at_start_and_when_policies_change() -> (
    None
):
    # Given policies that let a researcher only search
    world = World()
    only_search = bundle(
        """
        permit (principal in Role::"researcher", action, resource == Tool::"search");
        permit (principal, action == Action::"model", resource);
        forbid (principal, action == Action::"model", resource == Model::"evil/x");
        """,
        shipped=False,
    )
    world.worker(models=(ModelOffer(model="evil/x"),), tools=(SEARCH, WRITE))
    world.policies(only_search)
    # When an agent comes whose charter asks for more
    world.agent("researcher-1", models=("good/*", "evil/*"))
    # Then that is said
    exceeded = world.only(0, facts.CharterExceeded)
    assert exceeded.asks == ("tool write_file", "model evil/*")
    assert (exceeded.principal, exceeded.policies) == ("researcher-1", only_search.digest)
    # And when it becomes less that is granted, it is said again
    world.policies(bundle("forbid (principal, action, resource);", shipped=False))
    assert world.only(0, facts.CharterExceeded).asks == (
        "tool search", "tool write_file", "model good/*", "model evil/*",
    )  # fmt: skip
    # And not when all of it can be granted
    world.policies(SHIPPED)
    assert not world.said(0, facts.CharterExceeded)


def test_what_is_too_long_to_judge_is_not_kept_nor_approved_blindly() -> None:
    # Given a call with long arguments that waits for a hand
    world, number = at_work()
    world.worker(capacity=1)
    world.ask(number, "a", PUT, key="k1")
    long = world.ask(number, "a", ToolCall(tool="write_file", arguments={"text": "x" * 20_000}), key="k2")
    assert world.effect(number, long).demand.arguments is None
    # When it would take a person now, then it is denied instead
    world.autonomy("researcher", 2)
    world.completed(number, world.task(number).keys["a", "k1"])
    assert world.only(number, facts.EffectDenied).rule == "limits.judged"


REDACTING = """
@redact("arguments.to") permit (principal, action == Action::"pay", resource);
"""


def test_what_is_withheld_reaches_neither_the_tool_nor_the_log_of_grants() -> None:
    # Given a policy that withholds whom money goes to, at full autonomy
    world, number = at_work(bundle(REDACTING, PAY_SCHEMA), autonomy=5)
    effect = world.ask(number, "a", pay(1))
    # Then what is granted stands there once, and is all that is known from then on
    granted = world.only(number, facts.EffectGranted)
    assert granted.arguments == {"amount_cents": 1, "to": "[redacted]"}
    assert granted.demand.arguments is None
    assert world.effect(number, effect).demand.arguments == granted.arguments


def test_people_approve_what_will_be_done_and_that_is_what_is_done() -> None:
    # Given a call of which something is withheld, for which an operator has to agree
    world, number = at_work(bundle(REDACTING, PAY_SCHEMA))
    world.person("olga", roles=("operator",))
    world.ask(number, "a", pay(1))
    asked = world.said(number, facts.Escalated)[0]
    assert asked.arguments == {"amount_cents": 1, "to": "[redacted]"}
    # When the operator signs that
    world.approve(number)
    # Then exactly that is granted
    granted = world.said(number, facts.EffectGranted)[0]
    assert granted.arguments == asked.arguments


def test_what_is_withheld_stays_so_while_the_call_waits_for_a_hand() -> None:
    world, number = at_work(bundle(REDACTING, PAY_SCHEMA), autonomy=5)
    world.worker(capacity=1, tools=(*TOOLS, PAYING))
    first = world.ask(number, "a", PUT, key="k1")
    world.ask(number, "a", pay(1), key="k2")
    world.completed(number, first)
    assert world.said(number, facts.EffectGranted)[0].arguments == {"amount_cents": 1, "to": "[redacted]"}


@pytest.mark.parametrize(
    ("where", "arguments", "expected"),
    [
        ("arguments.a.b", {"a": {"b": 1, "c": 2}}, {"a": {"b": "[redacted]", "c": 2}}),
        ("arguments.a.b", {"a": 3}, {"a": 3}),
        ("arguments.x", {"a": 3}, {"a": 3}),
    ],
)
def test_only_what_is_named_is_withheld(where: str, arguments: Any, expected: Any) -> None:
    assert redacted(arguments, ("review", f"redact:{where}")) == expected
