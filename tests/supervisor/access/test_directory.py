"""Whom a change of the directory cuts off, and by which proof somebody may stay."""

import pytest
from msgspec.structs import replace

from interlock.bus.principals import Key, Principal
from interlock.supervisor.access.directory import Cut, Directory, cuts, proofs_of

THEN_MS, NOW_MS = 1_000, 2_000
AGENT = Principal(roles=("agent",), keys=(Key("U1", 0), Key("U2", 1)))
ALICE = Principal(roles=("viewer",), keys=(Key("UA", 0),), tools=("search",), certificate="alice.example.org")


def cut(before: Principal, after: Principal | None) -> Cut | None:
    was, now = Directory({"x": before}), Directory({"x": after} if after is not None else {})
    found = cuts(was, THEN_MS, now, NOW_MS)
    assert len(found) <= 1
    return found[0] if found else None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (AGENT, None),
        (AGENT, replace(AGENT, revoked_ms=NOW_MS)),
        (AGENT, replace(AGENT, roles=("effects",))),
        (AGENT, replace(AGENT, environment="staging")),
        (ALICE, replace(ALICE, roles=("viewer", "operator"))),
        (ALICE, replace(ALICE, tenants=("acme",))),
        (ALICE, replace(ALICE, tools=())),
        (ALICE, replace(ALICE, models=("a/*",))),
    ],
)
def test_who_is_gone_or_may_do_something_else_is_cut_off_everywhere(
    before: Principal, after: Principal | None
) -> None:
    found = cut(before, after)
    assert found is not None
    assert (found.principal, found.environment, found.but) == ("x", before.environment, frozenset())


@pytest.mark.parametrize(
    ("before", "after", "left"),
    [
        (AGENT, replace(AGENT, keys=(Key("U1", 0, NOW_MS), Key("U2", 1))), {"U2", "certificate"}),
        (AGENT, replace(AGENT, keys=(Key("U2", 1),)), {"U2", "certificate"}),
        (ALICE, replace(ALICE, certificate=""), {"UA", "certificate"}),
    ],
)
def test_who_loses_a_proof_may_stay_by_another(before: Principal, after: Principal, left: set[str]) -> None:
    found = cut(before, after)
    assert found is not None
    assert found.but == left


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (AGENT, AGENT),
        (AGENT, replace(AGENT, keys=(*AGENT.keys, Key("U3", 2)))),
    ],
)
def test_who_only_gains_a_key_stays(before: Principal, after: Principal) -> None:
    assert cut(before, after) is None


def test_a_key_is_retired_by_time_alone() -> None:
    # Given a key that is good until a time between two looks
    principals = {"x": replace(AGENT, keys=(Key("U1", 0, NOW_MS - 1), Key("U2", 1)))}
    # When the second look comes, then it is cut off, and only once
    found = cuts(Directory(principals), THEN_MS, Directory(principals), NOW_MS)
    assert [each.but for each in found] == [{"U2", "certificate"}]
    assert not cuts(Directory(principals), NOW_MS, Directory(principals), NOW_MS + 1)


def test_who_was_revoked_before_is_not_cut_off_again() -> None:
    revoked = replace(AGENT, revoked_ms=THEN_MS - 1)
    assert cut(revoked, revoked) is None


def test_who_came_with_a_token_goes_when_the_directory_takes_the_name() -> None:
    found = cuts(Directory({}), THEN_MS, Directory({"alice": ALICE}), NOW_MS)
    assert [(each.principal, each.but) for each in found] == [("alice", frozenset({"UA", "certificate"}))]


def test_a_revoked_principal_has_no_proof() -> None:
    assert proofs_of(replace(AGENT, revoked_ms=5), 5) == frozenset()
    assert proofs_of(replace(AGENT, revoked_ms=5), 4) == {"U1", "U2", "certificate"}
