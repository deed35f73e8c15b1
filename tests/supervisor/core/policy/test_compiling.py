"""Compiling: what will not do is said with its place, and what will do is read whole."""

import pytest
from tests.supervisor.core.policy.bundles import PAY, PAY_SCHEMA, SHIPPED, bundle

from interlock.contracts.policy import Calendar, Policies, PolicyFile, Route
from interlock.supervisor.core.policy.compiling import Parts, compile_policies
from interlock.supervisor.core.policy.statements import statements

OFFICE = Calendar(name="office", days=(0, 1), opens_minute=540, closes_minute=1_020)


def test_what_is_shipped_compiles_and_each_policy_says_something() -> None:
    parts = compile_policies(SHIPPED)
    assert isinstance(parts, Parts)
    assert len(parts.policies) == 5
    assert all(policy.obligations.says for policy in parts.policies.values())


def test_a_file_is_taken_apart_where_its_policies_begin() -> None:
    # Given comments and strings that hold semicolons
    permit, forbid = "permit (principal, action, resource)", "forbid (principal, action, resource)"
    text = f'\n// a; b\n@says("x; \\"y\\"")\n{permit};\n\n  {forbid}\n'
    found = list(statements("a.cedar", text))
    # Then only those count that end a policy, and the line is that of its first word
    assert [each.place for each in found] == ["a.cedar:3", "a.cedar:6"]
    assert found[1].text == forbid
    assert not list(statements("a.cedar", "\n// nothing\n  \n"))


def test_a_policy_without_an_id_is_named_by_its_place() -> None:
    parts = compile_policies(bundle("\n\npermit (principal, action, resource);", shipped=False))
    assert isinstance(parts, Parts)
    assert list(parts.policies) == ["more.cedar:3"]


@pytest.mark.parametrize(
    ("policies", "place", "sentence"),
    [
        ("permit (principal, action);", "more.cedar:1", "missing the `resource`"),
        ("\npermit (principal, action, resource)", "more.cedar:2", "unexpected end"),
        ("@reveiw permit (principal, action, resource);", "more.cedar:1", "nobody obeys @reveiw"),
        ("@review forbid (principal, action, resource);", "more.cedar:1", "a forbid says only @id, @says"),
        ('@quorum("2") permit (principal, action, resource);', "more.cedar:1", "add @require_approval"),
        ('@requester("may") permit (principal, action, resource);', "more.cedar:1", "add @require_approval"),
        (
            '@require_approval("finance") @quorum("0") permit (principal, action, resource);',
            "more.cedar:1",
            "is no number from 1 to 16",
        ),
        (
            '@require_approval("finance") @requester("yes") permit (principal, action, resource);',
            "more.cedar:1",
            'neither "may" nor "may not"',
        ),
        ('@require_approval("Fi Nance") permit (principal, action, resource);', "more.cedar:1", "no role"),
        ('@cap("amount < 3") permit (principal, action, resource);', "more.cedar:1", "is no cap"),
        ('@redact("amount") permit (principal, action, resource);', "more.cedar:1", "names no argument"),
        ('@id("reads") permit (principal, action, resource);', "more.cedar:1", "interlock.cedar:"),
        ("permit (principal == ?principal, action, resource);", "more.cedar:1", "templates"),
        ('permit (principal, action == Action::"fly", resource);', "more.cedar:1", "unrecognized action"),
        (
            "permit (principal, action, resource) when { context.run.purse > 3 };",
            "more.cedar:1",
            "run.purse",
        ),
        (
            'permit (principal, action == Action::"write", resource) when { context.arguments.x == 1 };',
            "more.cedar:1",
            "`arguments`",
        ),
    ],
)
def test_what_is_wrong_with_a_policy_is_said_with_its_place(policies: str, place: str, sentence: str) -> None:
    reasons = compile_policies(bundle(policies))
    assert isinstance(reasons, tuple)
    assert len(reasons) == 1
    assert reasons[0].startswith(f"{place}: ")
    assert sentence in reasons[0]


@pytest.mark.parametrize(
    ("schema", "sentence"),
    [
        ("entity Tool;", "more.cedarschema: error parsing schema: `Tool` is declared twice"),
        ("action pay appliesTo { principal: [Agent], resource: [Tool] };", "action pay is in no risk class"),
        ("action fly in [soar];", "more.cedarschema: "),
    ],
)
def test_what_is_wrong_with_a_schema_is_said(schema: str, sentence: str) -> None:
    reasons = compile_policies(bundle("", schema))
    assert isinstance(reasons, tuple)
    assert sentence in reasons[0]


def test_a_bundle_without_the_base_schema_is_refused() -> None:
    text = "entity Agent; entity Tool; action read appliesTo { principal: [Agent], resource: [Tool] };"
    reasons = compile_policies(Policies(schemas=(PolicyFile(name="own.cedarschema", text=text),)))
    assert isinstance(reasons, tuple)
    assert "lacks the action write, irreversible, model" in reasons[0]
    assert compile_policies(Policies()) == (
        "there is no schema (*.cedarschema): Interlock brings interlock.cedarschema",
    )


def test_all_that_is_wrong_is_said_at_once() -> None:
    reasons = compile_policies(bundle("permit (principal);" * 70, shipped=False))
    assert isinstance(reasons, tuple)
    assert len(reasons) == 51
    assert reasons[-1] == "and 20 more"


@pytest.mark.parametrize(
    ("routes", "calendars", "sentence"),
    [
        ((Route(role="a", after_s=1, then="b"), Route(role="b", after_s=1, then="a")), (), "comes back to"),
        ((Route(role="a", then="b"),), (), "not after how long"),
        ((Route(role="a"), Route(role="a")), (), "more than one route"),
        ((Route(role="a", calendar="office"),), (), "which is not there"),
        ((), (OFFICE, OFFICE), "there twice"),
        ((), (Calendar(name="o", days=(), opens_minute=0, closes_minute=9),), "has no days"),
        ((), (Calendar(name="o", days=(1,), opens_minute=9, closes_minute=9),), "closes before it opens"),
        (
            (),
            (Calendar(name="o", days=(1,), opens_minute=0, closes_minute=9, offsets=((9, 0), (1, 60))),),
            "not in order",
        ),
    ],
)
def test_a_ladder_has_to_end_and_hours_have_to_exist(
    routes: tuple[Route, ...], calendars: tuple[Calendar, ...], sentence: str
) -> None:
    reasons = compile_policies(bundle(routes=routes, calendars=calendars))
    assert isinstance(reasons, tuple)
    assert sentence in reasons[0]


def test_a_desk_that_pays_compiles() -> None:
    parts = compile_policies(bundle(PAY, PAY_SCHEMA, routes=(Route(role="finance", after_s=60, then="cfo"),)))
    assert isinstance(parts, Parts)
    assert parts.actions["pay"] == {"irreversible"}
    large = parts.policies["large"]
    assert large.obligations.need is not None
    assert large.obligations.need.quorum == 2
    assert large.looks_at == {("arguments", "amount_cents")}
