"""The network of a simulation: one server (the in-memory twin), and a line to every process that connects.

Bad weather, stalls and cuts are set by name, and hold for every life of that process. It decides nothing.
"""

from interlock.bus.errors import Unreachable
from interlock.bus.memory import Capacity, MemoryServer
from interlock.console.simulation.chance import chance
from interlock.console.simulation.connection import ACK_S, SimulatedBus
from interlock.console.simulation.line import CALM, Line, Weather
from interlock.console.simulation.loop import SimulatedLoop
from interlock.console.simulation.process import Process, SimulatedClock

NOTICE_S = 0.2
OPEN_S = 3.0
ROOMY = Capacity()


class Network:
    """All lines of one simulation."""

    def __init__(self, loop: SimulatedLoop, seed: str) -> None:
        self.process = Process("server", SimulatedClock(loop))
        self.server = MemoryServer(self.process.clock.now_ms)
        self._loop = loop
        self._seed = seed
        self._lines: dict[str, tuple[Line, SimulatedBus]] = {}
        self._weather: dict[str, Weather] = {}
        self._cut_until_s: dict[str, float] = {}
        self._lives = 0
        self._orphans: list[Line] = []

    @property
    def quiet(self) -> bool:
        """Whether nothing of the dead is still on its way."""
        self._orphans = [line for line in self._orphans if line.flies]
        return not self._orphans

    async def connect(self, process: Process, principal: str, ack_s: float = ACK_S) -> SimulatedBus:
        """Connect a process; raise Unreachable when it is cut off."""
        if self._loop.time() < self._cut_until_s.get(process.name, 0.0):
            raise Unreachable("no server answers")
        self._lives += 1
        line = Line(self._loop, process, self.process, chance(self._seed, "line", self._lives))
        line.weather = self._weather.get(process.name, CALM)
        bus = SimulatedBus(line, self.server, principal, ack_s)
        self._lines[process.name] = (line, bus)
        await bus.last_seq()
        return bus

    def died(self, process: Process) -> None:
        """Let a process be gone from the network."""
        found = self._lines.pop(process.name, None)
        if found is not None:
            line, bus = found
            line.orphan()
            self._orphans.append(line)
            self._loop.deliver(self.process, bus.forget_at_server)

    def set_weather(self, name: str, weather: Weather) -> None:
        """Let a process have this weather from now on."""
        self._weather[name] = weather
        if name in self._lines:
            self._lines[name][0].weather = weather

    def stall(self, name: str, for_s: float) -> None:
        """Let nothing move on a process's line for a while; nothing is lost."""
        if name in self._lines:
            self._lines[name][0].stalled_until_s = self._loop.time() + for_s

    def cut(self, name: str, for_s: float, notice_s: float = NOTICE_S) -> None:
        """Break a process's connection, and let it stand again after a while."""
        until_s = self._loop.time() + for_s
        self._cut_until_s[name] = max(until_s, self._cut_until_s.get(name, 0.0))
        found = self._lines.get(name)
        if found is None or not found[0].standing:
            return
        line, bus = found
        line.cut()
        bus.forget_at_server()
        client = line.client
        self._loop.deliver_at(self._loop.time() + min(notice_s, for_s), client, self._notice, line, bus)
        self._loop.deliver_at(self._cut_until_s[name], self.process, self._mend, name, line, bus)

    def _notice(self, line: Line, bus: SimulatedBus) -> None:
        if not line.standing:
            bus.lost()

    def heal(self) -> None:
        """Let all be well from now on."""
        self._cut_until_s.clear()
        for name, (line, bus) in tuple(self._lines.items()):
            self.set_weather(name, CALM)
            line.stalled_until_s = 0.0
            self._mend(name, line, bus)
        self._weather.clear()
        self.server.capacity = ROOMY

    def _mend(self, name: str, line: Line, bus: SimulatedBus) -> None:
        if line.client.dead or line.standing:
            return
        left_s = self._cut_until_s.get(name, 0.0)
        if self._loop.time() < left_s:
            self._loop.deliver_at(left_s, self.process, self._mend, name, line, bus)
            return
        line.standing = True
        self._loop.deliver(line.client, bus.restored)
