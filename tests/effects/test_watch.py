"""When a worker may begin: not while nobody leads, not behind a standstill, not before a kill's place."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import msgspec
import pytest
from tests.effects.conftest import (
    PATIENCE_S,
    TASK,
    WORKER,
    Office,
    Provider,
    Reply,
    endpoint,
    events,
    question,
)

from interlock.bus.desk import ANSWER_S
from interlock.bus.memory import MemoryServer
from interlock.bus.memory_bus import MemoryBus
from interlock.bus.ports import Message, OnMessage, OnRecord, Record, Subscription
from interlock.contracts.control import Control
from interlock.contracts.effect import EffectAborted, EffectCompleted
from interlock.contracts.message import encode
from interlock.contracts.subjects import CONTROLS
from interlock.effects import watch as watch_module
from interlock.effects.calls import Calls
from interlock.effects.handle import HANDLE_MS, TICK_MS
from interlock.effects.settings import EffectSettings

NOT_TAKEN_S = 4 * ANSWER_S
INSTANT = question(model="instant/echo")


class HalfDeaf(MemoryBus):
    """A worker's connection that hears kills, and reads them from the log, when it is let."""

    def __init__(self, server: MemoryServer, principal: str) -> None:
        super().__init__(server, principal)
        self.hears = True
        self.reads = asyncio.Event()
        self.reads.set()

    async def listen(self, subject: str, on_message: OnMessage, *, queue: str = "") -> Subscription:
        def if_heard(message: Message) -> Any:
            return on_message(message) if self.hears or subject != CONTROLS else None

        return await super().listen(subject, if_heard, queue=queue)

    async def follow(self, filters: Any, on_record: OnRecord, **options: Any) -> Subscription:
        async def when_let(record: Record) -> None:
            await self.reads.wait()
            on_record(record)

        return await super().follow(filters, when_let, **options)

    async def history(self, filters: Any, **options: Any) -> AsyncGenerator[Record]:
        await self.reads.wait()
        async for record in super().history(filters, **options):
            yield record


class Time:
    """The watch's clock, which moves when it is told to."""

    def __init__(self) -> None:
        self.now_ms = 0

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    made = Time()
    monkeypatch.setattr(watch_module, "steady_ms", made)
    return made


@pytest.fixture
def half_deaf(office: Office) -> HalfDeaf:
    bus = HalfDeaf(office.server, WORKER)
    office.bus = bus
    return bus


@pytest.fixture
def calls(settings: EffectSettings, provider: Provider) -> Calls:
    provider.will(Reply(events({"choices": [{"delta": {"content": "For"}}]}), held=True))
    models = ("instant/echo", "openai/tiny")
    return Calls(msgspec.structs.replace(settings, models=models, openai=endpoint(provider.url)))


async def is_taken(office: Office, effect: int = 50, **fields: Any) -> bool:
    """Grant something, once, and return whether the worker took it."""
    office.patience_s = NOT_TAKEN_S
    try:
        await office.grant(INSTANT, effect, **fields)
    except TimeoutError:
        return False
    finally:
        office.patience_s = PATIENCE_S
    return True


def ends_of(office: Office) -> dict[int, str]:
    """Return how each effect ended."""
    return {
        end.body.effect: end.verb
        for end in office.ends()
        if isinstance(end.body, EffectAborted | EffectCompleted)
    }


async def settle() -> None:
    """Let everything happen that can happen without time passing."""
    for _ in range(30):
        await asyncio.sleep(0)


async def test_nothing_begins_while_nobody_leads(office: Office, calls: Calls, time: Time) -> None:
    # Given a leader that has fallen silent
    worker = await office.open(calls)
    for _ in range(0, HANDLE_MS + TICK_MS, TICK_MS):
        assert not worker.why_not
        time.now_ms += TICK_MS
    assert "no supervisor" in worker.why_not
    # When something is still granted, then it is not taken, and nothing is said of it
    office.leads = False
    assert not await is_taken(office)
    assert not office.ends()
    # And when somebody leads again, the same grant begins
    office.leads = True
    assert await is_taken(office)
    await office.until_ended()


async def test_what_waited_in_the_socket_of_who_stood_still_does_not_begin(
    office: Office, calls: Calls, half_deaf: HalfDeaf, time: Time
) -> None:
    await office.open(calls)
    before = office.newest
    # When a worker stands still for a minute, while a task is killed and the kill is not heard
    half_deaf.hears = False
    half_deaf.reads.clear()
    await office.control("kill", "task", str(TASK))
    time.now_ms += 60_000
    # Then a grant that waited does not begin, nor does the beat before it count
    assert not await is_taken(office, as_of=before)
    assert not await is_taken(office, as_of=office.newest)
    # And when the switches were read and a leader is heard, the old one is refused, the new one begins
    half_deaf.reads.set()
    await office.until_it_may_begin()
    assert await is_taken(office, 51, as_of=before)
    assert await is_taken(office, 52, as_of=office.newest)
    await office.until_logged(2)
    assert ends_of(office) == {51: "aborted", 52: "completed"}


