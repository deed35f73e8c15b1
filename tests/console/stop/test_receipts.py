"""A receipt is read from the log by its kill or its task, with the times that follow from the records."""

import asyncio

import pytest
from tests.console.conftest import Environment
from tests.console.stop.examples import COMMANDED_US, effect, receipted

from interlock.bus.ports import Record
from interlock.console.errors import BadInput
from interlock.console.sayings import control, submit
from interlock.console.stop.receipts import (
    Gathering,
    Kill,
    Latencies,
    await_receipt,
    find_kill,
    gather,
    receipts_of,
)
from interlock.contracts import facts as f
from interlock.contracts.decision import Decision
from interlock.contracts.errors import ContractError
from interlock.contracts.message import encode
from interlock.contracts.scope import FLEET, Scope, task_scope
from interlock.contracts.subjects import decision_subject, input_subject
from interlock.contracts.task import Submit

AGENT = Scope(kind="agent", name="clerk-1")
TENANT = Scope(kind="tenant", name="acme")
STEP = Scope(kind="step", task=42, step="facts-1")


def halted(kill: int) -> f.Halted:
    return f.Halted(at_ms=1, by="alice", input=kill, commanded_us=COMMANDED_US)


def switched(kill: int, scope: Scope) -> f.Switched:
    return f.Switched(at_ms=1, scope=scope, state="killed", by="alice", input=kill)


def fleet_killed(kill: int) -> f.FleetSwitched:
    return f.FleetSwitched(at_ms=1, state="killed", by="alice", input=kill)


