"""A provider of models on loopback that answers as it is told, and a worker on the in-memory bus."""

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from interlock.bus.clock import now_ms
from interlock.bus.dispatch import answer_subject
from interlock.bus.memory import MemoryServer
from interlock.bus.memory_bus import MemoryBus
from interlock.bus.ports import Message
from interlock.contracts.budget import Amounts
from interlock.contracts.control import Control
from interlock.contracts.dispatch import Cancel, DoEffect, Outcome
from interlock.contracts.effect import Call, ModelCall
from interlock.contracts.inputs import Input, read_record
from interlock.contracts.message import Json, encode
from interlock.contracts.presence import Beat
from interlock.contracts.subjects import dispatch_subject, input_subject, lead_subject, outcome_subject
from interlock.effects.calls import Calls
from interlock.effects.models.allowance import Allowance
from interlock.effects.models.http import Patience
from interlock.effects.settings import EffectSettings, Endpoint, read_settings
from interlock.effects.worker import Worker

PATIENCE_S = 10.0
HASTE = Patience(first_pause_s=0.01, longest_pause_s=0.05, wait_s=0.5)
RESERVED = Amounts(tokens=5_000, model_calls=1, spend_usd_micros=700)
ALLOWED = Amounts(tokens=5_064, model_calls=1)
FREE = ("openai/tiny", "anthropic/claude-tiny")
TASK, STEP, AGENT, WORKER = 42, "facts", "researcher-1", "effects-1"


class Asked(NamedTuple):
    """One request as the provider got it."""

    path: str
    headers: dict[str, str]
    body: Json


class Reply(NamedTuple):
    """An answer in pieces; `promised_bytes` more than it has breaks it off, `held` never ends.

    `dropped` closes the connection without a word.
    """

    pieces: tuple[bytes, ...] = ()
    status: int = 200
    headers: tuple[str, ...] = ("content-type: text/event-stream",)
    promised_bytes: int | None = None
    held: bool = False
    dropped: bool = False


