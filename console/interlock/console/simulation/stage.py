"""The processes of a simulation: starts them, kills them, freezes them, starts them again.

It is what `interlock up` and the machine are for the real ones. What they do is theirs.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec

from interlock.bus.errors import BusError
from interlock.console.simulation.cast import (
    SimulatedCalls,
    SimulatedStation,
    SimulatedWorker,
    charter,
)
from interlock.console.simulation.chance import chance
from interlock.console.simulation.connection import SimulatedBus
from interlock.console.simulation.guarding import SimulatedAccess, SimulatedGuard
from interlock.console.simulation.hearing import Hearing
from interlock.console.simulation.loop import SimulatedLoop
from interlock.console.simulation.network import Network
from interlock.console.simulation.process import Process, SimulatedClock
from interlock.console.simulation.rules import AT_FIRST
from interlock.console.simulation.scenario import Cast
from interlock.console.simulation.script import Script, Temper
from interlock.console.simulation.watch import Watch
from interlock.console.simulation.world import World
from interlock.supervisor.errors import SteppedBack
from interlock.supervisor.supervisor import Supervisor

AGAIN_S = 0.5
STUBBORN = 0.4
GRACE_S = 2.5
SUPERVISOR_ACK_S = 30.0


Member = SimulatedStation | SimulatedWorker | SimulatedGuard | SimulatedAccess


class Supervising(msgspec.Struct):
    """A supervisor at work: its process, its connection, itself."""

    process: Process
    bus: SimulatedBus
    supervisor: Supervisor
    lives: list[str]


class Counted(msgspec.Struct):
    """What happened to processes."""

    starts: int = 0
    crashes: int = 0


class Stage:
    """All processes of one simulation but the server's and the people's."""

    def __init__(
        self, seed: int, cast: Cast, loop: SimulatedLoop, network: Network, world: World, watch: Watch
    ) -> None:
        self.temper = Temper()
        self.counted = Counted()
        self.processes: dict[str, Process] = {}
        self.graveyard: list[Process] = []
        self.supervising: dict[str, Supervising] = {}
        self._seed = str(seed)
        self._cast = cast
        self._loop = loop
        self._network = network
        self._world = world
        self._watch = watch
        self._clocks: dict[str, SimulatedClock] = {}
        self._lives: dict[str, int] = {}
        self._leavers: dict[str, Member] = {}
        self._pids: dict[str, int] = {}
        self._guards: dict[str, tuple[Process, SimulatedGuard]] = {}
        self._access: dict[str, tuple[Process, SimulatedAccess]] = {}
        self._hearings: dict[str, Hearing] = {}
        self._frozen_s: dict[str, float] = {}
        self._vanished: set[str] = set()
        network.process.clock.drift = cast.drifts.get(network.process.name, 0.0)

    def start(self, name: str) -> None:
        """Start a process, unless it runs."""
        running = self.processes.get(name)
        if name in self._vanished or (running is not None and not running.dead):
            return
        if any(guard.keeps_down(name) for _, guard in self._guards.values()):
            self._loop.deliver_at(self._loop.time() + AGAIN_S, self._network.process, self.start, name)
            return
        process = self.processes[name] = Process(name, self.clock(name))
        self.graveyard.append(process)
        self.counted.starts += 1
        self._pids[name] = self.counted.starts
        process.on_death = partial(self._died, process)
        self._loop.deliver(process, self._begin, process)

    def clock(self, name: str) -> SimulatedClock:
        """Return a machine's clock; it outlives the processes there."""
        if name == self._network.process.name:
            return self._network.process.clock
        if name not in self._clocks:
            self._clocks[name] = SimulatedClock(self._loop, drift=self._cast.drifts.get(name, 0.0))
        return self._clocks[name]

    def kill(self, name: str, steps: int, back_s: float) -> None:
        """Kill a process after so many callbacks, and start it again."""
        process = self.processes.get(name)
        if process is not None and not process.dead:
            self.counted.crashes += 1
            process.kill_after(steps)
        self._loop.deliver_at(self._loop.time() + back_s, self._network.process, self._back, name)

    def vanish(self, name: str) -> None:
        """Kill a process for good."""
        self._vanished.add(name)
        self.kill(name, 0, 0.0)

    def freeze(self, name: str, for_s: float) -> None:
        """Stop a process where it is for a while."""
        process = self.processes.get(name)
        if process is not None and not process.dead and not process.frozen:
            process.frozen = True
            self._frozen_s[name] = self._loop.time()
            self._loop.deliver_at(self._loop.time() + for_s, self._network.process, self._thaw, process)

    def leave(self, name: str, back_s: float) -> None:
        """Ask a process to end, as SIGTERM does; it is killed when it takes too long."""
        process, leaver = self.processes.get(name), self._leavers.get(name)
        if process is None or process.dead or leaver is None:
            return
        self._loop.deliver(process, self._leave, process, leaver)
        again_s = self._loop.time() + GRACE_S
        self._loop.deliver_at(again_s, self._network.process, process.kill)
        self._loop.deliver_at(again_s + back_s, self._network.process, self.start, name)

    def heal(self) -> None:
        """Let everybody be there and well."""
        for process in self.processes.values():
            process.disarm()
            self._thaw(process)
        for name in self._cast.names:
            self.start(name)

    def _thaw(self, process: Process) -> None:
        if process.frozen and not process.dead:
            self._loop.thaw(process)
            if process.name in self._hearings:
                self._hearings[process.name].thawed(self._frozen_s[process.name])

    def _back(self, name: str) -> None:
        """Start a process again; one that is not dead yet is killed where it is now."""
        process = self.processes.get(name)
        if process is not None and process.fused:
            process.kill()
        self.start(name)

    def end(self, name: str) -> None:
        """Kill a process; it is started again as soon as nobody keeps it down."""
        process = self.processes.get(name)
        if process is not None and not process.dead:
            process.kill()
            self._loop.deliver_at(self._loop.time() + AGAIN_S, self._network.process, self.start, name)

    def life_of(self, name: str) -> str:
        """Return the life that a process says it is in; empty when there is none."""
        member = self._leavers.get(name)
        return member.life if isinstance(member, SimulatedStation | SimulatedWorker) else ""

    def cut_off(self, name: str) -> None:
        """Break a process's connection for a moment."""
        self._network.cut(name, AGAIN_S)

    def _died(self, process: Process) -> None:
        name = process.name
        self._network.died(process)
        for known in (self.supervising, self._leavers, self._guards, self._access, self._hearings):
            known.pop(name, None)
        for home, guard in self._guards.values():
            self._loop.deliver(home, guard.saw_end, name, self._pids[name])
        for home, access in self._access.values():
            self._loop.deliver(home, access.saw_disconnected, name)

    def _begin(self, process: Process) -> None:
        main = asyncio.ensure_future(self._main(process))
        main.add_done_callback(partial(self._ended, process))

    def _ended(self, process: Process, main: "asyncio.Task[None]") -> None:
        failure = None if main.cancelled() else main.exception()
        if failure is not None and not isinstance(failure, SteppedBack | BusError):
            self._watch.broken("defect", f"{process.name} ended: {type(failure).__name__}: {failure}")
        self._loop.deliver_at(self._loop.time() + AGAIN_S, self._network.process, self.start, process.name)
        process.kill()

    def _main(self, process: Process) -> Awaitable[None]:
        if process.name in self._cast.supervisors:
            return self._supervise(process)
        if process.name in self._cast.agents:
            return self._act(process, self._cast.agents[process.name])
        if process.name in self._cast.watchers:
            return self._watch_over(process)
        return self._carry_out(process, self._cast.workers[process.name])

    async def _supervise(self, process: Process) -> None:
        bus = await self._network.connect(process, process.name, SUPERVISOR_ACK_S)
        bus.on_sent = partial(self._watch.dispatched, process.name, bus.acked)
        lives: list[str] = []
        name_life = self._name_life(process.name, lives)
        supervisor = Supervisor(
            bus, name_life=name_life, policies=AT_FIRST._replace(wary=self._cast.wary).bundle
        )
        self.supervising[process.name] = Supervising(process, bus, supervisor, lives)
        await supervisor.run()

    async def _act(self, process: Process, capacity: int) -> None:
        bus = await self._network.connect(process, process.name)
        role = process.name.rsplit("-", 1)[0]
        script = Script(self._seed, role, self.temper, self._cast)
        pid = self._pids[process.name]
        stubborn = self._cast.stubborn and chance(self._seed, "stubborn", pid).random() < STUBBORN
        name_life = self._name_life(process.name)
        station = SimulatedStation(
            bus, charter(role, capacity), script, name_life, pid=pid, stubborn=stubborn
        )
        await self._stay(process, bus, station)

    async def _carry_out(self, process: Process, capacity: int) -> None:
        bus = await self._network.connect(process, process.name)
        hearing = self._hearings[process.name] = self._watch.hearing_of(process.name)
        bus.on_arrival = hearing.arrived
        calls = SimulatedCalls(self._seed, process.name, self._world, hearing, wary=self._cast.wary)
        worker = SimulatedWorker(
            bus,
            calls,
            capacity,
            self._name_life(process.name),
            self._watch.told_to_stop,
            hearing,
            pid=self._pids[process.name],
        )
        await self._stay(process, bus, worker)

    async def _watch_over(self, process: Process) -> None:
        bus = await self._network.connect(process, process.name)
        life, luck = self._name_life(process.name)(), chance(self._seed, "watch", self._pids[process.name])
        if process.name.startswith("guard"):
            guard = SimulatedGuard(bus, life, self._cast.agents, self._cast.workers, self, luck)
            self._guards[process.name] = (process, guard)
            await self._stay(process, bus, guard)
        else:
            access = SimulatedAccess(bus, life, self._cast.agents, self, luck)
            self._access[process.name] = (process, access)
            await self._stay(process, bus, access)

    async def _stay(self, process: Process, bus: SimulatedBus, member: Member) -> None:
        bus.watchers.append(member)
        await member.start()
        self._leavers[process.name] = member
        await asyncio.Event().wait()

    def _leave(self, process: Process, leaver: Member) -> None:
        leaving = asyncio.ensure_future(leaver.stop("it was asked to end"))
        leaving.add_done_callback(lambda _: self._loop.deliver(self._network.process, process.kill))

    def _name_life(self, name: str, names: list[str] | None = None) -> Callable[[], str]:
        def next_name() -> str:
            self._lives[name] = self._lives.get(name, 0) + 1
            life = f"{name}.{self._lives[name]}"
            if names is not None:
                names.append(life)
            return life

        return next_name
