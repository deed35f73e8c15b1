"""The line between one process and the server: two directions, each in order, each late by chance.

It is a TCP connection as the adversary sees it: it can stall, and it can break with everything in flight.
What a killed process had written may still arrive, up to some point. It must not know what is carried.
"""

from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any

import msgspec

from interlock.console.simulation.loop import SimulatedLoop
from interlock.console.simulation.process import Process

Action = Callable[..., object]
Flying = deque[tuple[Action, tuple[Any, ...]]]


class Weather(msgspec.Struct, frozen=True):
    """How bad a line is: its delay, and the shares of unstored messages lost or doubled, and of acks lost.

    `leads_lost` is of the signs of life of who leads: each subscription has a limit of its own.
    """

    least_ms: float = 0.1
    most_ms: float = 2.0
    lost: float = 0.0
    leads_lost: float = 0.0
    doubled: float = 0.0
    acks_lost: float = 0.0


CALM = Weather()


class Line:
    """One connection between a client's process and the server's."""

    def __init__(self, loop: SimulatedLoop, client: Process, server: Process, chance: Random) -> None:
        self.weather = CALM
        self.standing = True
        self.stalled_until_s = 0.0
        self.chance = chance
        self._draw = chance.random
        self._loop = loop
        self.client = client
        self._server = server
        self._up_at_s = 0.0
        self._down_at_s = 0.0
        self._flying_up: Flying = deque()
        self._flying_down: Flying = deque()

    def up(self, action: Action, *args: Any) -> None:
        """Let something happen at the server when the line has carried it there; lost when it is cut."""
        if self.standing:
            self._up_at_s = self._arrival_s(self._up_at_s)
            self._flying_up.append((action, args))
            self._loop.deliver_at(self._up_at_s, self._server, _arrive, self._flying_up)

    def down(self, action: Action, *args: Any) -> None:
        """Let something happen in the client's process when the line has carried it there."""
        if self.standing:
            self._down_at_s = self._arrival_s(self._down_at_s)
            self._flying_down.append((action, args))
            self._loop.deliver_at(self._down_at_s, self.client, _arrive, self._flying_down)

    def at(self, when_s: float, action: Action, *args: Any) -> None:
        """Let something happen at the server then."""
        self._loop.deliver_at(when_s, self._server, action, *args)

    def cut(self) -> None:
        """Break the connection; what is in flight is lost."""
        self.standing = False
        self._flying_up.clear()
        self._flying_down.clear()
        # What is lost still has its time of arrival; what is sent later must not come at that time.
        self._flying_up, self._flying_down = deque(), deque()

    def orphan(self) -> None:
        """Let the client be gone: of what it had written, what the kernel had taken still arrives."""
        self._flying_down.clear()
        taken = self.chance.randint(0, len(self._flying_up))
        while len(self._flying_up) > taken:
            self._flying_up.pop()
        self.standing = False

    @property
    def flies(self) -> bool:
        """Whether something is on its way to the server."""
        return bool(self._flying_up)

    def happens(self, share: float) -> bool:
        """Tell whether something happens that happens so often."""
        return share > 0.0 and self.chance.random() < share

    def _arrival_s(self, last_s: float) -> float:
        """Return when what is sent now arrives: not before what was sent last."""
        weather, sent_s = self.weather, self._loop.now_s
        late_ms = weather.least_ms + (weather.most_ms - weather.least_ms) * self._draw()
        return max(last_s, max(sent_s, self.stalled_until_s) + late_ms / 1_000)


def _arrive(flying: Flying) -> None:
    if flying:
        action, args = flying.popleft()
        action(*args)
