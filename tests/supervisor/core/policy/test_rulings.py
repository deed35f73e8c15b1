"""Rulings: forbid wins, every error denies, and all that the permits ask for applies together."""

from typing import Any

import pytest
from tests.supervisor.core.policy.bundles import PAY, PAY_SCHEMA, bundle, in_force

from interlock.contracts.people import Need
from interlock.contracts.policy import Policies
from interlock.supervisor.core.policy.question import Question, Run
from interlock.supervisor.core.policy.rulings import asks_of_models, rule_on
from interlock.supervisor.core.ruling import Ruling

DESK = bundle(PAY, PAY_SCHEMA, shipped=False)


def question(**fields: Any) -> Question:
    run = Run(autonomy=fields.pop("autonomy", 4), untrusted=fields.pop("untrusted", False))
    asked: dict[str, Any] = {"agent": "executor-1", "role": "executor", "tenant": "acme", "user": "alice"}
    asked |= {"name": "pay", "risk": "irreversible", "run": run}
    return Question(**asked | fields)


def ruled(policies: Policies, **fields: Any) -> Ruling:
    return rule_on(in_force(policies), question(**fields))


def paying(cents: Any, **fields: Any) -> Ruling:
    return ruled(DESK, arguments={"amount_cents": cents, "to": "bob"}, **fields)


def test_without_any_policies_only_what_changes_nothing_is_allowed() -> None:
    for risk in (None, "read"):
        assert rule_on(None, question(risk=risk)).allowed
    for risk in ("write", "irreversible"):
        ruling = rule_on(None, question(risk=risk))
        assert (ruling.allowed, ruling.rule) == (False, "policy.missing")
    # A bundle that permits nothing is not the same: it was said, and nothing is allowed
    assert not ruled(bundle(shipped=False), risk="read", name="search").allowed


@pytest.mark.parametrize(
    ("risk", "autonomy", "needs"),
    [
        (None, 1, ()),
        ("read", 1, ()),
        ("write", 3, ()),
        ("irreversible", 5, ()),
        ("irreversible", 4, (Need(role="operator"),)),
    ],
)
def test_what_is_shipped_lets_only_full_autonomy_do_what_cannot_be_undone(
    risk: Any, autonomy: int, needs: tuple[Need, ...]
) -> None:
    ruling = ruled(bundle(), name="x", risk=risk, autonomy=autonomy)
    assert ruling.allowed
    assert ruling.needs == needs


def test_a_business_rule_decides_by_the_arguments() -> None:
    assert paying(50_000) == Ruling(allowed=True)
    large = paying(50_001)
    assert large.needs == (Need(role="finance", quorum=2),)
    assert not large.requester_may
    assert [rule.says for rule in large.rules] == ["more than $500 takes two of finance"]


def test_a_forbid_wins_and_says_so() -> None:
    ruling = paying(1, untrusted=True)
    assert (ruling.allowed, ruling.forbidden, ruling.rule) == (False, True, "policy.hostile")
    assert ruling.reason == "nothing is paid because of what a stranger wrote"


def test_what_nobody_permits_is_denied_without_being_a_violation() -> None:
    ruling = paying(1, role="researcher", agent="researcher-1")
    assert (ruling.allowed, ruling.forbidden, ruling.rule) == (False, False, "policy.none")
    assert "no policy permits that researcher-1 (researcher) uses the tool pay" in ruling.reason


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"amount_cents": "1", "to": "bob"}, "amount_cents: String"),
        ({"amount_cents": 1}, "are not those that the schema declares"),
        ({"amount_cents": 1, "to": "bob", "note": "x"}, "note: String"),
        ({"amount_cents": 1.5, "to": "bob"}, "amount_cents: decimal"),
        ({"amount_cents": 2**63, "to": "bob"}, "arguments.amount_cents is too large a number"),
        ({"amount_cents": 1, "to": "bob", "rate": 0.12345}, "at most four places"),
        ({"amount_cents": 1, "to": "bob", "rate": "1.5"}, "rate: String"),
        ({"amount_cents": 1, "to": {"__entity": {"type": "Role", "id": "x"}}}, "__entity"),
        ({"amount_cents": 1, "to": "bob", "tags": ["a", None]}, "null within a list"),
        ({"amount_cents": 1, "to": "bob", "tags": ["a", 1]}, "Set<"),
    ],
)
def test_arguments_that_the_schema_does_not_declare_are_denied(arguments: Any, sentence: str) -> None:
    ruling = ruled(DESK, arguments=arguments)
    assert (ruling.allowed, ruling.rule) == (False, "policy.error")
    assert sentence in ruling.reason


@pytest.mark.parametrize(
    "arguments",
    [
        {"amount_cents": 1, "to": "bob", "rate": 1.5, "tags": ["a", "b"]},
        {"amount_cents": 1, "to": "bob", "rate": None, "tags": []},
        {"amount_cents": -(2**63), "to": ""},
    ],
)
def test_arguments_that_fit_are_asked_about(arguments: Any) -> None:
    assert ruled(DESK, arguments=arguments).allowed


