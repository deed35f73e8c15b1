"""The effect worker as a process of its own, on a real server: it is small, and it ends in order."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import psutil
import pytest
from tests.effects.conftest import AGENT, PATIENCE_S, RESERVED, STEP, TASK, WORKER, Provider, Reply, events
from tests.effects.leading import EVERY_S, Lead, leading

from interlock.bus import server
from interlock.bus.nats_bus import NatsBus, connect
from interlock.bus.ports import Message
from interlock.bus.stream import ensure_stream
from interlock.contracts.control import Control
from interlock.contracts.dispatch import DoEffect, Outcome
from interlock.contracts.effect import Call, EffectAborted, ModelCall, ToolCall
from interlock.contracts.inputs import Input, read_record
from interlock.contracts.message import Json, encode
from interlock.contracts.presence import EffectHello
from interlock.contracts.subjects import input_subject, outcome_subject
from interlock.effects.handle import LATE_MS, TICK_MS

pytestmark = pytest.mark.processes

MEMORY_BYTES_MAX = 135_000_000
AT_ONCE_S = 1.0
STOPPED_S = 5.0
BEGUN: Json = {"choices": [{"delta": {"content": "For"}}]}


class Fleet:
    """A real server, a worker's process, and all that both say."""

    def __init__(self, bus: NatsBus, lead: Lead, environment: dict[str, str]) -> None:
        self.bus = bus
        self.lead = lead
        self.environment = environment
        self.outcomes: asyncio.Queue[Outcome] = asyncio.Queue()
        self.heard: asyncio.Queue[Input] = asyncio.Queue()
        self.process: asyncio.subprocess.Process | None = None
        self.incarnation = ""

    async def start(self, **environment: str) -> asyncio.subprocess.Process:
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "interlock.effects"),
            env={**self.environment, **environment},
            stderr=asyncio.subprocess.PIPE,
        )
        return self.process

    async def said(self, verb: str) -> Input:
        """Return the worker's next record, which has to be of this verb."""
        said = await asyncio.wait_for(self.heard.get(), PATIENCE_S)
        assert said.verb == verb, said
        return said

    async def grant(self, call: Call, docs: str = "", effect: int = 50) -> None:
        work = DoEffect(
            task=TASK,
            step=STEP,
            attempt=1,
            effect=effect,
            grant=1,
            key="k",
            agent=AGENT,
            incarnation=self.incarnation,
            call=call,
            reserved=RESERVED,
            docs=docs,
            as_of=await self.bus.last_seq(),
        )
        self.lead.dispatcher.send(f"grant.{effect}", WORKER, encode(work))

    async def kill(self) -> None:
        """Kill the task."""
        kill = encode(Control(reason="enough"))
        await self.bus.append(input_subject("alice", "control", "kill", "task", str(TASK)), kill)

    async def outcome(self) -> Outcome:
        return await asyncio.wait_for(self.outcomes.get(), PATIENCE_S)

    async def hear(self, message: Message) -> None:
        if message.subject == outcome_subject(AGENT, WORKER):
            await self.outcomes.put(msgspec.json.decode(message.data, type=Outcome))
        else:
            said = read_record(1, 0, message.subject, message.data)
            if isinstance(said.body, EffectHello):
                self.incarnation = said.body.incarnation
            await self.heard.put(said)

    async def close(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
        await self.bus.close()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    running = server.start(tmp_path_factory.mktemp("server"))
    yield running.url
    running.stop()


@pytest.fixture
async def fleet(url: str, docs: Path, tmp_path: Path, prices: Path) -> AsyncIterator[Fleet]:
    bus = await connect(url, "supervisor")
    await ensure_stream(bus)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("INTERLOCK_")}
    mine = {
        "INTERLOCK_URL": url,
        "INTERLOCK_PRICES": str(prices),
        "INTERLOCK_PRINCIPAL": WORKER,
        "INTERLOCK_DOCS": str(docs),
        "INTERLOCK_WORKSPACES": str(tmp_path / "workspaces"),
        "INTERLOCK_CACHE": str(tmp_path / "cache"),
    }
    async with leading(bus) as lead:
        made = Fleet(bus, lead, inherited | mine)
        for subject in (f"interlock.in.{WORKER}.>", outcome_subject(AGENT, WORKER)):
            await bus.listen(subject, made.hear)
        yield made
        await made.close()


