"""A task is followed without a race: what stands in the log first, then what comes."""

import asyncio

import pytest
from tests.console.conftest import Environment, accepted, until
from tests.console.people.examples import payment, question

from interlock.console.errors import BadInput
from interlock.console.follow import Followed, following, read_task, require_task
from interlock.console.people.numbers import Number
from interlock.console.people.saying import say_verdict
from interlock.console.plain import PlainScreen
from interlock.console.sayings import control, decided, raise_limit, refusal, submit
from interlock.contracts import facts as f
from interlock.contracts.budget import Amounts
from interlock.contracts.errors import ContractError
from interlock.contracts.message import encode
from interlock.contracts.people import Answer
from interlock.contracts.scope import FLEET, task_scope
from interlock.contracts.step import Progress
from interlock.contracts.subjects import decision_subject, live_subject
from interlock.contracts.task import Submit

GOAL = Submit(goal="find out")
ASSIGNED = f.StepAssigned(at_ms=1, step="plan", attempt=1, principal="planner-1", deadline_ms=0)
PARKED = f.Parked(at_ms=0, kind="budget", reason="tokens")
ASKED = question(1, 50)


async def test_a_followed_task_is_told_from_its_beginning_to_its_end(environment: Environment) -> None:
    # Given a task that is under way
    task = await submit(environment.alice, GOAL)
    await environment.decide(task, accepted(), ASSIGNED)
    lines: list[str] = []
    async with following(environment.alice, task, PlainScreen(lines.append)) as followed:
        waiting = asyncio.create_task(followed.quiet())
        await until(lambda: "plan" in followed.view.steps)
        # When a step says what it does and the task ends
        progress = encode(Progress(principal="planner-1", text="thinking"))
        await environment.supervisor.send(live_subject(task, "plan", "planner-1"), progress)
        await until(lambda: followed.view.steps["plan"].doing == "thinking")
        await environment.decide(task, f.Completed(at_ms=0, results={}))
        view = await waiting
    # Then everything was said, once and in order
    assert view.status == "completed"
    assert [line.split("  ")[-1].strip() for line in lines] == [
        "accepted from alice: find out",
        "plan: planner-1 works on it",
        "plan: planner-1: thinking",
        "completed with 0 results",
    ]


async def test_a_park_that_is_long_over_does_not_end_the_following(environment: Environment) -> None:
    # Given a task that was parked, asked something, and goes on
    task = await submit(environment.alice, GOAL)
    answered = f.Resolved(at_ms=1, number=1, verdict="answered", by=("bob",))
    for fact in (accepted(), ASSIGNED, PARKED, f.Resumed(at_ms=0, by="bob"), ASKED, answered):
        await environment.decide(task, fact)
    known = [record async for record in environment.alice.history([decision_subject(task)])]
    followed = Followed(task, PlainScreen(lambda _: None), known[-1].seq)
    waiting = asyncio.create_task(followed.quiet(until_asked=True))
    # When its history comes record by record, with time to look in between
    for record in known:
        await followed.on_record(record)
        for _ in range(3):
            await asyncio.sleep(0)
        assert not waiting.done()
    # Then only what comes after it ends the following
    again = question(2, 60)
    fresh = await environment.alice.record(await environment.decide(task, again))
    assert fresh is not None
    await followed.on_record(fresh)
    view = await waiting
    assert [asked.said.effect for asked in view.waits_for] == [60]


async def test_a_park_that_holds_ends_the_following(environment: Environment) -> None:
    task = await submit(environment.alice, GOAL)
    await environment.decide(task, accepted(), PARKED)
    async with following(environment.alice, task, PlainScreen(lambda _: None)) as followed:
        assert (await followed.quiet()).status == "parked"


async def test_what_is_planted_does_not_end_the_following(environment: Environment) -> None:
    # Given a task in which something is planted
    task = await submit(environment.alice, GOAL)
    for fact in (accepted(), ASSIGNED, payment(1, effect=0, blocks=False, canary=True)):
        await environment.decide(task, fact)
    async with following(environment.alice, task, PlainScreen(lambda _: None)) as followed:
        waiting = asyncio.create_task(followed.quiet(until_asked=True))
        await until(lambda: 1 in followed.view.asked)
        for _ in range(3):
            await asyncio.sleep(0)
        assert not waiting.done()
        # When something is really asked
        await environment.decide(task, question(2, 60))
        view = await waiting
    # Then that ends it
    assert sorted(view.asked) == [1, 2]


