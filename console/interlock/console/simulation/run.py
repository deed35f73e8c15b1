"""One simulation from its scenario to its end: trouble, then rest, then help; and what was found.

Nothing here is drawn from chance; all of it follows from the scenario.
"""

from collections import deque
from collections.abc import Callable
from functools import partial

import msgspec

from interlock.bus.memory import Capacity
from interlock.bus.ports import Record
from interlock.console.simulation import actions as a
from interlock.console.simulation.chance import chance
from interlock.console.simulation.errors import Violation
from interlock.console.simulation.inspection import open_reasons
from interlock.console.simulation.line import CALM
from interlock.console.simulation.loop import SimulatedLoop
from interlock.console.simulation.network import ROOMY, Network
from interlock.console.simulation.people import People
from interlock.console.simulation.process import Process
from interlock.console.simulation.quiet import listening
from interlock.console.simulation.rehearsal import contradiction
from interlock.console.simulation.scenario import Scenario
from interlock.console.simulation.stage import Stage
from interlock.console.simulation.watch import Watch
from interlock.console.simulation.world import World
from interlock.contracts.dispatch import DoEffect

COMPARE_S = 1.3
BREATHING_S = 1.0
NAMED_QUIET_S = 4.0
QUIET_S = 40.0
REST_S = 400.0
HELP_EVERY = 12
MOST_HELP_S = 400
RECEIPTS_S = 15


class Report(msgspec.Struct, frozen=True):
    """What one run came to."""

    seed: int
    profile: str
    violation: Violation | None
    virtual_s: float
    records: int
    tasks: int
    executions: int
    starts: int
    crashes: int
    callbacks: int
    compared: int


