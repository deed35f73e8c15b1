"""Nothing begins unless a leader was heard lately, by somebody who was awake."""

from hypothesis import given
from hypothesis import strategies as st

from interlock.effects.handle import HANDLE_MS, LATE_MS, TICK_MS, Handle

GAP_MS = TICK_MS + LATE_MS + 1
Event = tuple[str, int]

events = st.lists(
    st.tuples(st.sampled_from(("look", "beat", "begin proof", "end proof", "lost")), st.integers(0, 2_500)),
    max_size=40,
)


def proved(now_ms: int = 0) -> Handle:
    """Return a handle that is not in doubt."""
    handle = Handle(now_ms)
    handle.prove(handle.doubts)
    return handle


def test_nothing_begins_before_a_proof_and_a_beat() -> None:
    handle = proved()
    assert "heard yet" in handle.why_not(200)
    handle.heard(300)
    assert not handle.why_not(300)
    # When the beat comes first, to one who has just begun to listen
    handle = Handle(0)
    handle.heard(100)
    assert "reads the switches" in handle.why_not(100)
    handle.prove(handle.doubts)
    # Then it counts: it cannot be old
    assert not handle.why_not(200)


def test_a_first_beat_does_not_count_behind_a_standstill_or_a_lost_connection() -> None:
    for cut_off in (False, True):
        handle = Handle(0)
        handle.heard(0)
        if cut_off:
            handle.doubt()
        # When it looks again, late or cut off, and then hears what may be old
        now_ms = 1 if cut_off else GAP_MS
        handle.look(now_ms)
        handle.heard(now_ms)
        handle.prove(handle.doubts)
        assert "heard yet" in handle.why_not(now_ms)


def test_silence_ends_it_and_a_beat_lets_it_go_on() -> None:
    handle = proved()
    handle.heard(0)
    for now_ms in range(0, HANDLE_MS + 1, TICK_MS):
        assert not handle.why_not(now_ms)
    assert "for 3.0 s" in handle.why_not(HANDLE_MS + 1)
    handle.heard(HANDLE_MS + 2)
    assert not handle.why_not(HANDLE_MS + 2)


def test_after_a_standstill_beats_count_only_behind_a_proof() -> None:
    handle = proved()
    handle.heard(0)
    # When it stood still, and what waited in the socket comes first, with a beat among it
    assert handle.why_not(GAP_MS)
    handle.heard(GAP_MS)
    assert handle.why_not(GAP_MS)
    # Then it takes an answer of the server, and a beat behind it
    handle.prove(handle.doubts)
    assert handle.why_not(GAP_MS)
    handle.heard(GAP_MS)
    assert not handle.why_not(GAP_MS)


def test_a_proof_that_was_begun_before_the_last_doubt_proves_nothing() -> None:
    handle = proved()
    handle.doubt()
    begun = handle.doubts
    handle.doubt()
    handle.prove(begun)
    handle.heard(1)
    assert handle.in_doubt
    assert handle.why_not(1)


def test_the_gap_is_seen_by_whoever_looks_first() -> None:
    for look in (Handle.look, Handle.heard, Handle.why_not):
        handle = proved()
        look(handle, GAP_MS - 1)
        assert not handle.in_doubt
        look(handle, GAP_MS - 1 + GAP_MS)
        assert handle.in_doubt


@given(events)
def test_it_lets_begin_exactly_after_a_proof_and_a_new_beat_without_a_gap_since(
    said: list[Event],
) -> None:
    handle, now_ms = Handle(0), 0
    # The plain rule, by what has happened since the last doubt
    begun, begun_in_doubt, doubt, proof, beat_ms = 0, 0, 1, 0, -1
    for kind, later_ms in said:
        now_ms += later_ms
        if later_ms >= GAP_MS and kind in {"look", "beat"}:
            doubt, beat_ms = doubt + 1, -1
        match kind:
            case "look":
                handle.look(now_ms)
            case "beat":
                handle.heard(now_ms)
                beat_ms = now_ms if doubt in {1, proof} else -1
            case "begin proof":
                handle.look(now_ms)
                if later_ms >= GAP_MS:
                    doubt, beat_ms = doubt + 1, -1
                begun_in_doubt = doubt
                begun = handle.doubts
            case "end proof" if begun_in_doubt:
                handle.look(now_ms)
                if later_ms >= GAP_MS:
                    doubt, beat_ms = doubt + 1, -1
                handle.prove(begun)
                proof = max(proof, begun_in_doubt)
            case _:
                handle.look(now_ms)
                handle.doubt()
                doubt, beat_ms = doubt + (2 if later_ms >= GAP_MS else 1), -1
        may_begin = proof == doubt and beat_ms >= 0 and now_ms - beat_ms <= HANDLE_MS
        assert (handle.why_not(now_ms) == "") == may_begin