def stored(seq: int, time_us: int, task: int, *facts: f.AnyFact) -> Record:
    decision = Decision(task=task, cause=61, at_ms=0, by="supervisor-1", facts=facts)
    return Record(seq, time_us // 1_000, decision_subject(task), encode(decision), time_us)


@pytest.mark.parametrize(
    ("fact", "scope"),
    [
        (halted(61), task_scope(42)),
        (switched(61, STEP), STEP),
        (switched(61, AGENT), AGENT),
        (switched(61, TENANT), TENANT),
        (fleet_killed(61), FLEET),
    ],
)
def test_the_last_grant_was_possible_until_the_decision_was_stored(fact: f.AnyFact, scope: Scope) -> None:
    # Given a decision that stops a scope 0.7 ms after the command, and later its receipt
    gathering = Gathering()
    gathering.take(stored(63, COMMANDED_US + 700, scope.task, fact))
    gathering.take(stored(64, COMMANDED_US + 300_000, scope.task, receipted(scope=scope)))
    # Then the receipt stands in its own record, and counts to that of the decision
    receipt = gathering.receipts[61]
    assert (receipt.record, receipt.decided, receipt.decided_us) == (64, 63, COMMANDED_US + 700)
    assert receipt.latencies == Latencies(
        last_grant_us=700, last_start_us=-90_000, last_connection_us=4_200, last_exit_us=8_940
    )


@pytest.mark.parametrize(
    "other",
    [
        halted(60),
        f.Switched(at_ms=1, scope=AGENT, state="paused", by="alice", input=61),
        f.FleetSwitched(at_ms=1, state="running", by="alice", input=61),
        f.Paused(at_ms=1, by="alice", input=61),
    ],
)
def test_only_the_decision_on_that_kill_counts(other: f.AnyFact) -> None:
    gathering = Gathering()
    gathering.take(stored(63, COMMANDED_US + 700, 42, other))
    gathering.take(stored(64, COMMANDED_US + 900, 42, receipted()))
    assert gathering.receipts[61].decided == 0
    assert gathering.receipts[61].latencies.last_grant_us is None


def test_without_the_time_of_the_command_no_latency_is_claimed() -> None:
    gathering = Gathering()
    gathering.take(stored(63, COMMANDED_US, 42, halted(61)))
    gathering.take(stored(64, COMMANDED_US, 42, receipted(commanded_us=0)))
    assert gathering.receipts[61].latencies.last_grant_us is None


def test_a_record_whose_time_is_known_in_milliseconds_only_counts_by_those() -> None:
    gathering = Gathering()
    record = stored(63, COMMANDED_US, 42, halted(61))
    coarse = Record(record.seq, COMMANDED_US // 1_000 + 2, record.subject, record.data)
    gathering.take(coarse)
    gathering.take(stored(64, COMMANDED_US, 42, receipted()))
    assert gathering.receipts[61].latencies.last_grant_us == 1_600


def test_a_fleet_kill_counts_to_the_fleets_decision_and_not_to_those_about_its_tasks() -> None:
    gathering = Gathering()
    gathering.take(stored(62, COMMANDED_US + 500, 42, halted(61)))
    gathering.take(stored(63, COMMANDED_US + 700, 0, fleet_killed(61)))
    gathering.take(stored(64, COMMANDED_US + 900, 0, receipted(scope=FLEET)))
    assert gathering.receipts[61].decided == 63


def test_a_later_receipt_of_the_same_kill_takes_the_place_of_the_first() -> None:
    gathering = Gathering()
    for seq, complete in ((64, False), (65, True)):
        gathering.take(stored(seq, COMMANDED_US, 42, receipted(complete=complete)))
    assert (gathering.receipts[61].record, gathering.receipts[61].fact.complete) == (65, True)


async def test_the_receipt_of_a_kill_is_read_from_its_own_subject(environment: Environment) -> None:
    # Given a killed task, and a killed agent, each with its receipt
    bus = environment.alice
    task = await submit(bus, Submit(goal="find out"))
    first = await control(bus, "kill", task_scope(task))
    second = await control(bus, "kill", AGENT)
    await environment.decide(0, switched(second, AGENT), cause=second)
    await environment.decide(task, halted(first), cause=first)
    at = await environment.decide(0, receipted(second, AGENT), cause=second)
    await environment.decide(task, receipted(first, task_scope(task)), cause=first)
    # When each is asked for
    found = [await find_kill(bus, seq) for seq in (first, second)]
    assert found == [Kill(first, task_scope(task)), Kill(second, AGENT)]
    receipts = [(await gather(bus, kill)).receipts[kill.seq] for kill in found if kill]
    # Then each is its own
    assert [receipt.fact.kill for receipt in receipts] == [first, second]
    assert receipts[1].record == at


async def test_a_kill_that_changed_nothing_is_known_by_its_refusal(environment: Environment) -> None:
    bus = environment.alice
    task = await submit(bus, Submit(goal="find out"))
    seq = await control(bus, "kill", task_scope(task))
    await environment.decide(task, f.Refused(input=seq, reason="it has ended"), cause=seq)
    gathered = await gather(bus, Kill(seq, task_scope(task)))
    assert (gathered.receipts, gathered.refused) == ({}, {seq: "it has ended"})


async def test_what_is_no_kill_is_none(environment: Environment) -> None:
    bus = environment.alice
    task = await submit(bus, Submit(goal="find out"))
    pause = await control(bus, "pause", FLEET)
    decision = await environment.decide(task)
    nothing = (await bus.append(input_subject("alice", "control", "kill", "planet", "mars"), b"{}")).seq
    assert [await find_kill(bus, seq) for seq in (task, pause, decision, nothing)] == [None] * 4
    with pytest.raises(BadInput, match="there is no record 77; the log ends at 4"):
        await find_kill(bus, 77)


async def test_a_receipt_is_awaited_whether_it_stands_already_or_comes(environment: Environment) -> None:
    bus = environment.alice
    task = await submit(bus, Submit(goal="find out"))
    seq = await control(bus, "kill", task_scope(task))
    kill = Kill(seq, task_scope(task))
    # Given nothing but another kill's receipt, and a record that nobody can read
    await environment.decide(task, receipted(seq - 1))
    await environment.supervisor.append(decision_subject(task), b"{")
    assert await await_receipt(bus, kill, timeout_s=0.01) is None
    # When its own comes
    waiting = asyncio.create_task(await_receipt(bus, kill))
    await environment.decide(task, halted(seq), cause=seq)
    at = await environment.decide(task, receipted(seq, task_scope(task)), cause=seq)
    # Then that is it, now and later
    for receipt in (await waiting, await await_receipt(bus, kill)):
        assert receipt is not None
        assert (receipt.record, receipt.decided) == (at, at - 1)


async def test_a_task_has_the_receipts_of_all_that_touched_it_each_with_its_own_effects(
    environment: Environment,
) -> None:
    # Given a task whose step was killed, whose agent was killed, and that a kill of everything ended
    bus = environment.alice
    task = await submit(bus, Submit(goal="find out"))
    step = Scope(kind="step", task=task, step="facts-1")
    mine, others = effect(57, "aborted", task), (effect(58, "aborted", 7), effect(59, "refused", 8))
    await environment.decide(task, receipted(10, step, effects=(mine,)))
    await environment.decide(0, receipted(11, AGENT, effects=(mine, *others), more_effects=1))
    # And another tenant's kill that has nothing to do with it
    await environment.decide(0, receipted(12, TENANT, effects=others))
    await environment.decide(task, halted(13))
    await environment.decide(0, receipted(13, FLEET, effects=others))
    # When its receipts are read
    found = (await receipts_of(bus, task)).receipts
    # Then they are those three; of the shared ones only its effects are named, and the rest is counted
    assert list(found) == [10, 11, 13]
    assert [receipt.fact.effects for receipt in found.values()] == [(mine,), (mine,), ()]
    assert [receipt.fact.more_effects for receipt in found.values()] == [0, 3, 2]
    assert [receipt.only_task for receipt in found.values()] == [0, task, task]


async def test_a_killed_task_without_a_receipt_yet_is_known_as_such(environment: Environment) -> None:
    task = await submit(environment.alice, Submit(goal="find out"))
    await environment.decide(task, halted(61))
    gathered = await receipts_of(environment.alice, task)
    assert (gathered.halts, gathered.receipts) == ({61}, {})


def test_a_decision_that_cannot_be_read_is_said() -> None:
    with pytest.raises(ContractError):
        Gathering().take(Record(1, 1, decision_subject(42), b"{"))