async def test_a_break_of_the_connection_is_a_standstill(
    office: Office, calls: Calls, half_deaf: HalfDeaf
) -> None:
    worker = await office.open(calls)
    before = office.newest
    # When a kill passes by while the connection is broken
    worker.lost()
    half_deaf.hears = False
    half_deaf.reads.clear()
    await office.control("kill", "task", str(TASK))
    half_deaf.hears = True
    worker.restored()
    # Then nothing begins before it was read, and then nothing that is older
    assert not await is_taken(office, as_of=before)
    half_deaf.reads.set()
    await office.until_it_may_begin()
    assert await is_taken(office, as_of=before)
    (end,) = await office.until_logged()
    assert isinstance(end.body, EffectAborted)
    assert not end.body.started


async def test_a_kill_aborts_at_once_and_holds_its_scope_until_it_has_its_place(
    office: Office, calls: Calls, provider: Provider, half_deaf: HalfDeaf
) -> None:
    # Given a call in flight, and a log that cannot be read
    await office.open(calls)
    await office.grant(question(model="openai/tiny"), 50)
    await asyncio.wait_for(provider.came.wait(), PATIENCE_S)
    before = office.newest
    half_deaf.reads.clear()
    # When its task is killed
    await office.control("kill", "task", str(TASK))
    # Then the call is aborted all the same
    (end,) = await office.until_logged()
    assert (end.verb, end.task) == ("aborted", TASK)
    # And nothing begins in its scope, however new it is; elsewhere all goes on
    assert not await is_taken(office, 51)
    assert await is_taken(office, 52, task=43)
    # And when the log can be read, what is newer than the kill begins, what is older is refused
    half_deaf.reads.set()
    await settle()
    assert await is_taken(office, 51)
    assert await is_taken(office, 53, as_of=before)
    await office.until_logged(4)
    assert ends_of(office) == {50: "aborted", 51: "completed", 52: "completed", 53: "aborted"}


async def test_what_is_newer_than_a_kill_outlives_its_reading(
    office: Office, calls: Calls, provider: Provider, half_deaf: HalfDeaf
) -> None:
    # Given a kill that was not heard, and an effect granted by somebody who knew of it
    await office.open(calls)
    half_deaf.hears = False
    half_deaf.reads.clear()
    await office.control("kill", "task", str(TASK))
    await office.grant(question(model="openai/tiny"), 50)
    await asyncio.wait_for(provider.came.wait(), PATIENCE_S)
    # When the kill is read, then it is not about that
    half_deaf.reads.set()
    await settle()
    assert not office.ends()
    # And what was older is aborted by the reading alone
    half_deaf.reads.clear()
    await office.control("kill", "task", str(TASK), reason="again")
    half_deaf.reads.set()
    (end,) = await office.until_logged()
    assert isinstance(end.body, EffectAborted)
    assert end.body.reason == f"alice killed task {TASK}: again"


SCOPES: list[tuple[tuple[str, ...], bool]] = [
    (("task", str(TASK)), True),
    (("step", str(TASK), "facts"), True),
    (("agent", "researcher-1"), True),
    (("agent", WORKER), True),
    (("role", "researcher"), True),
    (("tenant", "acme"), True),
    (("model", "openai/*"), True),
    (("model", "openai/tiny"), True),
    (("fleet",), True),
    (("task", "43"), False),
    (("step", str(TASK), "other"), False),
    (("agent", "researcher-2"), False),
    (("role", "writer"), False),
    (("tenant", "other"), False),
    (("model", "anthropic/*"), False),
    (("tool", "search"), False),
]


@pytest.mark.parametrize(("scope", "ends"), SCOPES)
async def test_a_kill_reaches_what_its_scope_covers(
    office: Office, calls: Calls, provider: Provider, scope: tuple[str, ...], ends: bool
) -> None:
    await office.open(calls)
    before = office.newest
    call = question(model="openai/tiny")
    await office.grant(call, 50, role="researcher", tenant="acme")
    await asyncio.wait_for(provider.came.wait(), PATIENCE_S)
    await office.control("kill", *scope)
    await settle()
    # What comes late and is older is judged in the same way
    await office.grant(call, 51, role="researcher", tenant="acme", as_of=before)
    await settle()
    if ends:
        stopped = [end.body for end in await office.until_logged(2)]
        assert [body.started for body in stopped if isinstance(body, EffectAborted)] == [True, False]
    else:
        assert not office.ends()


@pytest.mark.parametrize("verb", ["pause", "drain", "resume"])
async def test_other_switches_are_the_supervisors_matter(office: Office, calls: Calls, verb: str) -> None:
    await office.open(calls)
    await office.control(verb, "fleet")
    assert await is_taken(office, as_of=1)
    await office.until_ended()


async def test_a_control_that_cannot_be_read_harms_nothing(office: Office, calls: Calls) -> None:
    await office.open(calls)
    for subject, data in (
        ("interlock.in.alice.control.kill.dance.now", encode(Control())),
        ("interlock.in.alice.control.kill.fleet", b"not JSON"),
    ):
        await office.supervisor.append(subject, data)
    assert await is_taken(office)
    await office.until_ended()


async def test_an_effect_that_nobody_waits_for_is_told_to_the_log_alone(office: Office, calls: Calls) -> None:
    await office.open(calls)
    said: list[str] = []
    await office.supervisor.listen("interlock.outcome.>", lambda message: said.append(message.subject))
    await office.grant(INSTANT, agent="")
    await office.until_logged()
    await settle()
    assert not said
