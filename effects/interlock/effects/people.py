"""Who may agree to what, as the log has it: groups and keys as access says them, and who stands in for whom.

It is read to its end whenever somebody looks, so that a key that has just been revoked is known. It believes
the records of those alone who may say this, and each submission to be of the one who may say it there: the
server sees to that.
"""

import asyncio
from collections.abc import Callable
from contextlib import aclosing

import msgspec

from interlock.bus.logs import log
from interlock.bus.ports import Log, Record
from interlock.contracts.errors import ContractError
from interlock.contracts.message import decode
from interlock.contracts.observed import Entitlement, lasts
from interlock.contracts.people import Delegate
from interlock.contracts.subjects import DELEGATIONS, ENTITLEMENTS, SUBMISSIONS, read_input

_S = 1_000
_ADMINS_ARE = ("operator", "approver")


class Delegation(msgspec.Struct, frozen=True):
    """From then until then `to` may agree in somebody's place; milliseconds since the epoch."""

    to: str
    from_ms: int
    until_ms: int


class Submission(msgspec.Struct, frozen=True):
    """Who has submitted a task, and when that was stored (milliseconds since the epoch)."""

    by: str
    stored_ms: int


class Known(msgspec.Struct, frozen=True):
    """What is known of people, by name; of delegations, each one's last."""

    entitled: dict[str, Entitlement] = {}
    delegated: dict[str, Delegation] = {}

    def has_key(self, who: str, public_key: str, now_ms: int) -> bool:
        """Tell whether somebody signs by this key now."""
        entitled = self.entitled.get(who)
        return entitled is not None and public_key in entitled.keys and lasts(entitled.until_ms, now_ms)

    def is_member(self, who: str, role: str, now_ms: int) -> bool:
        """Tell whether somebody belongs to a role now: a group, a role of people, or a person's own name."""
        entitled = self.entitled.get(who)
        if entitled is None:
            return False
        if role == who or role in entitled.roles:
            return True
        if role in entitled.groups and lasts(entitled.until_ms, now_ms):
            return True
        return role in _ADMINS_ARE and "admin" in entitled.roles

    def members_for(self, who: str, role: str, spoke_ms: int, now_ms: int) -> frozenset[str]:
        """Return the members of a role for whom somebody spoke: itself, and who had delegated to it then."""
        speakers = {who} | {
            by
            for by, given in self.delegated.items()
            if given.to == who and given.from_ms <= spoke_ms < given.until_ms
        }
        return frozenset(speaker for speaker in speakers if self.is_member(speaker, role, now_ms))


class People:
    """What the log says of people; `look` reads on from where the last look ended."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._known = Known()
        self._next = {"entitled": 1, "delegated": 1}
        self._reading = asyncio.Lock()

    async def look(self) -> Known:
        """Return what the log says by now; raises BusError."""
        async with self._reading:
            await self._read(ENTITLEMENTS, "entitled", self._entitled)
            await self._read(DELEGATIONS, "delegated", self._delegated)
            return self._known

    async def submission_of(self, task: int) -> Submission | None:
        """Return how a task came about, None: its record submits none; raises BusError."""
        async with self._reading:
            submissions = self._log.history([SUBMISSIONS], start_seq=task, consumer="submitted")
            async with aclosing(submissions):
                async for record in submissions:
                    if record.seq == task:
                        return Submission(read_input(record.subject).principal, record.time_ms)
                    break
        return None

    async def _read(self, pattern: str, consumer: str, take: Callable[[Record], None]) -> None:
        start_seq = self._next[consumer]
        async for record in self._log.history([pattern], start_seq=start_seq, consumer=consumer):
            self._next[consumer] = record.seq + 1
            try:
                take(record)
            except ContractError as error:
                log.warning("record_of_people_not_read", seq=record.seq, reason=str(error))

    def _entitled(self, record: Record) -> None:
        (who,) = read_input(record.subject).rest
        self._known.entitled[who] = decode(Entitlement, record.data)

    def _delegated(self, record: Record) -> None:
        by, said = read_input(record.subject).principal, decode(Delegate, record.data)
        until_ms = record.time_ms + said.for_s * _S
        self._known.delegated[by] = Delegation(said.to, record.time_ms, until_ms)
