"""Who is admitted, as whom, where and for how long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.bus.permissions import PEOPLE, PROCESSES, ROLES
from interlock.bus.principals import Key, Principal
from interlock.contracts.observed import Entitlement
from interlock.supervisor.access.admission import (
    HOUR_S,
    LATEST_MS,
    SPREAD_S,
    UNKNOWN,
    Admitted,
    CertificateProof,
    KeyProof,
    Moment,
    Outcome,
    Proof,
    Rejected,
    TokenProof,
    admit,
    entitlement_of,
    has_more,
)
from interlock.supervisor.access.directory import Directory

NOW_S = 1_800_000_000
NOW_MS = NOW_S * 1_000

PRINCIPALS = {
    "researcher-1": Principal(roles=("agent",), keys=(Key("U1", 0),)),
    "rotated-1": Principal(roles=("agent",), keys=(Key("UOLD", 0), Key("UNEW", 1))),
    "retired-1": Principal(roles=("agent",), keys=(Key("UGONE", 0, NOW_MS), Key("UGOOD", 1))),
    "revoked-1": Principal(roles=("agent",), keys=(Key("UREVOKED", 0),), revoked_ms=NOW_MS - 1),
    "planner-9": Principal(roles=("agent",), keys=(Key("U9", 0),), environment="staging"),
    "effects-1": Principal(roles=("effects",), keys=(Key("UE", 0),), certificate="effects.example.org"),
    "supervisor-1": Principal(roles=("supervisor",), keys=(Key("US", 0),)),
    "guard-1": Principal(roles=("guard",), keys=(Key("UG", 0),)),
    "alice": Principal(roles=("operator", "viewer"), keys=(Key("UA", 0),), tenants=("acme",)),
    "bob": Principal(
        roles=("admin",),
        groups=("finance",),
        keys=(Key("UB", 0), Key("UB0", 0, NOW_MS), Key("UB9", 0, NOW_MS - 1)),
    ),
}


def nobody_is_killed(_environment: str, _agent: str) -> str:
    return ""


def decide(proof: Proof, *, killed: frozenset[str] = frozenset(), salt: str = "") -> Outcome:
    def kill_over(environment: str, agent: str) -> str:
        return "killed" if f"{environment}/{agent}" in killed else ""

    return admit(Directory(PRINCIPALS), kill_over, proof, Moment(NOW_MS, salt))


def token(**changed: object) -> TokenProof:
    parts: dict[str, object] = {
        "name": "carol",
        "roles": ("viewer",),
        "environment": "development",
        "expires_s": NOW_S + 600,
    }
    return TokenProof(**(parts | changed))  # type: ignore[arg-type]  # the table's own words


@pytest.mark.parametrize(
    ("proof", "principal", "environment"),
    [
        (KeyProof("U1"), "researcher-1", "development"),
        (KeyProof("UOLD"), "rotated-1", "development"),
        (KeyProof("UNEW"), "rotated-1", "development"),
        (KeyProof("UGOOD"), "retired-1", "development"),
        (KeyProof("U9"), "planner-9", "staging"),
        (KeyProof("UA"), "alice", "development"),
        (CertificateProof(("effects-1",), ()), "effects-1", "development"),
        (CertificateProof((), ("x", "effects.example.org")), "effects-1", "development"),
        (CertificateProof(("effects-1",), ("effects.example.org",)), "effects-1", "development"),
        (token(), "carol", "development"),
        (token(environment="staging"), "carol", "staging"),
    ],
)
def test_who_has_proven_it_is_admitted_to_its_own_environment(
    proof: Proof, principal: str, environment: str
) -> None:
    outcome = decide(proof)
    assert isinstance(outcome, Admitted)
    assert (outcome.principal, outcome.environment) == (principal, environment)
    assert all(role in ROLES for role in outcome.roles)


@pytest.mark.parametrize(
    ("proof", "reason", "principal"),
    [
        (KeyProof("UNOBODY"), "nobody has this key", ""),
        (KeyProof(""), "nobody has this key", ""),
        (KeyProof("UGONE"), "retired", "retired-1"),
        (KeyProof("UREVOKED"), "revoked", "revoked-1"),
        (CertificateProof(), "nobody has this certificate", ""),
        (CertificateProof((), ("other.example.org",)), "nobody has this certificate", ""),
        (CertificateProof(("nobody",), ("researcher-1",)), "nobody has this certificate", ""),
        (CertificateProof(("alice", "bob")), "several", ""),
        (CertificateProof(("alice",), ("effects.example.org",)), "several", ""),
        (CertificateProof(("revoked-1",)), "revoked", "revoked-1"),
        (token(name="alice"), "a principal of the directory has", ""),
        (token(name="supervisor-1"), "a principal of the directory has", ""),
        (token(name="approver"), "a role or a group has", ""),
        (token(name="finance"), "a role or a group has", ""),
        (token(groups=("law", "alice")), "for whom it would answer", ""),
        (token(public_key="UB"), "a principal's of the directory", ""),
        (token(public_key="UB0"), "a principal's of the directory", ""),
        (token(public_key="UREVOKED"), "a principal's of the directory", ""),
        (token(roles=()), "no role", "carol"),
        (token(roles=("supervisor",)), "no role", "carol"),
        (token(roles=("viewer", "agent")), "no role", "carol"),
        (token(expires_s=NOW_S), "expired", "carol"),
        (token(expires_s=NOW_S - 10), "expired", "carol"),
    ],
)
def test_who_has_not_is_refused_with_a_reason(proof: Proof, reason: str, principal: str) -> None:
    outcome = decide(proof)
    assert isinstance(outcome, Rejected)
    assert reason in outcome.reason
    assert outcome.principal == principal


def test_an_agent_that_is_killed_is_kept_out_in_its_own_environment_only() -> None:
    killed = frozenset({"development/researcher-1", "development/planner-9"})
    assert decide(KeyProof("U1"), killed=killed) == Rejected("killed", "researcher-1", "development")
    assert isinstance(decide(KeyProof("U9"), killed=killed), Admitted)


def test_an_agent_is_not_to_blame_for_coming_before_it_is_known_what_is_killed() -> None:
    moment = Moment(NOW_MS, "")
    early = admit(Directory(PRINCIPALS), lambda _environment, _agent: UNKNOWN, KeyProof("U1"), moment)
    assert early == Rejected(UNKNOWN, "researcher-1", "development", blameless=True)
    killed = decide(KeyProof("U1"), killed=frozenset({"development/researcher-1"}))
    assert isinstance(killed, Rejected)
    assert not killed.blameless


@pytest.mark.parametrize("name", ["effects-1", "supervisor-1", "guard-1", "alice", "bob"])
def test_no_switch_keeps_out_who_is_no_agent(name: str) -> None:
    killed = frozenset(f"development/{each}" for each in PRINCIPALS)
    assert isinstance(decide(KeyProof(PRINCIPALS[name].keys[0].public_key), killed=killed), Admitted)


def test_no_switch_keeps_out_who_comes_with_a_token() -> None:
    assert isinstance(decide(token(), killed=frozenset({"development/carol"})), Admitted)


@given(salt=st.text(max_size=20), proof=st.sampled_from([KeyProof("U1"), KeyProof("UA"), token()]))
def test_nobody_is_admitted_for_longer_than_an_hour_and_a_bit(salt: str, proof: Proof) -> None:
    outcome = decide(proof, salt=salt)
    assert isinstance(outcome, Admitted)
    assert NOW_S < outcome.expires_s <= NOW_S + HOUR_S + SPREAD_S


def test_the_hours_of_many_end_at_different_times() -> None:
    ends = {
        outcome.expires_s
        for number in range(100)
        if isinstance(outcome := decide(KeyProof("U1"), salt=f"U{number}"), Admitted)
    }
    assert len(ends) > 50
    assert max(ends) - min(ends) > SPREAD_S


@given(left_s=st.integers(1, 2 * HOUR_S))
def test_nobody_stays_longer_than_a_token(left_s: int) -> None:
    outcome = decide(token(expires_s=NOW_S + left_s))
    assert isinstance(outcome, Admitted)
    assert outcome.expires_s <= NOW_S + left_s


def test_a_key_that_will_be_retired_is_good_until_then() -> None:
    principals = {"a-1": Principal(roles=("agent",), keys=(Key("U1", 0, NOW_MS + 5_500),))}
    outcome = admit(Directory(principals), nobody_is_killed, KeyProof("U1"), Moment(NOW_MS, ""))
    assert isinstance(outcome, Admitted)
    assert outcome.expires_s == NOW_S + 6


@pytest.mark.parametrize(
    ("name", "charter", "role"),
    [
        ("clerk-1", "", "clerk"),
        ("clerk", "", "clerk"),
        ("clerk-1", "auditor", "auditor"),
        ("a-2-b", "", "a-2-b"),
    ],
)
def test_an_agents_charter_is_of_the_role_that_the_directory_or_its_name_says(
    name: str, charter: str, role: str
) -> None:
    principals = {name: Principal(roles=("agent",), keys=(Key("U1", 0),), charter=charter, tools=("search",))}
    outcome = admit(Directory(principals), nobody_is_killed, KeyProof("U1"), Moment(NOW_MS, ""))
    assert isinstance(outcome, Admitted)
    assert outcome.entitlement == Entitlement(roles=(role,), tools=("search",))


def test_a_key_of_two_principals_is_nobodys() -> None:
    principals = {name: Principal(roles=("agent",), keys=(Key("U1", 0),)) for name in ("a-1", "b-1")}
    outcome = admit(Directory(principals), nobody_is_killed, KeyProof("U1"), Moment(NOW_MS, ""))
    assert isinstance(outcome, Rejected)


@pytest.mark.parametrize(
    ("proof", "entitlement"),
    [
        (KeyProof("UA"), Entitlement(roles=("operator", "viewer"), tenants=("acme",), keys=("UA",))),
        (KeyProof("UB"), Entitlement(roles=("admin",), groups=("finance",), keys=("UB",))),
        (KeyProof("U1"), Entitlement(roles=("researcher",))),
        (token(), Entitlement(roles=("viewer",))),
        (token(tools=("search",)), Entitlement(roles=("viewer",), tools=("search",))),
        (token(models=("a/*",)), Entitlement(roles=("viewer",), models=("a/*",))),
    ],
)
def test_a_person_is_entitled_to_its_roles_groups_and_keys_and_an_agent_to_its_charters_role(
    proof: Proof, entitlement: Entitlement
) -> None:
    outcome = decide(proof)
    assert isinstance(outcome, Admitted)
    assert outcome.entitlement == entitlement


@pytest.mark.parametrize("role", sorted(PROCESSES.keys() - {"agent"}))
def test_another_machine_is_entitled_to_nothing_whatever_the_directory_says(role: str) -> None:
    principals = {"x-1": Principal(roles=(role,), keys=(Key("U1", 0),), tools=("search",))}
    outcome = admit(Directory(principals), nobody_is_killed, KeyProof("U1"), Moment(NOW_MS, ""))
    assert isinstance(outcome, Admitted)
    assert outcome.entitlement == Entitlement()
    assert role not in PEOPLE


def test_who_is_revoked_approves_nothing_and_stays_restricted() -> None:
    bob = Principal(
        roles=("approver",), groups=("finance",), keys=(Key("UB", 0),), tools=("pay",), revoked_ms=NOW_MS
    )
    assert entitlement_of("bob", bob, NOW_MS) == Entitlement(tools=("pay",))
    assert entitlement_of("bob", bob, NOW_MS - 1).keys == ("UB",)


@pytest.mark.parametrize(
    ("known", "now", "more"),
    [
        (Entitlement(), Entitlement(roles=("approver",), groups=("finance",), keys=("U1",)), False),
        (Entitlement(roles=("approver",), groups=("finance",)), Entitlement(roles=("approver",)), True),
        (Entitlement(roles=("approver", "operator")), Entitlement(roles=("approver",)), True),
        (Entitlement(roles=("viewer",), keys=("U1",)), Entitlement(roles=("viewer",), keys=("U2",)), False),
        (Entitlement(roles=("viewer",), tools=("a",)), Entitlement(roles=("viewer",)), False),
        (Entitlement(), Entitlement(roles=("viewer",), tools=("a",)), True),
    ],
)
def test_what_would_be_too_much_is_told_before_anybody_comes_in(
    known: Entitlement, now: Entitlement, more: bool
) -> None:
    person = Admitted("bob", now.roles, "development", NOW_S, now, "U1")
    assert has_more(known, person) is more


def test_the_charter_of_an_agent_is_always_told_first() -> None:
    entitlement = Entitlement(roles=("viewer",))
    agent = Admitted("viewer-1", ("agent",), "development", NOW_S, entitlement, "U1")
    assert has_more(Entitlement(), agent)
    assert not has_more(entitlement, agent)


@pytest.mark.parametrize(
    ("changed", "entitlement"),
    [
        ({}, Entitlement(roles=("viewer",))),
        (
            {"groups": ("finance",)},
            Entitlement(roles=("viewer",), groups=("finance",), until_ms=NOW_MS + 600_000),
        ),
        ({"public_key": "UC"}, Entitlement(roles=("viewer",), keys=("UC",), until_ms=NOW_MS + 600_000)),
        (
            {"public_key": "UC", "expires_s": 10**20},
            Entitlement(roles=("viewer",), keys=("UC",), until_ms=LATEST_MS),
        ),
    ],
)
def test_what_a_token_lets_somebody_approve_ends_with_it(
    changed: dict[str, object], entitlement: Entitlement
) -> None:
    outcome = decide(token(**changed))
    assert isinstance(outcome, Admitted)
    assert outcome.entitlement == entitlement
