"""Nothing begins behind a kill's place in the log, however much is under way, also with nobody who decides.

The log says what was granted behind it; what ran, the model's server has seen, and dated.
"""

import asyncio
import contextlib
import json
import signal
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from random import Random
from typing import NamedTuple

import pytest
import pytest_asyncio
from tests.processes.crowd import Ledger
from tests.processes.held_model import HeldModel
from tests.processes.scene import ROLE, STEP, Scene, scene

from interlock.bus.logs import structlog
from interlock.bus.ports import Message
from interlock.console.stop.receipts import Kill, Receipt
from interlock.contracts import facts as f
from interlock.contracts.decision import Decision
from interlock.contracts.effect import EffectRequest, ModelCall
from interlock.contracts.message import decode, encode
from interlock.contracts.plan import Plan, PlannedStep
from interlock.contracts.scope import FLEET, Scope
from interlock.contracts.subjects import DECISIONS, decided_task, input_subject
from interlock.contracts.task import Submit

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="module")]

SEED = 4
TASKS, MORE = 100, 3
REQUESTS = "interlock.in.*.agent.effect.*"
REQUESTS_BEHIND, LAG_S = 20, 0.4
# Between a worker's socket and this process, which serves all calls and reads the log besides.
ARRIVAL_US = 1_000_000


class Round(NamedTuple):
    """One kill among many tasks of one tenant."""

    kill: Kill
    tasks: frozenset[int]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def crowd(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Scene, Ledger, Random]]:
    """A scene whose model answers at random, and what the log says of everything."""
    chance = Random(SEED)
    model = HeldModel(chance)
    await model.start()
    await model.release_all()
    async with scene(tmp_path_factory.mktemp("order"), model) as made:
        ledger = Ledger()
        await made.environment.bus.follow([DECISIONS], ledger.on_record)
        yield made, ledger, chance
    await model.stop()
    structlog.reset_defaults()


async def handed_in(made: Scene, tenant: str) -> frozenset[int]:
    """Hand in many tasks at once, each of several calls, one after the other."""
    subject = input_subject(made.environment.bus.principal, "task", "submit")
    appending = [
        made.environment.bus.append_soon(
            subject, encode(_order(f"{tenant}.{n}", tenant)), message_id=f"{tenant}.{n}"
        )
        for n in range(TASKS)
    ]
    return frozenset([(await each).seq for each in appending])


def _order(name: str, tenant: str) -> Submit:
    step = PlannedStep(id=STEP, role=ROLE, input={"prompt": name, "more": MORE})
    return Submit(goal="Work.", plan=Plan(steps=(step,)), review=False, tenant=tenant)


