"""Which keys somebody has who comes with one token after the other, and when they end."""

from typing import Any

import pytest

from interlock.bus.principals import Key, Principal
from interlock.contracts.observed import Entitlement
from interlock.supervisor.access.directory import Directory
from interlock.supervisor.access.token_keys import MOST_KEYS, joined, left_of

NOW_MS = 1_000_000
NOBODY = Directory({})


def having(*keys: str, until_ms: int = NOW_MS + 100, **fields: Any) -> Entitlement:
    return Entitlement(roles=("approver",), keys=keys, until_ms=until_ms, **fields)


@pytest.mark.parametrize(
    ("known", "now", "then"),
    [
        # Nothing, or nothing of a token, was known
        (Entitlement(), having("U1"), having("U1")),
        (having("U9", until_ms=0), having("U1"), having("U1")),
        # The same key again, with a later token or an earlier one
        (having("U1"), having("U1", until_ms=NOW_MS + 900), having("U1", until_ms=NOW_MS + 900)),
        (having("U1"), having("U1", until_ms=NOW_MS + 9), having("U1", until_ms=NOW_MS + 9)),
        # Another one beside it: both end with the first of the tokens
        (having("U1"), having("U2", until_ms=NOW_MS + 900), having("U1", "U2")),
        (having("U1"), having("U2", until_ms=NOW_MS + 9), having("U1", "U2", until_ms=NOW_MS + 9)),
        (having("U1", "U2"), having("U1"), having("U1", "U2")),
        # No key this time, and none any more
        (having("U1"), having(until_ms=0), having("U1")),
        (having("U1", until_ms=NOW_MS), having("U2"), having("U2")),
    ],
)
def test_keys_of_several_tokens_stand_beside_each_other_until_the_first_ends(
    known: Entitlement, now: Entitlement, then: Entitlement
) -> None:
    assert joined(known, now, NOW_MS) == then


def test_groups_are_those_of_the_last_token() -> None:
    then = joined(having("U1", groups=("finance",)), having("U2", groups=("law",)), NOW_MS)
    assert (then.keys, then.groups) == (("U1", "U2"), ("law",))


def test_of_many_keys_the_oldest_go() -> None:
    known = Entitlement()
    for number in range(MOST_KEYS + 2):
        known = joined(known, having(f"U{number}"), NOW_MS)
    assert known.keys == tuple(f"U{number}" for number in range(2, MOST_KEYS + 2))


def test_what_a_token_gave_is_left_until_it_ends_and_restrictions_beyond_it() -> None:
    known = having("U1", groups=("finance",), tools=("search",))
    assert left_of(known, NOBODY, NOW_MS + 99) == known
    ended = Entitlement(roles=("approver",), tools=("search",))
    assert left_of(known, NOBODY, NOW_MS + 100) == ended
    # And of what has no end, nothing is a token's
    assert left_of(having("U1", until_ms=0, tools=("search",)), NOBODY, NOW_MS) == ended


def test_a_key_that_the_directory_has_by_now_is_not_a_tokens() -> None:
    directory = Directory({"bob": Principal(roles=("approver",), keys=(Key("U1", 0),))})
    assert left_of(having("U1", "U2"), directory, NOW_MS) == having("U2")
