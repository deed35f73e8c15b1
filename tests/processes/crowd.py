"""A crowd of callers, effect workers and a supervisor, each a process; the means to kill them at random.

What was decided is folded from the log into a ledger; what really ran, the till has counted.
"""

import asyncio
import contextlib
import os
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path
from random import Random

import msgspec
import psutil
from tests.processes.environment import Environment
from tests.processes.till import FREE, MODEL, Till

from interlock.bus.clock import now_ms
from interlock.bus.identity import load
from interlock.bus.nats_bus import connect
from interlock.bus.ports import Record
from interlock.console import embedded
from interlock.console.keyring import admit_all
from interlock.console.launcher import Launcher
from interlock.console.local import Local, joined
from interlock.console.processes import SERVICES, Plan, Service, children, guard
from interlock.console.state import ServerFile, StateFolder
from interlock.contracts import facts as f
from interlock.contracts import plan as p
from interlock.contracts.budget import Budget
from interlock.contracts.control import SetLimits
from interlock.contracts.decision import Decision
from interlock.contracts.message import decode, encode
from interlock.contracts.subjects import DECISIONS
from interlock.supervisor.guard.intensity import Intensity

PERSON = "alice"
SUPERVISOR = "supervisor-1"
SUPERVISE = ("interlock.supervisor",)
WORKERS = ("effects-1", "effects-2", "effects-3")
CAPACITY = 32
OFTEN = Intensity(restarts=100)
START_S = 20.0
PATIENCE_S = 60.0
TESTS = {"PYTHONPATH": str(Path(__file__).parents[2])}
"""Where Python finds the modules of the tests."""
ROOMY = Budget(tokens=2**40, wall_ms=10**9, model_calls=2**20)


class Ledger:
    """What the log says: each grant and how it was settled, what tasks have spent, how they stand."""

    def __init__(self) -> None:
        self.granted: set[tuple[int, int]] = set()
        self.settled: dict[tuple[int, int], f.EffectSettled] = {}
        self.spent: Counter[int] = Counter()
        self.parked: dict[int, f.Parked] = {}
        self.ended: dict[int, str] = {}
        self._changed = asyncio.Condition()

    async def on_record(self, record: Record) -> None:
        decision = decode(Decision, record.data)
        async with self._changed:
            for fact in decision.facts:
                self._take(decision.task, fact)
            self._changed.notify_all()

    def _take(self, task: int, fact: f.Fact) -> None:
        match fact:
            case f.EffectGranted():
                self.granted.add((fact.effect, fact.grant))
            case f.EffectSettled():
                grant = (fact.effect, fact.grant)
                assert grant not in self.settled, "a grant is settled once"
                self.settled[grant] = fact
                self.spent[task] += fact.spent.model_calls
            case f.Parked():
                self.parked[task] = fact
            case f.Resumed():
                self.parked.pop(task, None)
            case f.Completed() | f.Failed() | f.Halted() | f.Rejected():
                self.ended[task] = type(fact).__name__
            case _:
                pass

    @property
    def in_doubt(self) -> int:
        """How many calls may have happened or not, and are settled at their bound."""
        return sum(settled.basis == "bound" for settled in self.settled.values())

    @property
    def quiet(self) -> bool:
        """Whether nothing is in flight."""
        return self.granted == self.settled.keys()

    async def until(self, condition: Callable[["Ledger"], bool]) -> None:
        """Wait until the log has made something true."""
        try:
            async with asyncio.timeout(PATIENCE_S), self._changed:
                await self._changed.wait_for(lambda: condition(self))
        except TimeoutError:
            raise AssertionError(
                f"{len(self.granted)} granted, {len(self.settled)} settled, {self.spent} spent by task, "
                f"parked {self.parked}, ended {self.ended}"
            ) from None

    async def exhausted(self, *tasks: int) -> None:
        """Wait until these tasks are parked for a budget or completed, and nothing is in flight."""
        await self.until(
            lambda ledger: set(tasks) <= ledger.parked.keys() | ledger.ended.keys() and ledger.quiet
        )
        assert {parked.kind for parked in self.parked.values()} == {"budget"}, self.parked
        assert set(self.ended.values()) <= {"Completed"}, self.ended


