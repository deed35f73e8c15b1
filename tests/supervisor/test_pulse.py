"""Signs of life: who is missed, and who must not miss anybody; with a clock of the test's own."""

# pyright: reportPrivateUsage=false

from itertools import count

import pytest

from interlock.bus.memory import MemoryServer
from interlock.bus.memory_bus import MemoryBus
from interlock.bus.ports import Message
from interlock.contracts.message import encode
from interlock.contracts.presence import Beat
from interlock.supervisor import pulse
from interlock.supervisor.pulse import Pulse


class Scene:
    """A pulse that watches `supervisor-1` in its life `a`; `pass_ms` lets time pass."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_ms = 10_000
        monkeypatch.setattr(pulse, "monotonic_ms", lambda: self.now_ms)
        for name, value in (("SILENT_MS", 1_000), ("SURE_MS", 700), ("LATE_MS", 300)):
            monkeypatch.setattr(pulse, name, value)
        names = count(1)
        self.pulse = Pulse(MemoryBus(MemoryServer(lambda: 0), "supervisor-2"), lambda: f"b{next(names)}")
        self.pulse.watch("supervisor-1", "a")
        self.hear_own()
        self.pulse.watched_is_silent()

    def hear_own(self) -> None:
        self.pulse._heard(Message("interlock.beat.supervisor-2", self.pulse._beat()))

    def hear(self, life: str, principal: str = "supervisor-1") -> None:
        self.pulse._heard(Message(f"interlock.beat.{principal}", encode(Beat(incarnation=life))))

    def pass_ms(self, passed_ms: int, *, step_ms: int = 100, hearing: bool = True) -> bool:
        """Let time pass, looking around again and again; return what the last look said."""
        silent = False
        for _ in range(0, passed_ms, step_ms):
            self.now_ms += step_ms
            if hearing:
                self.hear_own()
            silent = self.pulse.watched_is_silent()
        return silent


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(monkeypatch)


async def test_who_is_not_heard_for_a_second_is_silent(scene: Scene) -> None:
    assert not scene.pass_ms(1_000)
    assert scene.pass_ms(100)


async def test_who_is_heard_is_not(scene: Scene) -> None:
    for _ in range(30):
        assert not scene.pass_ms(100)
        scene.hear("a")


async def test_another_life_of_the_same_name_does_not_count(scene: Scene) -> None:
    for _ in range(10):
        assert not scene.pass_ms(100)
        scene.hear("before")
    assert scene.pass_ms(100)


async def test_who_does_not_hear_itself_misses_nobody(scene: Scene) -> None:
    # Given a supervisor that is cut off
    assert not scene.pass_ms(5_000, hearing=False)
    # When it hears again, then silence is counted from there
    assert not scene.pass_ms(1_000)
    assert scene.pass_ms(200)


async def test_who_was_not_at_work_itself_misses_nobody(scene: Scene) -> None:
    assert not scene.pass_ms(900)
    # When its own process stood still, then silence is counted from there
    assert not scene.pass_ms(10_000, step_ms=10_000)
    assert not scene.pass_ms(900)
    assert scene.pass_ms(200)


async def test_it_is_sure_of_itself_only_while_its_own_beats_come_back(scene: Scene) -> None:
    assert scene.pulse.sure
    scene.now_ms += 699
    assert scene.pulse.sure
    scene.now_ms += 1
    assert not scene.pulse.sure


async def test_a_beat_that_was_sent_long_ago_makes_nobody_sure(scene: Scene) -> None:
    # Given a beat that waits in the socket while the process is frozen
    beat = scene.pulse._beat()
    scene.now_ms += 10_000
    scene.pulse._heard(Message("interlock.beat.supervisor-2", beat))
    assert not scene.pulse.sure


async def test_the_beat_of_another_of_the_same_name_makes_nobody_sure(scene: Scene) -> None:
    scene.now_ms += 700
    other = encode(Beat(incarnation="c", sent_ms=scene.now_ms))
    scene.pulse._heard(Message("interlock.beat.supervisor-2", other))
    assert not scene.pulse.sure


async def test_a_new_life_has_a_new_name(scene: Scene) -> None:
    before = scene.pulse.life
    scene.pulse.begin_anew()
    assert scene.pulse.life != before


async def test_nonsense_is_no_sign_of_life(scene: Scene) -> None:
    for _ in range(10):
        assert not scene.pass_ms(100)
        scene.pulse._heard(Message("interlock.beat.supervisor-1", b"\xff"))
    assert scene.pass_ms(100)
