"""The log's order decides what may begin; a kill without a place holds everything in its scope."""

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.contracts.scope import FLEET, Doing, Scope, covers, task_scope
from interlock.effects import fences as fences_module
from interlock.effects.fences import UNPLACED_MS, Fences, Kill

SCOPES = (
    FLEET,
    task_scope(1),
    task_scope(2),
    Scope(kind="step", task=1, step="a"),
    Scope(kind="agent", name="thinker-1"),
    Scope(kind="role", name="thinker"),
    Scope(kind="tool", name="search"),
    Scope(kind="model", name="openai/*"),
    Scope(kind="tenant", name="acme"),
)
DOINGS = (
    Doing(task=1, step="a", agent="thinker-1", role="thinker", tenant="acme", model="openai/tiny"),
    Doing(task=1, step="b", agent="thinker-2", role="thinker", tool="search"),
    Doing(task=2, step="a", agent="writer-1", role="writer", tenant="other", tool="write_file"),
    Doing(task=3, step="c", agent="writer-1", role="writer", model="offline/extractive"),
)
SMALL = 3

scopes = st.sampled_from(SCOPES)
doings = st.sampled_from(DOINGS)
kills = st.builds(Kill, st.sampled_from(("alice", "bob")), scopes)


class Said(NamedTuple):
    """A kill as it stands in the log."""

    seq: int
    kill: Kill


def in_log(said: list[Kill]) -> list[Said]:
    """Give each a place, with others between."""
    return [Said(10 * number, kill) for number, kill in enumerate(said, start=1)]


def killed(said: list[Said], doing: Doing, as_of: int) -> bool:
    """Tell by the plain rule whether something is older than a kill over it."""
    return any(one.seq > as_of and covers(one.kill.scope, doing) for one in said)


@given(st.lists(kills, max_size=12), doings, st.integers(0, 130))
def test_what_is_older_than_a_kill_over_it_never_begins_and_what_is_newer_may(
    said: list[Kill], doing: Doing, as_of: int
) -> None:
    fences, log = Fences(), in_log(said)
    for one in log:
        fences.read(one.kill, one.seq, 0)
    assert fences.refuses(doing, as_of) == killed(log, doing, as_of)


@given(st.lists(kills, max_size=12), doings, st.integers(0, 130))
def test_with_few_fences_too_nothing_killed_begins_and_what_knows_all_may(
    said: list[Kill], doing: Doing, as_of: int
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(fences_module, "FENCES_MAX", SMALL)
        fences, log = Fences(), in_log(said)
        for one in log:
            fences.read(one.kill, one.seq, 0)
        if killed(log, doing, as_of):
            assert fences.refuses(doing, as_of)
        # What knows of all but the newest few is judged exactly.
        if as_of >= max((one.seq for one in log[:-SMALL]), default=0):
            assert fences.refuses(doing, as_of) == killed(log, doing, as_of)


@given(st.lists(kills, min_size=1, max_size=6), st.data())
def test_in_whatever_order_they_come_a_kill_without_its_place_holds_and_nothing_else_does(
    said: list[Kill], data: st.DataObject
) -> None:
    fences, log = Fences(), in_log(said)
    heard: list[Kill] = []
    read: list[Said] = []
    # Given both ways of hearing, each in order, one before the other as it happens
    while len(heard) < len(log) or len(read) < len(log):
        may_hear, may_read = len(heard) < len(log), len(read) < len(log)
        if may_hear and (not may_read or data.draw(st.booleans())):
            heard.append(log[len(heard)].kill)
            known = fences.heard(heard[-1], 0)
            placed = {one.seq for one in read if one.kill == heard[-1]}
            assert known in placed if known is not None else len(placed) < heard.count(heard[-1])
        else:
            read.append(log[len(read)])
            fences.read(read[-1].kill, read[-1].seq, 0)
        unplaced = [kill for kill in heard if heard.count(kill) > sum(1 for one in read if one.kill == kill)]
        for doing in DOINGS:
            assert fences.holds(doing) == any(covers(kill.scope, doing) for kill in unplaced)
    # Then, when all have their place, nothing is held
    assert not any(fences.holds(doing) for doing in DOINGS)


def test_a_kill_that_the_log_never_took_falls_when_the_log_was_read_to_its_end_much_later() -> None:
    fences, (doing, *_) = Fences(), DOINGS
    fences.heard(Kill("alice", FLEET), 1_000)
    # While it is young, no reading proves anything: its record may be on its way
    fences.read_to_end(1_000 + UNPLACED_MS - 1)
    assert fences.holds(doing)
    assert not fences.overdue(1_000 + UNPLACED_MS - 1)
    # When it is overdue, time alone changes nothing; a reading that begins then does
    assert fences.overdue(1_000 + UNPLACED_MS)
    assert fences.holds(doing)
    fences.read_to_end(1_000 + UNPLACED_MS)
    assert not fences.holds(doing)
    assert not fences.refuses(doing, 0)


def test_one_of_two_equal_kills_that_is_overdue_does_not_take_the_other_with_it() -> None:
    fences, (doing, *_) = Fences(), DOINGS
    fences.heard(Kill("alice", FLEET), 0)
    fences.heard(Kill("alice", FLEET), UNPLACED_MS)
    fences.read_to_end(UNPLACED_MS)
    assert fences.holds(doing)
    fences.read(Kill("alice", FLEET), 7, UNPLACED_MS)
    assert not fences.holds(doing)


def test_more_kills_without_a_place_than_can_be_kept_hold_everything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fences_module, "UNPLACED_MAX", SMALL)
    fences, elsewhere = Fences(), Doing(task=99)
    for task in range(SMALL):
        fences.heard(Kill("alice", task_scope(task)), 0)
    assert not fences.holds(elsewhere)
    # When one more comes, then nothing at all begins, until the log was read to its end much later
    fences.heard(Kill("alice", task_scope(SMALL)), 5)
    assert fences.holds(elsewhere)
    fences.read_to_end(UNPLACED_MS + 4)
    assert fences.holds(elsewhere)
    fences.read_to_end(UNPLACED_MS + 5)
    assert not fences.holds(elsewhere)


def test_a_late_message_of_a_kill_that_was_read_long_ago_is_another_kill() -> None:
    fences, (doing, *_) = Fences(), DOINGS
    fences.read(Kill("alice", FLEET), 7, 0)
    assert fences.heard(Kill("alice", FLEET), fences_module.EARLY_MS) is None
    assert fences.holds(doing)


def test_a_record_that_comes_again_changes_nothing() -> None:
    fences, (doing, *_) = Fences(), DOINGS
    fences.read(Kill("alice", FLEET), 7, 0)
    fences.read(Kill("alice", task_scope(1)), 5, 0)
    fences.heard(Kill("alice", FLEET), 0)
    fences.read(Kill("alice", FLEET), 7, 0)
    assert not fences.refuses(doing, 7)
    assert not fences.holds(doing)