class Crowd:
    """An environment with many callers; `ledger` follows all of it."""

    def __init__(self, environment: Environment, ledger: Ledger, till: Till) -> None:
        self.environment = environment
        self.ledger = ledger
        self.till = till

    async def submit(
        self, name: str, steps: int, calls: int, budget: Budget = ROOMY, *, tenant: str = "default"
    ) -> int:
        """Hand in a task of parallel steps, each of which makes so many calls at once; return its id."""
        plan = p.Plan(
            steps=tuple(
                p.PlannedStep(id=f"s{n}", role="caller", input={"name": f"{name}.s{n}", "calls": calls})
                for n in range(steps)
            )
        )
        story = await self.environment.submit(
            "Call.", plan=plan, review=False, budget=budget, tenant=tenant, docs=""
        )
        return story.task

    async def limit(self, calls: int, *scope: str) -> None:
        """Let the fleet, or a tenant, make so many model calls in all."""
        limits = SetLimits(total=Budget(model_calls=calls), reason="the test says so")
        await self.environment.say(encode(limits), "control", "limit", *scope)

    async def havoc(self, chance: Random, times: int, victims: Sequence[str]) -> list[str]:
        """Kill a process at random, again and again, each time when some more calls have arrived."""
        killed: list[str] = []
        # Of all that there are: what arrived before this began must not bring the last kill behind the limit.
        arrived = 0
        for _ in range(times):
            arrived += chance.randint(10, 40)
            await self.till.reached(arrived)
            name = chance.choice(victims)
            killed.append(name)
            pid = self.environment.pid(name)
            self.environment.strike(name)
            await self.environment.another(name, pid)
        return killed


@contextlib.asynccontextmanager
async def crowd(
    folder: Path, *, callers: int, supervise: tuple[str, ...] = SUPERVISE
) -> AsyncGenerator[Crowd]:
    """Start everybody, and see that nobody stays behind."""
    before = set(psutil.Process().children(recursive=True))
    till = Till(Random(1))
    await till.start()
    state = StateFolder(folder)
    state.make()
    names = tuple(f"caller-{n}" for n in range(callers))
    services = _services(state, names, supervise)
    roles = {service.name: service.role for service in services} | dict.fromkeys(names, "agent")
    keys = admit_all(state, roles.items(), PERSON)
    server = await embedded.start(state.store, 0)
    plan = Plan(state=state, url=server.url, docs=(), model=MODEL, keys=keys)
    environment = _environment(state, till)
    launcher = Launcher(
        guard(plan, environment), children(plan, environment, services), intensity=OFTEN, beside=server
    )
    try:
        await launcher.start()
        bus = await connect(server.url, PERSON, key=load(state.key_file(PERSON)).seed)
        async with asyncio.timeout(START_S):
            await joined(bus, frozenset({*WORKERS, *names}))
        note = ServerFile(url=server.url, pid=os.getpid(), started_ms=now_ms())
        everywhere = Environment(Local(state, note, server, launcher), bus, folder)
        ledger = Ledger()
        following = await bus.follow([DECISIONS], ledger.on_record)
        yield Crowd(everywhere, ledger, till)
        await following.stop()
        await everywhere.close()
        await bus.close()
    finally:
        await launcher.stop()
        await server.stop()
        await till.stop()
    assert set(psutil.Process().children(recursive=True)) <= before


def _services(state: StateFolder, callers: Sequence[str], supervise: tuple[str, ...]) -> list[Service]:
    nursery = ("tests.processes.callers", str(state.keys), *callers)
    capacity = {"INTERLOCK_CAPACITY": str(CAPACITY)}
    return [
        *(service for service in SERVICES if service.role == "access"),
        Service(SUPERVISOR, "supervisor", supervise, 1, knows=TESTS),
        *(Service(worker, "effects", ("interlock.effects",), 2, knows=capacity) for worker in WORKERS),
        Service("callers", "agent", nursery, 3, charter="caller", knows=TESTS),
    ]


def _environment(state: StateFolder, till: Till) -> dict[str, str]:
    prices = state.root / "prices.toml"
    prices.write_text(FREE)
    return dict(os.environ) | {"OPENAI_BASE_URL": till.url, "INTERLOCK_PRICES": str(prices)}


def assert_exact(crowd: Crowd, limit: int) -> None:
    """What was paid for is the limit; what ran is that too, but for calls that died with their worker."""
    ledger, till = crowd.ledger, crowd.till
    assert till.arrived <= limit, f"{till.arrived} calls ran, {limit} were admitted"
    assert ledger.spent.total() == limit
    assert till.arrived + ledger.in_doubt >= limit


def limited_to(calls: int) -> Budget:
    """Return a budget of which only the model calls are scarce."""
    return msgspec.structs.replace(ROOMY, model_calls=calls)
