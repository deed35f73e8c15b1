"""What the log is told may be done in whose name: at admission, and again when the directory says otherwise.

A restriction is waited for, so that it stands in the log before anything that its principal says. Keys by
which people approve, and their groups, are told as soon as they change or end, whether or not anybody
connects. Another service may have told something since: of what is known of somebody, the newest record
counts. It must not know who is connected.
"""

import asyncio
from functools import partial

from msgspec.structs import replace

from interlock.bus.errors import BusError
from interlock.bus.logs import log
from interlock.bus.ports import Ack, Bus
from interlock.contracts.facts import Entitled
from interlock.contracts.message import encode
from interlock.contracts.observed import Entitlement
from interlock.contracts.subjects import input_subject
from interlock.supervisor.access.admission import TOKEN, Admitted, Outcome, Rejected, entitlement_of, has_more
from interlock.supervisor.access.directory import Directory
from interlock.supervisor.access.errors import Unready
from interlock.supervisor.access.token_keys import joined, left_of

RESTRICT_S = 2.0
# Agents start while the supervisor makes the log: without it nothing can be recorded yet.
AGAIN_S = 0.1
# Who is not restricted comes in all the same: an operator must, even while the log is full.
WAIT_S = 0.5
MOST_AT_ONCE = 256
_NOTHING = Entitlement()


class Entitling:
    """What one environment's log knows of principals, and what it has still to be told."""

    def __init__(self, environment: str, bus: Bus) -> None:
        self._environment = environment
        self._bus = bus
        self._told: dict[str, tuple[int, Entitlement]] = {}
        self._unsaid: dict[str, Entitlement] = {}
        self._outstanding: dict[str, int] = {}

    def decided(self, fact: Entitled, record: int) -> None:
        """Note what the log says of somebody, by which record."""
        entitlement = Entitlement(
            roles=fact.roles,
            tenants=fact.tenants,
            tools=fact.tools,
            models=fact.models,
            groups=fact.groups,
            keys=fact.keys,
            until_ms=fact.until_ms,
        )
        self._note(fact.principal, record, entitlement)

    def with_known(self, admitted: Admitted, now_ms: int) -> Outcome:
        """Return whom a token admits with what earlier ones gave, or why not: its key is another's."""
        if admitted.proof != TOKEN:
            return admitted
        name, now = admitted.principal, admitted.entitlement
        others = (known for owner, (_, known) in self._told.items() if owner != name)
        if now.keys and any(set(now.keys) & set(known.keys) for known in others):
            return Rejected(
                "the key that came with the token is somebody else's", name, admitted.environment, TOKEN
            )
        return replace(admitted, entitlement=joined(self._known(name), now, now_ms))

    def has_to_tell(self, admitted: Admitted) -> bool:
        """Return whether the log has to be told first what may be done in this principal's name."""
        return self._known(admitted.principal) != admitted.entitlement

    async def tell(self, admitted: Admitted) -> None:
        """Tell the log what may be done in a principal's name; raise Unready where it has to, and cannot."""
        name, entitlement = admitted.principal, admitted.entitlement
        must = has_more(self._known(name), admitted)
        try:
            async with asyncio.timeout(RESTRICT_S if must else WAIT_S):
                await self._recorded(name, entitlement, again=must)
        except (BusError, TimeoutError) as failure:
            if must:
                raise Unready("what this principal may do cannot be recorded now: try again") from failure
            self._unsaid[name] = entitlement

    async def _recorded(self, name: str, entitlement: Entitlement, *, again: bool) -> None:
        """Wait until the log has taken it; `again` and again, where it has to."""
        while True:
            try:
                await asyncio.shield(self._append(name, entitlement))
            except BusError:
                if not again:
                    raise
            else:
                return
            await asyncio.sleep(AGAIN_S)

    def renew(self, directory: Directory, now_ms: int) -> None:
        """Tell the log of those whom it knows, and of whom the directory says something else now."""
        for name in {**self._told, **self._unsaid}:
            if len(self._outstanding) >= MOST_AT_ONCE:
                return
            wanted = self._wanted(name, directory, now_ms)
            if wanted != self._known(name) and name not in self._outstanding:
                self._append(name, wanted)

    def _known(self, name: str) -> Entitlement:
        return self._told.get(name, (0, _NOTHING))[1]

    def _note(self, name: str, record: int, entitlement: Entitlement) -> None:
        if name not in self._told or record >= self._told[name][0]:
            self._told[name] = record, entitlement

    def _wanted(self, name: str, directory: Directory, now_ms: int) -> Entitlement:
        """Return what shall be known; who is in the directory, and not here any more, approves nothing."""
        found = directory.get(name)
        known = self._unsaid.get(name) or self._known(name)
        if found is None:
            return left_of(known, directory, now_ms)
        if found.environment == self._environment:
            return entitlement_of(name, found, now_ms)
        return replace(known, groups=(), keys=(), until_ms=0)

    def _append(self, name: str, entitlement: Entitlement) -> "asyncio.Future[Ack]":
        subject = input_subject(self._bus.principal, "access", "entitled", name)
        answer = self._bus.append_soon(subject, encode(entitlement))
        self._outstanding[name] = self._outstanding.get(name, 0) + 1
        answer.add_done_callback(partial(self._on_answer, name, entitlement))
        return answer

    def _on_answer(self, name: str, entitlement: Entitlement, done: "asyncio.Future[Ack]") -> None:
        self._outstanding[name] -= 1
        if not self._outstanding[name]:
            del self._outstanding[name]
        failure = None if done.cancelled() else done.exception()
        if failure is not None:
            log.warning("entitlement_not_recorded", who=name, reason=str(failure))
        elif not done.cancelled():
            self._note(name, done.result().seq, entitlement)
            self._unsaid.pop(name, None)
