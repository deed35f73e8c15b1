"""Heartbeats, on both backends, and who has gone silent."""

from itertools import chain, count, repeat

import pytest
from tests.bus.conftest import Collected, World

from interlock.bus import presence
from interlock.bus.ports import Message
from interlock.bus.presence import LATE_MS, SILENT_MS, Attendance, Beater


async def test_a_beater_beats_at_once_and_again_with_a_fresh_payload(world: World) -> None:
    # Given somebody who listens to heartbeats
    bus, other = await world.connect("researcher-1"), await world.connect("supervisor")
    heard: Collected[Message] = Collected()
    await other.listen("interlock.beat.*", heard.take)
    # When an agent beats
    numbers = count()
    beater = Beater(bus, "researcher-1", lambda: b"%d" % next(numbers), every_s=0.01)
    await beater.start()
    # Then each beat is on its own subject and says what is so now
    beats = await heard.count(3)
    assert [beat.data for beat in beats[:3]] == [b"0", b"1", b"2"]
    assert {beat.subject for beat in beats} == {"interlock.beat.researcher-1"}
    await beater.stop()


async def test_a_beater_that_stopped_is_silent(world: World) -> None:
    bus = await world.connect("researcher-1")
    heard: Collected[Message] = Collected()
    await bus.listen("interlock.beat.*", heard.take)
    stopped = Beater(bus, "researcher-1", lambda: b"stopped", every_s=0.001)
    await stopped.start()
    await stopped.stop()
    beating = Beater(bus, "researcher-1", lambda: b"beating", every_s=0.001)
    await beating.start()
    beats = await heard.count(10)
    await beating.stop()
    assert b"stopped" not in [beat.data for beat in beats[2:]]


async def test_a_connection_that_ended_does_not_end_the_beater(world: World) -> None:
    bus = await world.connect("researcher-1")
    numbers = count()
    await bus.close()
    beater = Beater(bus, "researcher-1", lambda: b"%d" % next(numbers))
    await beater.start()
    await beater.stop()
    assert next(numbers) == 1


async def test_who_stood_still_for_long_is_told_before_the_next_beat(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a beater whose clock jumps between two beats as when its process stands still
    bus, said = await world.connect("researcher-1"), list[str]()
    jumps = chain([0, LATE_MS, LATE_MS, 2 * LATE_MS + 1], repeat(2 * LATE_MS + 1))
    monkeypatch.setattr(presence, "steady_ms", lambda: next(jumps))
    heard: Collected[Message] = Collected()
    await bus.listen("interlock.beat.*", heard.take)
    beater = Beater(
        bus,
        "researcher-1",
        lambda: " ".join(said).encode(),
        every_s=0.01,
        was_silent=lambda: said.append("silent"),
    )
    await beater.start()
    # Then it is told of the jump that was too long, once, and before it beats again
    beats = await heard.count(4)
    await beater.stop()
    assert [beat.data for beat in beats[:4]] == [b"", b"", b"silent", b"silent"]


def test_who_was_heard_within_the_bound_is_there() -> None:
    attendance = Attendance()
    attendance.heard("researcher-1", 1_000)
    assert attendance.silent(1_000 + SILENT_MS) == []
    assert attendance.silent(1_000 + SILENT_MS + 1) == ["researcher-1"]


def test_the_longest_silence_comes_first_and_a_sign_of_life_ends_it() -> None:
    # Given three who were heard one after the other
    attendance = Attendance(silent_ms=100)
    for now_ms, principal in enumerate(("c", "b", "a")):
        attendance.heard(principal, now_ms)
    assert attendance.silent(1_000) == ["c", "b", "a"]
    # When one is heard again and one is forgotten, then one is left
    attendance.heard("c", 1_000)
    attendance.forget("b")
    attendance.forget("never heard of")
    assert attendance.silent(1_000) == ["a"]
    assert attendance.heard_at_ms("c") == 1_000
    assert attendance.heard_at_ms("b") is None
