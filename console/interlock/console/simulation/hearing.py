"""What each life of an effect worker was told, seen from outside, and what it must not begin after that.

It notes what reaches the process, and when the server had sent it: kills, as messages and as records, signs
of life of a leader, grants. It knows nothing of the worker's own watch and its fences.
"""

from collections.abc import Callable

import msgspec

from interlock.bus.ports import Message, Record
from interlock.contracts.control import Control
from interlock.contracts.dispatch import DoEffect
from interlock.contracts.effect import ModelCall, ToolCall
from interlock.contracts.errors import ContractError
from interlock.contracts.message import decode
from interlock.contracts.scope import FLEET, Doing, Scope, covers, read_scope
from interlock.contracts.subjects import LEADS, read_input
from interlock.effects.fences import UNPLACED_MS
from interlock.effects.handle import HANDLE_MS, LATE_MS, TICK_MS

MARGIN_S = 0.2
HANDLE_S = HANDLE_MS / 1_000 + MARGIN_S
STILL_S = (LATE_MS + TICK_MS) / 1_000 + MARGIN_S
UNPLACED_S = UNPLACED_MS / 1_000 - 2.0
"""Clocks may gain two in a hundred."""
PUSHED_S = 0.4
"""After so long the server has sent a record to everybody who reads."""
_LEADS = LEADS.removesuffix("*")
_KILL = ".control.kill."

Broken = Callable[[str, str], None]


class Kill(msgspec.Struct, frozen=True):
    """A kill that stands in the log."""

    subject: str
    data: bytes
    scope: Scope
    seq: int
    stored_s: float


class Unplaced(msgspec.Struct, frozen=True):
    """A kill that was heard, and that the log had not taken."""

    subject: str
    data: bytes
    scope: Scope
    heard_s: float


class Kills:
    """All kills that stand in the log, in order."""

    def __init__(self) -> None:
        self.all: list[Kill] = []

    def stored(self, record: Record, now_s: float) -> None:
        """See a record as it is stored."""
        scope = killed(record.subject, record.data)
        if scope is not None:
            self.all.append(Kill(record.subject, record.data, scope, record.seq, now_s))

    def has(self, subject: str, data: bytes) -> bool:
        """Tell whether such a kill stands in the log."""
        return any((kill.subject, kill.data) == (subject, data) for kill in self.all)


class Hearing:
    """One life of one worker; `now_s` returns virtual seconds."""

    def __init__(self, worker: str, kills: Kills, broken: Broken, now_s: Callable[[], float]) -> None:
        self._worker = worker
        self._kills = kills
        self._broken = broken
        self._now_s = now_s
        self._told: list[tuple[Scope, int]] = []
        self._unplaced: list[Unplaced] = []
        self._led_s: tuple[float, float] | None = None
        self._still_until_s = 0.0
        self._arriving_s = 0.0
        self._taken: dict[tuple[int, int], float] = {}

    def arrived(self, thing: Message | Record, sent_s: float, seq: int) -> None:
        """Note what reaches the process, right before it acts on it; `seq` is its place in the log, or 0."""
        self._arriving_s = sent_s
        if thing.subject.startswith(_LEADS):
            self._led_s = (self._now_s(), sent_s)
            return
        scope = killed(thing.subject, thing.data)
        if scope is None:
            return
        scope = self._as_it_concerns_me(scope)
        if seq:
            self._told.append((scope, seq))
        else:
            self._unplaced.append(Unplaced(thing.subject, thing.data, scope, self._now_s()))

    def took(self, work: DoEffect) -> None:
        """Note that the worker has taken the grant that arrives just now."""
        self._taken[work.effect, work.grant] = self._arriving_s

    def thawed(self, since_s: float) -> None:
        """Note that the process goes on after it has stood still since then."""
        if self._now_s() - since_s > STILL_S:
            self._still_until_s = self._now_s()

    def begins(self, work: DoEffect) -> None:
        """Check that this may begin now."""
        what = f"{self._worker} began effect {work.effect}, grant {work.grant}"
        now_s = self._now_s()
        if self._led_s is None or now_s - self._led_s[0] > HANDLE_S:
            self._broken("handle", f"{what}, but had heard nobody who leads: {self._led_s}")
        elif self._led_s[1] < self._still_until_s:
            self._broken("handle", f"{what}, but all that it had heard was from before it stood still")
        self._pass(work, what)

    def goes_on(self, work: DoEffect) -> None:
        """Check that what has begun may still be at work."""
        self._pass(work, f"{self._worker} went on with effect {work.effect}, grant {work.grant}")

    def _pass(self, work: DoEffect, what: str) -> None:
        """Check an effect against everything that is killed."""
        doing = doing_of(work)
        for scope, seq in self._told:
            if seq > work.as_of and covers(scope, doing):
                self._broken(
                    "fence",
                    f"{what}, of record {work.as_of}, after it was told of the kill {seq} over {scope}",
                )
        for heard in self._unplaced:
            lately = self._now_s() - heard.heard_s < UNPLACED_S
            if lately and covers(heard.scope, doing) and not self._kills.has(heard.subject, heard.data):
                self._broken("fence", f"{what}, after it was told of a kill over {heard.scope}")
        sent_s = self._taken.get((work.effect, work.grant), 0.0)
        for kill in self._kills.all:
            late = kill.seq > work.as_of and kill.stored_s + PUSHED_S < sent_s
            if late and covers(self._as_it_concerns_me(kill.scope), doing):
                self._broken(
                    "fence",
                    f"{what}, of record {work.as_of}, sent to it after the kill {kill.seq} over {kill.scope}",
                )

    def _as_it_concerns_me(self, scope: Scope) -> Scope:
        """Return the whole fleet for a kill of this worker: it kills all that it does."""
        return FLEET if scope == Scope(kind="agent", name=self._worker) else scope


def killed(subject: str, data: bytes) -> Scope | None:
    """Return what a kill is over; None for everything else, and for what cannot be read."""
    if _KILL not in subject:
        return None
    try:
        said = read_input(subject)
        decode(Control, data)
        return read_scope(said.rest)
    except ContractError:
        return None


def doing_of(work: DoEffect) -> Doing:
    """Return what a grant is for."""
    call = work.call
    return Doing(
        task=work.task,
        step=work.step,
        agent=work.agent,
        role=work.role,
        tenant=work.tenant,
        tool=call.tool if isinstance(call, ToolCall) else "",
        model=call.model if isinstance(call, ModelCall) else "",
    )
