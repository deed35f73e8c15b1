"""The live table: what stands, however late its lists come; it never believes that something rose again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.supervisor.access import connections as module
from interlock.supervisor.access.connections import Connections


def test_a_connection_is_known_from_its_beginning_to_its_end() -> None:
    # Given a connection that was admitted and stands
    table = Connections()
    table.admitted(("S", 7), "UKEY")
    live = table.stands(("S", 7), "development", "researcher-1", 5, watched=True)
    assert live is not None
    assert (live.proof, live.started_us, live.watched) == ("UKEY", 5, True)
    assert table.of("development", "researcher-1") == (live,)
    # And another one of the same principal, that another service admitted
    second = table.stands(("S", 8), "development", "researcher-1")
    assert second is not None
    assert second.proof == ""
    # When the first ends, then one is left
    assert table.ended(("S", 7)) == live
    assert table.of("development", "researcher-1") == (second,)
    assert table.principals("development") == ("researcher-1",)
    assert table.principals("staging") == ()
    assert table.ended(("S", 8)) == second
    assert table.principals("development") == ()


def test_what_has_ended_does_not_stand_again_by_a_late_list() -> None:
    table = Connections()
    assert table.ended(("S", 7)) is None
    assert table.stands(("S", 7), "development", "researcher-1") is None
    assert table.of("development", "researcher-1") == ()


def test_what_was_forgotten_may_be_found_again() -> None:
    table = Connections()
    table.stands(("S", 7), "development", "researcher-1")
    assert table.forget(("S", 7)) is not None
    assert table.stands(("S", 7), "development", "researcher-1") is not None


def test_a_list_misses_only_what_stood_before_it_was_asked_for() -> None:
    # Given two connections, and a third that comes while the servers are asked
    table = Connections()
    table.stands(("S", 1), "development", "a-1")
    table.stands(("S", 2), "development", "b-1")
    table.stands(("T", 1), "development", "c-1")
    begun = table.begin_round()
    table.stands(("S", 3), "development", "d-1")
    # When one server answers that only the first stands
    missing = table.missing("S", {1}, begun)
    # Then the second is missing, and neither the new one nor another server's
    assert [live.principal for live in missing] == ["b-1"]


def test_a_server_that_is_gone_takes_its_connections_along() -> None:
    table = Connections()
    table.stands(("S", 1), "development", "a-1")
    table.stands(("T", 1), "development", "a-1")
    assert table.servers() == {"S", "T"}
    assert table.forget_server("S") == 1
    assert [live.place for live in table.of("development", "a-1")] == [("T", 1)]


def test_the_table_and_its_notes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    monkeypatch.setattr(module, "MOST_REMEMBERED", 2)
    table = Connections()
    for cid in range(4):
        table.admitted(("S", cid), "U")
        table.kicked(("S", cid))
    assert [table.was_kicked(("S", cid)) for cid in range(4)] == [False, False, True, True]
    stood = [table.stands(("S", cid), "development", "a-1") is not None for cid in range(4)]
    assert stood == [True, True, False, False]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["stands", "ended"]),
            st.tuples(st.sampled_from("ST"), st.integers(1, 4)),
            st.sampled_from(["a-1", "b-1"]),
        ),
        max_size=30,
    )
)
def test_the_table_is_what_has_begun_and_not_ended(events: list[tuple[str, tuple[str, int], str]]) -> None:
    table = Connections()
    standing: dict[tuple[str, int], str] = {}
    over: set[tuple[str, int]] = set()
    for event, place, principal in events:
        if event == "stands":
            table.stands(place, "development", principal)
            if place not in over:
                standing.setdefault(place, principal)
        else:
            table.ended(place)
            over.add(place)
            standing.pop(place, None)
    listed = {live.place: live.principal for name in ("a-1", "b-1") for live in table.of("development", name)}
    assert listed == standing
    assert set(table.principals("development")) == set(standing.values())
    assert table.servers() == {server for server, _ in standing}
