"""Attempts that were refused, by access itself or by the server, on their way to their environment's log.

It must not know how often what is told; `violations` does.
"""

import asyncio
from collections.abc import Mapping

from interlock.bus.clock import monotonic_ms
from interlock.bus.logs import log
from interlock.contracts.message import line
from interlock.supervisor.access.admission import Rejected
from interlock.supervisor.access.connections import Place
from interlock.supervisor.access.environment import Environment
from interlock.supervisor.access.server_log import ServerLog
from interlock.supervisor.access.sightings import Sighting, read_line
from interlock.supervisor.access.violations import Attempt, Violations

LOOK_S = 0.05
MOST_REFUSED = 4_096


class Attempts:
    """Tells of attempts, with what the server's log says of them where one can be read here."""

    def __init__(
        self,
        environments: Mapping[str, Environment],
        accounts: Mapping[str, str],
        server_log: ServerLog | None,
    ) -> None:
        self._environments = environments
        self._accounts = accounts
        self._server_log = server_log
        self._violations = Violations(monotonic_ms())
        self._refused: dict[int, None] = {}
        self._held: list[Sighting] = []
        self._looking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._looking = asyncio.get_running_loop().create_task(self._look())

    async def stop(self) -> None:
        """Tell what has not been told yet."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        for environment, violation in self._violations.rest():
            self._environments[environment].voice.say("violated", violation)
        if self._server_log is not None:
            self._server_log.close()

    def refused(self, place: Place, rejected: Rejected) -> None:
        """Tell of a connection that access has refused: whose environment nobody knows, in every one."""
        self.turned_away(place)
        if rejected.blameless:
            return
        known = rejected.environment in self._environments
        for environment in (rejected.environment,) if known else tuple(self._environments):
            self._note(
                Attempt(
                    environment,
                    rejected.principal,
                    "connect",
                    line(rejected.shown or rejected.principal),
                    line(rejected.reason),
                )
            )

    def noted(self, attempt: Attempt) -> None:
        """Tell of what this service has seen by itself."""
        self._note(attempt)

    def turned_away(self, place: Place) -> None:
        """Remember a connection that an access service has refused: the server's log tells of it again."""
        self._refused[place[1]] = None
        if len(self._refused) > MOST_REFUSED:
            del self._refused[next(iter(self._refused))]

    async def _look(self) -> None:
        while True:
            try:
                self._look_once()
            except Exception:
                log.exception("attempts_not_looked_at")
            await asyncio.sleep(LOOK_S)

    def _look_once(self) -> None:
        # An access service that has refused says so a moment after the server has logged it.
        held, self._held = self._held, []
        for sighting in held:
            if sighting.cid not in self._refused:
                self._see(sighting)
        for text in self._server_log.lines() if self._server_log else ():
            found = read_line(text)
            if found is not None and found.action == "connect":
                self._held.append(found)
            elif found is not None:
                self._see(found)
        for environment, violation in self._violations.due(monotonic_ms()):
            self._environments[environment].voice.say("violated", violation)

    def _see(self, sighting: Sighting) -> None:
        environment = self._accounts.get(sighting.account)
        if sighting.account and environment is None:
            return
        for each in (environment,) if environment else tuple(self._environments):
            self._note(Attempt(each, sighting.user, sighting.action, sighting.target, sighting.detail))

    def _note(self, attempt: Attempt) -> None:
        violation = self._violations.note(attempt, monotonic_ms())
        if violation is not None:
            self._environments[attempt.environment].voice.say("violated", violation)