class Provider:
    """An HTTP server with a script: each request gets the next reply, the last one for ever."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.hung_up = asyncio.Event()
        self.came = asyncio.Event()
        self._script: list[Reply] = []
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def will(self, *replies: Reply) -> None:
        self._script = list(replies)

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.asked.append(Asked(head[0].split()[1], headers, msgspec.json.decode(body or b"{}")))
        self.came.set()
        reply = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if reply.dropped:
            writer.close()
            return
        lines = [f"HTTP/1.1 {reply.status} Word", "connection: close", *reply.headers]
        if reply.promised_bytes is not None:
            lines.append(f"content-length: {reply.promised_bytes}")
        writer.write("\r\n".join([*lines, "", ""]).encode() + b"".join(reply.pieces))
        await writer.drain()
        if reply.held:
            assert await reader.read() == b""
            self.hung_up.set()
        writer.close()


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    made = Provider()
    await made.open()
    yield made
    await made.close()


def events(*data: Json | str) -> tuple[bytes, ...]:
    """Return a stream of server-sent events."""
    texts = (one if isinstance(one, str) else msgspec.json.encode(one).decode() for one in data)
    return tuple(f"data: {text}\n\n".encode() for text in texts)


def whole(body: Json) -> Reply:
    """Return an answer that is one JSON object."""
    return Reply((msgspec.json.encode(body),), headers=("content-type: application/json",))


def refusal(status: int, message: str, *headers: str, code: str = "") -> Reply:
    """Return a refusal in OpenAI's and Anthropic's form."""
    body = msgspec.json.encode({"error": {"message": message, "code": code}})
    return Reply((body,), status, ("content-type: application/json", *headers))


def endpoint(url: str, name: str = "OPENAI", key: str = "sk-secret") -> Endpoint:
    return Endpoint(f"{url}/v1", f"{name}_BASE_URL", f"{name}_API_KEY", key)


def question(**fields: Any) -> ModelCall:
    asked: dict[str, Any] = {"purpose": "answer", "prompt": "How many?"} | fields
    return ModelCall(**asked)


def allowed(output_tokens: int = 64, reserved: Amounts = ALLOWED) -> Allowance:
    """Return what a grant leaves: most of it for the prompt."""
    return Allowance.of(reserved, output_tokens)


class Heard:
    """The pieces of an answer as they came."""

    def __init__(self) -> None:
        self.pieces: list[str] = []

    def __call__(self, text: str) -> None:
        self.pieces.append(text)


class Office:
    """What stands around a worker: the log, a supervisor that grants, an agent that hears outcomes."""

    def __init__(self) -> None:
        self.server = MemoryServer(now_ms)
        self.bus = MemoryBus(self.server, WORKER)
        self.supervisor = MemoryBus(self.server, "supervisor")
        self.outcomes: list[Outcome] = []
        self.shown: list[bytes] = []
        self.worker: Worker | None = None
        self.leads = True
        self.patience_s = PATIENCE_S
        self._tokens = count(1)
        self._answers: dict[str, asyncio.Future[str]] = {}
        self._news = asyncio.Event()

    async def open(self, calls: Calls, capacity: int = 64) -> Worker:
        await self.supervisor.listen(outcome_subject(AGENT, "*"), self._hear)
        await self.supervisor.listen(f"interlock.in.{WORKER}.>", self._hear)
        await self.supervisor.listen("interlock.live.>", self.see)
        await self.supervisor.listen(answer_subject("supervisor", WORKER, "*"), self._on_answer)
        self.worker = Worker(self.bus, calls, capacity)
        await self.worker.start()
        await self.until_it_may_begin()
        return self.worker

    async def lead(self) -> None:
        """Show that a supervisor leads."""
        await self.supervisor.send(lead_subject("supervisor"), encode(Beat(incarnation="a life")))

    async def until_it_may_begin(self) -> None:
        """Lead, until the worker has read the switches and heard it."""
        assert self.worker is not None
        async with asyncio.timeout(PATIENCE_S):
            while self.worker.why_not:
                await self.lead()
                await asyncio.sleep(0)

    async def close(self) -> None:
        if self.worker is not None:
            await self.worker.stop("the test has ended")
        await self.bus.close()
        await self.supervisor.close()

    async def grant(self, call: Call, effect: int = 50, grant: int = 1, **fields: Any) -> str:
        """Grant an effect, as who leads, and return what the worker answers.

        `as_of` is, if it is not said, the newest record that there is.
        """
        assert self.worker is not None
        if self.leads:
            await self.lead()
        fields = {"reserved": RESERVED} | fields
        work = DoEffect(
            task=fields.pop("task", TASK),
            step=STEP,
            attempt=1,
            effect=effect,
            grant=grant,
            key=f"key-{effect}",
            agent=fields.pop("agent", AGENT),
            incarnation=fields.pop("incarnation", self.worker.incarnation),
            call=call,
            as_of=fields.pop("as_of", self.newest),
            **fields,
        )
        return await self.tell(work)

    async def tell(self, dispatch: DoEffect | Cancel) -> str:
        """Dispatch something once and return the answer; raises TimeoutError when none comes."""
        token = str(next(self._tokens))
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._answers[token] = answer
        reply = answer_subject("supervisor", WORKER, token)
        await self.supervisor.send(dispatch_subject(WORKER), encode(dispatch), reply=reply)
        async with asyncio.timeout(self.patience_s):
            return await answer

    def _on_answer(self, message: Message) -> None:
        word, *others = message.data.decode().split()
        for token in (message.subject.rsplit(".", 1)[-1], *others):
            self._answers[token].set_result(word)

    async def control(self, verb: str, *scope: str, reason: str = "it runs away") -> None:
        await self.supervisor.append(
            input_subject("alice", "control", verb, *scope), encode(Control(reason=reason))
        )

    @property
    def newest(self) -> int:
        """The sequence of the newest record."""
        return len(self.server.records)

    def said(self, kind: str, *verbs: str) -> list[Input]:
        """Return what the worker said on the log."""
        inputs = [read_record(one.seq, one.time_ms, one.subject, one.data) for one in self.server.records]
        return [one for one in inputs if one.kind == kind and one.verb in verbs]

    def ends(self) -> list[Input]:
        return self.said("effect", "completed", "failed", "aborted", "counted")

    async def until_ended(self, number: int = 1) -> list[Outcome]:
        """Wait until the agent has heard so many outcomes."""
        await self._until(lambda: len(self.outcomes) >= number)
        return self.outcomes

    async def until_logged(self, number: int = 1) -> list[Input]:
        """Wait until the log has so many ends."""
        await self._until(lambda: len(self.ends()) >= number)
        return self.ends()

    async def _until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def _hear(self, message: Message) -> None:
        if message.subject == outcome_subject(AGENT, WORKER):
            self.outcomes.append(msgspec.json.decode(message.data, type=Outcome))
        self._news.set()

    async def see(self, message: Message) -> None:
        self.shown.append(message.data)


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    made = Office()
    yield made
    await made.close()


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A small folder of documents."""
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "trees.md").write_text(
        "# Trees\n\n## Oaks\n\nAn oak lives for a thousand years.\nIts wood is hard.\n\n"
        "## Birches\n\nA birch lives for eighty years.\n"
    )
    (folder / "page.html").write_text("<body><h1>Elms</h1>\n<p>An elm\nlives <b>long</b>.</p></body>")
    return folder


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    """The prices of the models that a test's provider has."""
    path = tmp_path / "tests.toml"
    path.write_text("".join(f'[models."{model}"]\nprice = "free"\n' for model in FREE))
    return path


@pytest.fixture
def settings(tmp_path: Path, docs: Path, prices: Path) -> EffectSettings:
    return read_settings(
        {
            "INTERLOCK_PRICES": str(prices),
            "INTERLOCK_DOCS": str(docs),
            "INTERLOCK_WORKSPACES": str(tmp_path / "workspaces"),
            "INTERLOCK_CACHE": str(tmp_path / "cache"),
        }
    )