async def killed_amid(made: Scene, tenant: str, scope: Scope, chance: Random) -> Round:
    """Kill that when, by chance, so many of the calls have come."""
    before = len(made.model.calls)
    tasks = await handed_in(made, tenant)
    await made.model.number(before + chance.randint(10, TASKS * MORE // 2))
    return Round(await made.kill(scope), tasks)


async def assert_nothing_began_behind(made: Scene, receipt: Receipt, over: Round, tenant: str) -> int:
    """Compare what the log and the receipt say with what the model has seen; return how many came close."""
    prompts = await _prompts(made, over)
    came = {call.prompt: call.came_us for call in made.model.calls if call.prompt.startswith(f"{tenant}.")}
    granted_behind, begun_behind = 0, list[str]()
    async for record in made.environment.bus.history([DECISIONS], start_seq=over.kill.seq + 1):
        if decided_task(record.subject) not in over.tasks:
            continue
        decision = decode(Decision, record.data)
        for fact in decision.facts:
            if isinstance(fact, f.EffectGranted):
                granted_behind += 1
                begun_behind += [prompts[fact.effect]] if prompts[fact.effect] in came else []
            # What was said before the kill may be decided behind it.
            assert decision.cause < over.kill.seq or not isinstance(fact, f.Completed | f.StepCompleted)
    assert not begun_behind, f"{begun_behind} began, of {granted_behind} that were granted behind the kill"
    assert max(came.values()) - receipt.fact.commanded_us < ARRIVAL_US
    heard_us = _heard_us(made, str(receipt.fact.scope)) - receipt.fact.commanded_us
    for effect in receipt.fact.effects:
        if effect.fate == "refused":
            assert prompts[effect.effect] not in came, f"{effect} was said to have never begun"
        else:
            assert effect.fate in {"aborted", "completed"}
        if effect.started_us is not None:
            assert effect.started_us <= heard_us, f"{effect} began when its worker knew of the kill"
    return granted_behind


def _heard_us(made: Scene, scope: str) -> int:
    """Return when the worker noted that it had heard the kill, rounded up, by the clock of its starts."""
    for line in made.environment.local.state.log_of("effects-1").read_text().splitlines():
        said = json.loads(line)
        if said["event"] == "kill_heard" and said["scope"] == scope:
            return int(said["time_ms"] + 1) * 1_000
    raise AssertionError(f"the worker has not heard that {scope} is killed")


async def _prompts(made: Scene, over: Round) -> dict[int, str]:
    """Return what was asked for by each effect of these tasks."""
    found: dict[int, str] = {}
    async for record in made.environment.bus.history([REQUESTS], start_seq=min(over.tasks)):
        call = decode(EffectRequest, record.data).call
        if isinstance(call, ModelCall):
            found[record.seq] = call.prompt
    return found


@pytest.mark.parametrize("turn", range(2))
async def test_nothing_begins_behind_the_kill_of_a_tenant(
    crowd: tuple[Scene, Ledger, Random], turn: int
) -> None:
    # Given a tenant with very many calls in flight, and more with every moment
    made, ledger, chance = crowd
    tenant = f"tenant-{turn}"
    # When it is killed at a random time
    over = await killed_amid(made, tenant, Scope(kind="tenant", name=tenant), chance)
    # Then all its tasks are halted, and nothing of them began behind the kill
    receipt = await made.receipt(over.kill)
    await ended(ledger, over.tasks)
    assert "Halted" in {ledger.ended[task] for task in over.tasks}
    await assert_quiet(made)
    await assert_nothing_began_behind(made, receipt, over, tenant)


async def test_nothing_begins_that_is_granted_by_who_has_not_read_of_the_kill_yet(
    crowd: tuple[Scene, Ledger, Random],
) -> None:
    made, ledger, chance = crowd
    granted = 0
    for turn in range(3):
        # Given a tenant with very many calls in flight, and a supervisor that lags behind the log
        tenant = f"lag-{turn}"
        before = len(made.model.calls)
        tasks = await handed_in(made, tenant)
        await made.model.number(before + chance.randint(10, TASKS))
        async with lagging(made):
            # When the tenant is killed
            over = Round(await made.kill(Scope(kind="tenant", name=tenant)), tasks)
        # Then what the supervisor grants behind the kill, for it reads in order, is refused by its age
        receipt = await made.receipt(over.kill)
        await ended(ledger, tasks)
        await assert_quiet(made)
        granted += await assert_nothing_began_behind(made, receipt, over, tenant)
    assert granted > 0, "no round came close"


@contextlib.asynccontextmanager
async def lagging(made: Scene) -> AsyncGenerator[None]:
    """Let the supervisor stand still until some requests wait for it, but not so long that it gives up."""
    waiting, enough = Counter[str](), asyncio.Event()

    def note(message: Message) -> None:
        waiting[message.subject] += 1
        if waiting.total() >= REQUESTS_BEHIND:
            enough.set()

    listening = await made.environment.bus.listen(REQUESTS, note)
    with made.frozen("supervisor-1"):
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(enough.wait(), LAG_S)
        yield
    await listening.stop()


@pytest.mark.parametrize("turn", range(2))
async def test_nothing_begins_behind_a_kill_while_nobody_decides(
    crowd: tuple[Scene, Ledger, Random], turn: int
) -> None:
    # Given a tenant with very many calls in flight, and a supervisor that stands still at a random time
    made, ledger, chance = crowd
    tenant = f"alone-{turn}"
    before = len(made.model.calls)
    tasks = await handed_in(made, tenant)
    await made.model.number(before + chance.randint(10, TASKS))
    made.environment.strike("supervisor-1", number=signal.SIGSTOP)
    # When the tenant is killed
    over = Round(await made.kill(Scope(kind="tenant", name=tenant)), tasks)
    # Then all calls in flight end, and nothing begins, neither now nor when another supervisor is there
    await all_closed(made, tenant)
    made.environment.strike("supervisor-1")
    receipt = await made.receipt(over.kill)
    await ended(ledger, tasks)
    await assert_quiet(made)
    await assert_nothing_began_behind(made, receipt, over, tenant)


async def test_nothing_begins_behind_the_kill_of_everything(crowd: tuple[Scene, Ledger, Random]) -> None:
    # Given very many calls in flight
    made, ledger, chance = crowd
    # When everything is killed at a random time
    over = await killed_amid(made, "all", FLEET, chance)
    receipt = await made.receipt(over.kill)
    await ended(ledger, over.tasks)
    # Then nothing began behind it
    await made.resume(FLEET, "unruly-1", "unruly-2")
    await assert_quiet(made)
    await assert_nothing_began_behind(made, receipt, over, "all")


async def ended(ledger: Ledger, tasks: frozenset[int]) -> None:
    """Wait until all these tasks have ended."""
    await ledger.until(lambda ledger: tasks <= ledger.ended.keys())


async def all_closed(made: Scene, tenant: str) -> None:
    """Wait until none of the calls that came waits for an answer."""
    for call in [call for call in made.model.calls if call.prompt.startswith(f"{tenant}.")]:
        await call.over()


async def assert_quiet(made: Scene) -> None:
    """See that others still work: whatever was on its way before has arrived by then."""
    story = await made.submit([f"quiet {len(made.model.calls)}"])
    await story.completed()
