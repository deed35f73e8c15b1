"""docs/protocol.md, taken at its word by a client that knows nothing of us: plain nats-py and that page."""

import asyncio
import base64
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import nats
import pytest
from tests.processes.conftest import Start
from tests.processes.environment import PATIENCE_S, PERSON, Environment
from tests.processes.model_server import ModelServer

from interlock.contracts.limits import MAX_MESSAGE_BYTES

pytestmark = pytest.mark.processes

PAGE = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text("utf-8")
SUBMIT = r"interlock\.in\.alice\.task\.submit"
Main = Callable[[str, str, str], Awaitable[tuple[int, dict[str, Any]]]]


def code(language: str, holding: str) -> str:
    """Return the page's block of code that holds some words."""
    blocks: list[str] = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return next(block for block in blocks if holding in block)


def written(pattern: str) -> bytes:
    """Return the words of the page, set as code, that fit a pattern."""
    found = re.search(rf"`({pattern})`", PAGE)
    assert found is not None, pattern
    return found[1].encode()


def subject(pattern: str, task: int = 42) -> str:
    """Return a subject as the page writes it, for this person and task."""
    return written(pattern).decode().replace("alice", PERSON).replace("42", str(task))


def seed(environment: Environment) -> str:
    return environment.local.state.key_file(PERSON).read_text().strip()


class Client:
    """What somebody writes who has read the page: requests, JSON, and a reading from the beginning."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.stream = connection.jetstream()

    async def request(self, on: str, data: bytes) -> int:
        """Publish with a request; the answer is JetStream's acknowledgement."""
        answer = json.loads((await self.connection.request(on, data, timeout=5)).data)
        assert "error" not in answer, answer
        assert answer["stream"] == "INTERLOCK"
        return int(answer["seq"])

    async def fact(self, on: str, *names: str) -> dict[str, Any]:
        """Wait for one of these facts in the decisions of a subject."""
        decisions = await self.stream.subscribe(on, ordered_consumer=True)
        try:
            async with asyncio.timeout(PATIENCE_S):
                async for message in decisions.messages:
                    for fact in json.loads(message.data)["facts"]:
                        if fact["fact"] in names:
                            return dict(fact)
        finally:
            await decisions.unsubscribe()
        raise AssertionError(names)


async def plain_client(environment: Environment) -> Client:
    half_typed: Any = nats
    return Client(await half_typed.connect(environment.local.note.url, nkeys_seed_str=seed(environment)))


async def test_the_program_of_the_page_submits_and_follows(start: Start) -> None:
    # Given the page's own program
    environment = await start()
    program: dict[str, Any] = {}
    exec(compile(code("python", "async def main"), "protocol.md", "exec"), program)
    main: Main = program["main"]
    # When it is run with what `interlock up` prints
    async with asyncio.timeout(PATIENCE_S):
        task, end = await main(environment.local.note.url, PERSON, seed(environment))
    # Then it ends with the end of a task
    assert end["fact"] == "completed"
    assert (await environment.view(task)).status == "completed"


async def test_a_task_is_submitted_followed_and_its_result_read(start: Start) -> None:
    # Given a client of the page
    environment = await start()
    client = await plain_client(environment)
    # When it submits the page's example, with a folder that is there
    order = json.loads(code("json", '"goal"')) | {"docs": str(environment.docs)}
    task = await client.request(subject(SUBMIT), json.dumps(order).encode())
    # Then the decisions tell of it as the page says
    decisions = subject(r"interlock\.decision\.42", task)
    accepted = await client.fact(decisions, "accepted")
    assert accepted["goal"] == order["goal"]
    assert accepted["submitter"] == PERSON
    completed = await client.fact(decisions, "completed")
    # And its results are the records that the page names, read in the page's way
    name = subject(r"\$JS\.API\.STREAM\.MSG\.GET\.INTERLOCK")
    assert set(completed["results"]) >= {"report", "review"}
    answer = await client.connection.request(
        name, json.dumps({"seq": completed["results"]["report"]}).encode()
    )

    record = json.loads(base64.b64decode(json.loads(answer.data)["message"]["data"]))
    assert {"report", "claims"} <= set(record["value"])
    await client.connection.close()


async def test_a_task_is_paused_resumed_raised_and_killed(start: Start, model: ModelServer) -> None:
    # Given a task with a model call in flight
    model.hold("answer")
    environment = await start(model)
    client = await plain_client(environment)
    task = await client.request(
        subject(SUBMIT),
        json.dumps({"goal": "Lamp?", "docs": str(environment.docs)}).encode(),
    )
    await model.asked("answer")
    decisions = subject(r"interlock\.decision\.42", task)
    # When the client says what stands in the table, then the decision says what became of it
    for verb, body, fact in (
        ("pause", b'{"reason": "wait"}', "paused"),
        ("resume", b'{"reason": "go on"}', "resumed"),
        ("raise", written(r"\{\"more\".*?\}\}"), "limit_raised"),
        ("kill", b'{"reason": "enough"}', "halted"),
    ):
        await client.request(subject(rf"interlock\.in\.alice\.control\.{verb}\.task\.42", task), body)
        await client.fact(decisions, fact)
    # And what changes nothing is refused with its sequence
    late = await client.request(subject(r"interlock\.in\.alice\.control\.kill\.task\.42", task), b"{}")
    assert (await client.fact(decisions, "refused"))["input"] == late
    await client.connection.close()


async def test_a_malformed_submission_is_rejected_without_a_race(start: Start) -> None:
    # Given a client of the page
    environment = await start()
    client = await plain_client(environment)
    # When it submits what is none, and looks long after the decision, or before it
    task = await client.request(subject(SUBMIT), b'{"goal": 42}')
    # Then it reads that it was rejected, why and where, however late it comes
    for _ in range(2):
        rejected = await client.fact(subject(r"interlock\.decision\.42", task), "rejected")
        assert "$.goal" in rejected["reason"] + rejected.get("where", "")
    await client.connection.close()


async def test_a_submission_with_a_message_id_counts_once(start: Start) -> None:
    # Given a client of the page
    environment = await start()
    client = await plain_client(environment)
    assert "Nats-Msg-Id" in PAGE
    # When it submits the same twice
    first, second = [
        await client.stream.publish(subject(SUBMIT), b'{"goal": "once"}', headers={"Nats-Msg-Id": "mine"})
        for _ in range(2)
    ]
    # Then that is one task
    assert first.seq == second.seq
    assert second.duplicate
    await client.connection.close()


def test_the_page_names_the_bounds_that_hold() -> None:
    assert f"{MAX_MESSAGE_BYTES // 1024} KiB" in PAGE
