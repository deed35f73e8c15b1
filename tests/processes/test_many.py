"""Many tasks at once: none is lost, none mixes with another, no tenant starves another."""

import asyncio
from pathlib import Path

import pytest
from tests.processes.conftest import Start
from tests.processes.environment import PATIENCE_S, PERSON, Environment
from tests.processes.model_server import ModelServer

from interlock.bus.ports import Record
from interlock.contracts import facts as f
from interlock.contracts.decision import Decision
from interlock.contracts.message import decode, encode
from interlock.contracts.subjects import DECISIONS, STORED, decided_task
from interlock.contracts.task import Submit

pytestmark = pytest.mark.processes

SUBMIT = f"interlock.in.{PERSON}.task.submit"
MANY = 200
STORM = (
    "planner-1",
    "effects-1",
    "researcher-1",
    "supervisor-1",
    "nats-server",
    "effects-1",
    "executor-1",
    "supervisor-1",
    "reviewer-1",
    "nats-server",
)


async def ended(environment: Environment, tasks: set[int]) -> dict[int, str]:
    """Wait until all these tasks have ended, and say how, in the order in which they did."""
    ends: dict[int, str] = {}
    done = asyncio.get_running_loop().create_future()

    async def on_record(record: Record) -> None:
        for fact in decode(Decision, record.data).facts:
            if isinstance(fact, f.Completed | f.Failed | f.Halted | f.Rejected):
                ends[decided_task(record.subject)] = type(fact).__name__
        if tasks <= ends.keys() and not done.done():
            done.set_result(None)

    following = await environment.bus.follow([DECISIONS], on_record)
    try:
        async with asyncio.timeout(PATIENCE_S):
            await done
    except TimeoutError:
        raise AssertionError(f"no end of {sorted(tasks - ends.keys())}") from None
    finally:
        await following.stop()
    return {task: end for task, end in ends.items() if task in tasks}


async def grown(environment: Environment, records: int) -> None:
    """Wait until the log holds so many records."""
    reached = asyncio.get_running_loop().create_future()

    async def on_record(record: Record) -> None:
        if record.seq >= records and not reached.done():
            reached.set_result(None)

    following = await environment.bus.follow(STORED, on_record)
    try:
        async with asyncio.timeout(PATIENCE_S):
            await reached
    finally:
        await following.stop()


async def test_tasks_with_folders_of_their_own_do_not_mix(
    start: Start, docs: Path, model: ModelServer
) -> None:
    # Given two folders whose documents have the same name and say different things
    said = {"red": "The lamp is red at night.", "blue": "The lamp is blue by day."}
    for colour, sentence in said.items():
        (docs / colour).mkdir()
        (docs / colour / "lamp.md").write_text(f"# The lamp\n\n{sentence}\n")
    environment = await start(model)
    # When several tasks on each are under way at once
    stories = [
        (colour, await environment.submit(docs=str(docs / colour))) for _ in range(5) for colour in said
    ]
    # Then each answers from its own folder only, and writes into a workspace of its own
    for colour, story in stories:
        await story.completed()
        result = await environment.result(story.task)
        quotes = {citation.quote for claim in result.claims for citation in claim.citations}
        assert quotes == {said[colour]}
        written = environment.local.state.workspaces / str(story.task) / "report.md"
        assert said[colour] in written.read_text()
        assert sum(sentence in written.read_text() for sentence in said.values()) == 1


async def test_many_tasks_submitted_at_once_all_complete(start: Start, docs: Path) -> None:
    # Given an environment
    environment = await start()
    # When very many tasks are submitted without waiting
    order = encode(Submit(goal="What colour is the lamp?", docs=str(docs)))
    acks = [environment.bus.append_soon(SUBMIT, order, message_id=f"many-{n}") for n in range(MANY)]
    tasks = {(await ack).seq for ack in acks}
    # Then all complete
    assert len(tasks) == MANY
    assert set((await ended(environment, tasks)).values()) == {"Completed"}


async def test_a_tenant_with_few_tasks_does_not_wait_for_one_with_many(start: Start, docs: Path) -> None:
    # Given a fleet that stands still, and a tenant that has handed in many tasks before another its few
    environment = await start()
    await environment.control("pause")
    tenants: dict[int, str] = {}
    for tenant in ["large"] * 90 + ["small"] * 10:
        order = encode(Submit(goal="What colour is the lamp?", docs=str(docs), tenant=tenant))
        tenants[(await environment.bus.append(SUBMIT, order)).seq] = tenant
    await (await environment.story(max(tenants))).first(f.PlanRequested)
    # When the fleet goes on
    await environment.control("resume")
    # Then all complete, and the few were given to agents in turn with the many
    assert set((await ended(environment, set(tenants))).values()) == {"Completed"}
    given = [
        decided_task(record.subject)
        async for record in environment.bus.history([DECISIONS])
        if any(isinstance(fact, f.StepAssigned) for fact in decode(Decision, record.data).facts)
    ]
    assert [tenants[task] for task in given[:20]].count("small") == 10


async def test_what_was_acknowledged_while_the_server_was_killed_completes(start: Start, docs: Path) -> None:
    # Given submissions on their way
    environment = await start()
    order = encode(Submit(goal="What colour is the lamp?", docs=str(docs)))
    first = [environment.bus.append_soon(SUBMIT, order, message_id=f"before-{n}") for n in range(10)]
    await first[4]
    # When the server is killed among them
    environment.strike("nats-server")
    second = [environment.bus.append_soon(SUBMIT, order, message_id=f"after-{n}") for n in range(10)]
    async with asyncio.timeout(PATIENCE_S):
        acks = [await ack for ack in (*first, *second)]
    # Then each was acknowledged once, and all of them complete
    tasks = {ack.seq for ack in acks}
    assert len(tasks) == 20
    assert set((await ended(environment, tasks)).values()) == {"Completed"}


async def test_a_storm_of_kills_takes_nothing_from_many_tasks(start: Start, docs: Path) -> None:
    # Given many tasks under way
    environment = await start()
    order = encode(Submit(goal="What colour is the lamp?", docs=str(docs)))
    acks = [environment.bus.append_soon(SUBMIT, order, message_id=f"storm-{n}") for n in range(80)]
    tasks = {(await ack).seq for ack in acks}
    # When process after process is killed, each as soon as more of the work is done
    for more, name in enumerate(STORM, 1):
        await grown(environment, 150 * more)
        environment.strike(name)
    # Then all tasks complete, and no effect was completed twice
    assert set((await ended(environment, tasks)).values()) == {"Completed"}
    completed = [
        fact.effect
        async for record in environment.bus.history([DECISIONS])
        for fact in decode(Decision, record.data).facts
        if isinstance(fact, f.EffectSettled) and fact.end == "completed"
    ]
    assert len(completed) == len(set(completed))