def test_a_worker_may_not_offer_as_harmless_what_the_schema_says_is_not() -> None:
    ruling = paying(1, risk="read")
    assert (ruling.allowed, ruling.rule) == (False, "policy.error")
    assert "declares pay as irreversible, its worker offers it as read" in ruling.reason


def test_a_tool_that_is_called_like_a_risk_is_still_of_its_own_risk() -> None:
    assert not ruled(
        bundle('permit (principal, action == Action::"read", resource);', shipped=False), name="read"
    ).allowed


def test_an_error_in_any_policy_denies_even_where_another_permits() -> None:
    policies = PAY + (
        '@id("sum") forbid (principal, action == Action::"pay", resource)'
        " when { context.arguments.amount_cents + 9223372036854775807 < 0 };"
    )
    desk = bundle(policies, PAY_SCHEMA, shipped=False)
    assert ruled(desk, arguments={"amount_cents": 0, "to": "bob"}).allowed
    ruling = ruled(desk, arguments={"amount_cents": 1, "to": "bob"})
    assert (ruling.allowed, ruling.rule) == (False, "policy.error")
    assert "overflow" in ruling.reason


def test_what_all_permits_ask_for_applies_together() -> None:
    policies = """
    @id("a") @require_approval("finance") @quorum("3") @requester("may")
    permit (principal, action, resource is Tool);
    @id("b") @require_approval("legal") @quorum("2") @review permit (principal, action, resource is Tool);
    @id("c") @require_approval("finance") @quorum("2") @redact("arguments.to")
    permit (principal, action, resource is Tool);
    @id("d") permit (principal, action, resource is Tool);
    """
    ruling = ruled(bundle(policies, shipped=False), name="x")
    assert ruling.needs == (Need(role="finance", quorum=3), Need(role="legal", quorum=2))
    assert [rule.id for rule in ruling.rules] == ["a", "b", "c"]
    assert ruling.flags == ("redact:arguments.to", "review")
    assert not ruling.requester_may


def test_whoever_asks_may_approve_only_where_every_rule_says_so() -> None:
    policies = '@require_approval("finance") @requester("may") permit (principal, action, resource is Tool);'
    assert ruled(bundle(policies, shipped=False), name="x").requester_may


@pytest.mark.parametrize(
    ("cap", "arguments", "allowed"),
    [
        ("arguments.cents <= 500", {"cents": 500}, True),
        ("arguments.cents < 500", {"cents": 500}, False),
        ("arguments.cents<=500", {"cents": 500.5}, False),
        ("arguments.order.cents <= 0.5", {"order": {"cents": 0.5}}, True),
        ("arguments.cents <= 500", {"cents": "1"}, False),
        ("arguments.cents <= 500", {"cents": True}, False),
        ("arguments.cents <= 500", {"cents": float("nan")}, False),
        ("arguments.cents <= 500", {}, False),
    ],
)
def test_a_cap_holds_and_what_is_no_number_is_beyond_it(
    cap: str, arguments: dict[str, Any], allowed: bool
) -> None:
    policies = f'@id("capped") @cap("{cap}") permit (principal, action, resource);'
    ruling = ruled(bundle(policies, shipped=False), name="x", risk="write", arguments=arguments)
    assert ruling.allowed is allowed
    assert allowed or ruling.rule == "policy.capped"


def test_entities_can_be_singled_out() -> None:
    policies = """
    permit (principal == Agent::"executor-2", action, resource == Tool::"x");
    permit (principal is Agent in Role::"reviewer", action in [Action::"write"], resource);
    forbid (principal, action, resource) when { resource.region == "us" || principal.tenant == "evil" };
    """
    rules = bundle(policies, shipped=False)
    assert not ruled(rules, name="x").allowed
    assert ruled(rules, name="x", agent="executor-2").allowed
    assert not ruled(rules, name="y", agent="executor-2").allowed
    assert ruled(rules, name="y", role="reviewer", risk="write").allowed
    assert not ruled(rules, name="y", role="reviewer", risk="irreversible").allowed
    assert not ruled(rules, name="y", role="reviewer", risk="write", region="us").allowed
    assert not ruled(rules, name="y", role="reviewer", risk="write", tenant="evil").allowed


@pytest.mark.parametrize(
    ("head", "asks"),
    [
        ("principal, action, resource", True),
        ('principal, action == Action::"model", resource', True),
        ('principal, action in [Action::"read", Action::"model"], resource is Model', True),
        ('principal in Role::"a", action, resource == Model::"x/y"', True),
        ("principal, action, resource is Tool", False),
        ('principal, action == Action::"pay", resource', False),
        ('principal, action in Action::"irreversible", resource', False),
        ('principal, action, resource == Tool::"pay"', False),
        ('principal, action, resource in Tool::"pay"', False),
    ],
)
def test_whether_people_may_be_asked_about_models_follows_from_the_heads(head: str, *, asks: bool) -> None:
    text = f'@require_approval("finance") permit ({head});'
    assert asks_of_models(in_force(bundle(PAY + text, PAY_SCHEMA))) == asks
    # And nobody is where nobody has to agree
    assert not asks_of_models(in_force(bundle(PAY + f"permit ({head});", PAY_SCHEMA)))
    assert not asks_of_models(None)