async def test_it_works_small_and_ends_when_told(fleet: Fleet, docs: Path) -> None:
    # Given a worker that has said hello
    process = await fleet.start()
    await fleet.said("hello")
    # When it has searched and thought
    await fleet.grant(ToolCall(tool="search", arguments={"query": "oak"}), str(docs))
    assert (await fleet.outcome()).end == "completed"
    await fleet.said("completed")
    # Then it is small, and on SIGTERM it says bye and ends with 0
    assert psutil.Process(process.pid).memory_info().rss < MEMORY_BYTES_MAX
    process.terminate()
    assert await asyncio.wait_for(process.wait(), STOPPED_S) == 0
    await fleet.said("bye")


async def test_a_kill_reaches_a_call_in_flight_at_once(fleet: Fleet, provider: Provider) -> None:
    # Given a real call to a model that does not end
    provider.will(Reply(events(BEGUN), held=True))
    await fleet.start(INTERLOCK_MODEL="openai/tiny", OPENAI_BASE_URL=provider.url)
    await fleet.said("hello")
    await fleet.grant(ModelCall(purpose="answer", prompt="How many?"))
    await asyncio.wait_for(provider.came.wait(), PATIENCE_S)
    # When the task is killed
    async with asyncio.timeout(AT_ONCE_S):
        await fleet.kill()
        # Then the provider's connection ends at once, and everybody is told
        await provider.hung_up.wait()
    assert (await fleet.outcome()).end == "aborted"
    await fleet.said("aborted")


async def test_what_was_granted_before_it_stood_still_does_not_begin_afterwards(
    fleet: Fleet, provider: Provider
) -> None:
    # Given a worker at work, in the middle of a call
    provider.will(Reply(events(BEGUN), held=True))
    process = await fleet.start(INTERLOCK_MODEL="openai/tiny", OPENAI_BASE_URL=provider.url)
    await fleet.said("hello")
    await fleet.grant(ModelCall(purpose="answer", prompt="How many?"))
    await asyncio.wait_for(provider.came.wait(), PATIENCE_S)
    # When it is stopped, and something is granted, and then its task is killed, while somebody leads
    process.send_signal(signal.SIGSTOP)
    await asyncio.to_thread(os.waitpid, process.pid, os.WUNTRACED)
    await fleet.grant(ModelCall(purpose="answer", prompt="How much?"), effect=51)
    fleet.lead.fill()
    await fleet.lead.beats_for((TICK_MS + LATE_MS) / 1000)
    await fleet.kill()
    await fleet.lead.beats_for(EVERY_S)
    process.send_signal(signal.SIGCONT)
    # Then what was in flight is aborted, and what waited never begins
    ends = [(await fleet.said("aborted")).body for _ in range(2)]
    told = {end.effect: end.started for end in ends if isinstance(end, EffectAborted)}
    assert told == {50: True, 51: False}
    assert [one.body["messages"][0]["content"] for one in provider.asked] == ["How many?"]


async def test_told_to_stop_in_the_middle_of_a_call_it_says_so(fleet: Fleet, provider: Provider) -> None:
    provider.will(Reply(events(BEGUN), held=True))
    process = await fleet.start(INTERLOCK_MODEL="openai/tiny", OPENAI_BASE_URL=provider.url)
    await fleet.said("hello")
    await fleet.grant(ModelCall(purpose="answer", prompt="How many?"))
    await asyncio.wait_for(provider.came.wait(), PATIENCE_S)
    process.terminate()
    assert await asyncio.wait_for(process.wait(), STOPPED_S) == 0
    await fleet.said("aborted")
    await fleet.said("bye")


async def test_settings_that_say_nonsense_end_it_with_one_sentence(fleet: Fleet) -> None:
    process = await fleet.start(INTERLOCK_MODEL="telepathy/direct")
    _, said = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    assert process.returncode == 2
    assert b"telepathy" in said
    assert b"Traceback" not in said
    assert said.count(b"\n") == 1
