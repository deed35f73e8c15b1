"""Three nats-servers and a log on all of them: one writer there too, also when a server is killed."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from tests.processes.cluster import PATIENCE_S, PERSON, Cluster, clustered

from interlock.bus.errors import Superseded
from interlock.bus.nats_bus import NatsBus
from interlock.bus.ports import Ack, Record
from interlock.console.launcher import Launcher
from interlock.console.local import joined
from interlock.console.processes import SERVICES, Service, children, guard
from interlock.console.sayings import submit
from interlock.contracts import facts as f
from interlock.contracts.decision import Decision
from interlock.contracts.message import decode
from interlock.contracts.subjects import DECISIONS, LEADER_DECISIONS, decision_subject
from interlock.contracts.task import Submit

pytestmark = pytest.mark.processes

MANY = 200
F = TypeVar("F", bound=f.Fact)
GOVERNED = (
    *(service for service in SERVICES if service.role != "access"),
    Service("supervisor-2", "supervisor", ("interlock.supervisor",), 1),
)


def first_on(bus: NatsBus, task: int, term: int) -> "asyncio.Future[Ack]":
    """Append the first record about a task on condition that this leader's record is the last one."""
    return bus.append_soon(
        decision_subject(task),
        b"%d" % task,
        expected_subject_seq=term,
        expected_on=LEADER_DECISIONS,
        message_id=f"{term}.{task}",
    )


async def test_the_fence_holds_on_three_servers(tmp_path: Path) -> None:
    async with clustered(tmp_path, GOVERNED) as cluster:
        await _fenced(await cluster.connect("supervisor-1"), await cluster.connect("supervisor-2"))


async def _fenced(old: NatsBus, new: NatsBus) -> None:
    # Given a leader whose first records all watch the same subject, which the log does not look at together
    term = (await old.append(LEADER_DECISIONS, b"I lead", expected_subject_seq=0)).seq
    acks = await asyncio.gather(*(first_on(old, task, term) for task in range(1, MANY + 1)))
    # Then each gets through, once, and the later ones on their own subjects do too
    assert len({ack.seq for ack in acks if ack.seq > term}) == MANY
    following = [
        old.append_soon(decision_subject(task), b"more", expected_subject_seq=ack.seq)
        for task, ack in enumerate(acks, 1)
    ]
    assert len({ack.seq for ack in await asyncio.gather(*following)}) == MANY
    # When another one takes the lead while more are on their way
    late = [first_on(old, task, term) for task in range(MANY + 1, 2 * MANY)]
    await late[0]
    next_term = (await new.append(LEADER_DECISIONS, b"No, I", expected_subject_seq=term)).seq
    outcomes = await asyncio.gather(*late, return_exceptions=True)
    # Then each of them stands before its record, or is refused
    stored = [outcome.seq for outcome in outcomes if isinstance(outcome, Ack)]
    assert len(stored) + sum(isinstance(outcome, Superseded) for outcome in outcomes) == len(outcomes)
    assert max(stored) < next_term
    # And from there on the old one can begin nothing, and end nothing that the new one has stamped
    with pytest.raises(Superseded):
        await first_on(old, 5 * MANY, term)
    last = await new.last(decision_subject(1))
    assert last is not None
    await new.append(decision_subject(1), b"stamp", expected_subject_seq=last.seq)
    with pytest.raises(Superseded):
        await old.append(decision_subject(1), b"stale", expected_subject_seq=last.seq)
    # And a reading ends where the log ends, whichever server has it; who admits says something meanwhile too
    last_seq = await new.last_seq()
    read = [record.seq async for record in new.history(["interlock.>"])]
    assert read == list(range(1, len(read) + 1))
    assert len(read) >= last_seq
    await old.close()
    await new.close()


async def test_tasks_complete_when_the_server_that_leads_the_log_is_killed(
    tmp_path: Path, docs: Path
) -> None:
    # Given an environment on three servers, with two supervisors
    async with clustered(tmp_path, GOVERNED) as cluster:
        launcher = Launcher(guard(cluster.plan, os.environ), children(cluster.plan, os.environ, GOVERNED))
        bus = await cluster.connect(PERSON)
        await launcher.start()
        try:
            await launcher.ready(lambda names: joined(bus, names), timeout_s=PATIENCE_S)
            await _survive(cluster, bus, docs)
        finally:
            await launcher.stop()
            await bus.close()


async def _survive(cluster: Cluster, bus: NatsBus, docs: Path) -> None:
    # When the server that leads the log is killed in the middle of tasks
    told = Told()
    await bus.follow([DECISIONS], told.on_record)
    order = Submit(goal="What colour is the lamp?", docs=str(docs))
    tasks = {await submit(bus, order) for _ in range(10)}
    await told.until(lambda: told.all(f.EffectGranted))
    cluster.kill(await cluster.leader(bus))
    # Then all tasks complete, and no effect was done twice
    await told.until(lambda: len(told.all(f.Completed)) == len(tasks))
    for each in (told.all(f.EffectGranted), told.all(f.EffectSettled)):
        grants = [(fact.effect, fact.grant) for fact in each]
        assert len(grants) == len(set(grants))


class Told:
    """All that is decided, as facts in order."""

    def __init__(self) -> None:
        self._facts: list[f.Fact] = []
        self._more = asyncio.Event()

    def on_record(self, record: Record) -> None:
        self._facts.extend(decode(Decision, record.data).facts)
        self._more.set()

    def all(self, kind: type[F]) -> list[F]:
        return [fact for fact in self._facts if isinstance(fact, kind)]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self._more.clear()
                await self._more.wait()