class Simulation:
    """One run."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        seed = scenario.seed
        self.loop = SimulatedLoop(chance(seed, "order"))  # type: ignore[abstract]  # no IO, on purpose
        self.network = Network(self.loop, str(seed))
        self.world = World()
        self.watch = Watch(self.network.server, self.world, self.loop.time, self._stop)
        self.stage = Stage(seed, scenario.cast, self.loop, self.network, self.world, self.watch)
        self.people = People(self.loop, self.network, self.watch.laws, scenario.cast)
        self.loop.on_broken = self._on_broken
        self.watch.on_order = self._on_order
        self._strikes: deque[a.Strike] = deque()
        self._compared = 0

    @property
    def records(self) -> list[Record]:
        """The log."""
        return self.network.server.records

    def run(self) -> Report:
        """Run to the end, or to the first violation."""
        with listening(partial(self.watch.broken, "defect")):
            for name in self.scenario.cast.names:
                self.stage.start(name)
            for action in self.scenario.actions:
                self._at(action.at_s, self._act, action)
            self._at(COMPARE_S, self._compare_again)
            for phase in (self._trouble, self._rest, self._help, self._final):
                if self.watch.violation is None:
                    phase()
            self._bury()
        return self._report()

    def _trouble(self) -> None:
        self.loop.advance(self.scenario.ends_s)
        self.network.heal()
        self.stage.heal()

    def _rest(self) -> None:
        """Let everything come to rest; whatever is open then must wait for something with a name."""
        begun_s = self.loop.time()
        self.watch.decided_at_s = begun_s
        self.watch.calm_since_s = begun_s
        while self.loop.time() - self.watch.decided_at_s < self._quiet_s() and not self._all_over():
            self.loop.advance(self.loop.time() + BREATHING_S)
            if self.watch.violation is not None:
                return
            if self.loop.time() - begun_s > REST_S:
                self.watch.broken("rest", f"nothing comes to rest within {REST_S:g} s")
                return
        for number, reason in open_reasons(self.watch.replayed):
            if not reason:
                self.watch.broken("rest", f"task {number} waits for nothing that has a name")

    def _help(self) -> None:
        """Let people help with whatever waits for them; then every task must end."""
        self.stage.temper.good = True
        for second in range(MOST_HELP_S):
            if self._all_over() or self.watch.violation is not None:
                return
            if second % HELP_EVERY == 0:
                self.people.help()
            self.loop.advance(self.loop.time() + BREATHING_S)
        tasks = [number for number, seen in self.watch.laws.tasks.items() if not seen.ended]
        tasks += sorted(self.watch.laws.undecided)
        self.watch.broken("rest", f"tasks {tasks} do not end, however much people help")

    def _final(self) -> None:
        """Check that nothing is left: no reservation, no doubt about what was decided."""
        self.loop.advance(self.loop.time() + BREATHING_S)
        self._wait_for_receipts()
        ledger = self.watch.laws.ledger
        for scope, account in ledger.accounts.items():
            if any(account.reserved):
                self.watch.broken("rest", f"{scope} still has {account.reserved} reserved when all is over")
        for _ in range(MOST_HELP_S):
            heard_all = self._compare()
            if heard_all or self.watch.violation is not None:
                self._rehearse()
                return
            self.loop.advance(self.loop.time() + BREATHING_S)
        self.watch.broken("rest", "no supervisor has come to rest")

    def _wait_for_receipts(self) -> None:
        """Check that every kill has its receipt, and every agent has confirmed, or is gone."""
        laws = self.watch.laws
        for _ in range(RECEIPTS_S):
            if not laws.reckoning.open and not self.watch.replayed.stopping:
                return
            self.loop.advance(self.loop.time() + BREATHING_S)
        for command, scope in laws.reckoning.open.items():
            self.watch.broken("receipt", f"the command {command} that killed {scope} has no receipt")
        for (task, step), one in self.watch.replayed.stopping.items():
            self.watch.broken(
                "receipt", f"{one.principal} neither confirmed that {step} of task {task} ended, nor is gone"
            )

    def _rehearse(self) -> None:
        """Where one leader decided everything, the inputs alone must lead to the same facts."""
        if self.watch.laws.leadership.terms == 1:
            found = contradiction(self.records)
            if found:
                self.watch.broken("inputs", found)

    def _quiet_s(self) -> float:
        """Return how long nothing must be decided: longer where something still seems to be at work."""
        named = not self.watch.laws.ledger.open and all(
            reason for _, reason in open_reasons(self.watch.replayed)
        )
        return NAMED_QUIET_S if named else QUIET_S

    def _all_over(self) -> bool:
        laws = self.watch.laws
        return not (laws.undecided or laws.ledger.open) and all(seen.ended for seen in laws.tasks.values())

    # The adversary's hand.

    def _act(self, action: a.Action) -> None:
        match action:
            case a.Crash():
                self.stage.kill(action.who, action.steps, action.back_s)
            case a.Freeze():
                self.stage.freeze(action.who, action.for_s)
            case a.Leave():
                self.stage.leave(action.who, action.back_s)
            case a.Vanish():
                self.stage.vanish(action.who)
            case a.Skew():
                self.stage.clock(action.who).offset_ms += action.by_ms
            case a.Fill():
                self.network.server.capacity = Capacity(records=len(self.records) + action.room)
                self._at(self.loop.time() + action.for_s, self._make_room)
            case a.Strike():
                self._strikes.append(action)
            case _:
                self._trouble_the_network(action)

    def _trouble_the_network(self, action: a.Action) -> None:
        match action:
            case a.Storm():
                self.network.set_weather(action.who, action.weather)
                self._at(self.loop.time() + action.for_s, self.network.set_weather, action.who, CALM)
            case a.Stall():
                self.network.stall(action.who, action.for_s)
            case a.Cut():
                names = self.scenario.cast.names if action.who == "server" else (action.who,)
                for name in names:
                    self.network.cut(name, action.for_s, action.notice_s)
            case _:
                self.people.act(action)

    def _on_order(self, supervisor: str, order: DoEffect, worker: str) -> None:
        if not self._strikes:
            return
        strike = self._strikes.popleft()
        self.people.strike(strike, order)
        if strike.late_s:
            self.network.stall(supervisor, strike.late_s)
        if strike.cut_s:
            self.network.cut(worker, strike.cut_s, 0.0)

    def _make_room(self) -> None:
        self.network.server.capacity = ROOMY

    def _at(self, when_s: float, what: Callable[..., object], *args: object) -> None:
        self.loop.deliver_at(when_s, self.network.process, what, *args)

    # What is looked at.

    def _compare_again(self) -> None:
        self._compare()
        self._at(self.loop.time() + COMPARE_S, self._compare_again)

    def _compare(self) -> bool:
        """Compare the state of whoever decides with the log, when all that it decided is durable.

        Tell whether it has heard all that stands there too: only then is nothing left to decide.
        """
        leader = self.watch.laws.leadership.incarnation
        heard_all = False
        for one in self.stage.supervising.values():
            leads = one.supervisor.idle and leader in one.lives and one.bus.reads
            if leads and self.network.quiet:
                self._compared += 1
                self.watch.compare(one.supervisor.state)
                heard_all = heard_all or one.bus.has_read_all
        return heard_all

    def _on_broken(self, process: Process, failure: BaseException) -> None:
        self.watch.broken("defect", f"{process.name} raised {type(failure).__name__}: {failure}")

    def _stop(self) -> None:
        self.loop.stopped = True

    def _bury(self) -> None:
        for process in (*self.stage.graveyard, self.people.process):
            process.bury()

    def _report(self) -> Report:
        counted = self.stage.counted
        return Report(
            seed=self.scenario.seed,
            profile=self.scenario.profile,
            violation=self.watch.violation,
            virtual_s=self.loop.time(),
            records=len(self.records),
            tasks=len(self.watch.laws.tasks),
            executions=len(self.world.executions),
            starts=counted.starts,
            crashes=counted.crashes,
            callbacks=self.loop.steps,
            compared=self._compared,
        )