async def test_a_record_that_comes_twice_is_shown_once(environment: Environment) -> None:
    task = await submit(environment.alice, GOAL)
    seq = await environment.decide(task, accepted())
    record = await environment.alice.record(seq)
    assert record is not None
    lines: list[str] = []
    followed = Followed(task, PlainScreen(lines.append), 0)
    await followed.on_record(record)
    await followed.on_record(record)
    assert len(lines) == 1


async def test_a_decision_that_cannot_be_read_ends_the_following_with_its_error(
    environment: Environment,
) -> None:
    task = await submit(environment.alice, GOAL)
    async with following(environment.alice, task, PlainScreen(lambda _: None)) as followed:
        waiting = asyncio.create_task(followed.quiet())
        await environment.supervisor.append(decision_subject(task), b'{"v": 2}')
        with pytest.raises(ContractError, match="version 2 of the protocol"):
            await waiting


async def test_nonsense_on_the_live_subject_is_passed_over(environment: Environment) -> None:
    task = await submit(environment.alice, GOAL)
    lines: list[str] = []
    async with following(environment.alice, task, PlainScreen(lines.append)) as followed:
        await environment.supervisor.send(live_subject(task, "plan", "planner-1"), b"\xff")
        await environment.supervisor.send(
            live_subject(task, "ghost", "x"), encode(Progress(principal="x", text="boo"))
        )
        await environment.decide(task, f.Completed(at_ms=0, results={}))
        await followed.quiet()
    assert len(lines) == 1


async def test_only_a_submission_is_a_task(environment: Environment) -> None:
    task = await submit(environment.alice, GOAL)
    other = await control(environment.alice, "pause", FLEET)
    assert await require_task(environment.alice, task) == GOAL
    with pytest.raises(
        BadInput, match=f"record {other} is not a task but interlock.in.alice.control.pause.fleet"
    ):
        await require_task(environment.alice, other)
    with pytest.raises(BadInput, match="there is no record 77; the log ends at 2"):
        await read_task(environment.alice, 77)


async def test_what_is_said_stands_on_the_subjects_of_the_protocol(environment: Environment) -> None:
    bus = environment.alice
    said = [
        await submit(bus, GOAL),
        await control(bus, "kill", task_scope(1), "enough"),
        await control(bus, "drain", FLEET),
        await raise_limit(bus, 1, Amounts(tokens=5)),
        await say_verdict(bus, Number(1, 7), Answer(text="yes")),
    ]
    records = [await bus.record(seq) for seq in said]
    assert [record.subject for record in records if record] == [
        "interlock.in.alice.task.submit",
        "interlock.in.alice.control.kill.task.1",
        "interlock.in.alice.control.drain.fleet",
        "interlock.in.alice.control.raise.task.1",
        "interlock.in.alice.human.answer.1.7",
    ]


async def test_a_message_that_its_reader_would_refuse_is_not_sent(environment: Environment) -> None:
    with pytest.raises(ContractError, match=r"\$\.goal"):
        await submit(environment.alice, Submit(goal=""))
    assert await environment.alice.last_seq() == 0


async def test_a_decision_is_awaited_and_a_refusal_is_found_in_it(environment: Environment) -> None:
    task = await submit(environment.alice, GOAL)
    await environment.decide(task, accepted())
    seq = await control(environment.alice, "resume", task_scope(task))
    waiting = asyncio.create_task(decided(environment.alice, task, seq))
    await environment.decide(task, f.Refused(input=seq, reason="it is not paused"), cause=seq)
    decision = await waiting
    assert decision is not None
    assert refusal(decision, seq) == "it is not paused"
    assert refusal(decision, seq + 1) == ""


async def test_without_a_supervisor_no_decision_comes_and_the_wait_is_bounded(
    environment: Environment,
) -> None:
    seq = await control(environment.alice, "pause", FLEET)
    assert await decided(environment.alice, 0, seq, timeout_s=0.01) is None
