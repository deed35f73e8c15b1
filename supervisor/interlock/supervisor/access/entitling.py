"""What the log is told may be done in whose name: at admission, and again when the directory says otherwise.

A restriction is waited for, so that it stands in the log before anything that its principal says. Keys by
which people approve, and their groups, are told as soon as they change, whether or not anybody connects. It
must not know who is connected.
"""

import asyncio
from functools import partial

import structlog
from msgspec.structs import replace

from interlock.bus.errors import BusError
from interlock.bus.ports import Ack, Bus
from interlock.contracts.facts import Entitled
from interlock.contracts.message import encode
from interlock.contracts.observed import Entitlement
from interlock.contracts.subjects import input_subject
from interlock.supervisor.access.admission import Admitted, entitlement_of, has_more
from interlock.supervisor.access.directory import Directory
from interlock.supervisor.access.errors import Unproven

RESTRICT_S = 2.0
# Who is not restricted comes in all the same: an operator must, even while the log is full.
WAIT_S = 0.5
MOST_AT_ONCE = 256
_NOTHING = Entitlement()

log = structlog.get_logger()


class Entitling:
    """What one environment's log knows of principals, and what it has still to be told."""

    def __init__(self, environment: str, bus: Bus) -> None:
        self._environment = environment
        self._bus = bus
        self._logged: dict[str, Entitlement] = {}
        self._said: dict[str, Entitlement] = {}
        self._unsaid: dict[str, Entitlement] = {}
        self._outstanding: dict[str, int] = {}

    def decided(self, fact: Entitled) -> None:
        """Note what the log says of somebody."""
        self._logged[fact.principal] = Entitlement(
            roles=fact.roles,
            tenants=fact.tenants,
            tools=fact.tools,
            models=fact.models,
            groups=fact.groups,
            keys=fact.keys,
        )

    def has_to_tell(self, admitted: Admitted) -> bool:
        """Return whether the log has to be told first what may be done in this principal's name."""
        return self._known(admitted.principal) != admitted.entitlement

    async def tell(self, admitted: Admitted) -> None:
        """Tell the log what may be done in a principal's name; raise Unproven where it has to, and cannot."""
        name, entitlement = admitted.principal, admitted.entitlement
        must = has_more(self._known(name), admitted)
        answer = self._append(name, entitlement)
        try:
            async with asyncio.timeout(RESTRICT_S if must else WAIT_S):
                await asyncio.shield(answer)
        except (BusError, TimeoutError) as failure:
            if must:
                raise Unproven("what this principal may do cannot be recorded now: try again") from failure
            self._unsaid[name] = entitlement

    def renew(self, directory: Directory, now_ms: int) -> None:
        """Tell the log of those whom it knows, and of whom the directory says something else now."""
        for name in {**self._logged, **self._said, **self._unsaid}:
            if len(self._outstanding) >= MOST_AT_ONCE:
                return
            wanted = self._wanted(name, directory, now_ms)
            if wanted != self._known(name) and name not in self._outstanding:
                self._append(name, wanted)

    def _known(self, name: str) -> Entitlement:
        return self._said.get(name) or self._logged.get(name, _NOTHING)

    def _wanted(self, name: str, directory: Directory, now_ms: int) -> Entitlement:
        """Return what shall be known; who is not in the directory, or not here any more, approves nothing."""
        found = directory.get(name)
        if found is not None and found.environment == self._environment:
            return entitlement_of(name, found, now_ms)
        return replace(self._unsaid.get(name) or self._known(name), groups=(), keys=())

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
            self._said[name] = entitlement
            self._unsaid.pop(name, None)
