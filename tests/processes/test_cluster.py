"""Three nats-servers and a log on all of them: one writer there too, also when a server is killed."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from tests.processes.cluster import PATIENCE_S, Cluster, clustered

from interlock.bus.errors import Superseded
from interlock.bus.nats_bus import NatsBus, connect
from interlock.bus.ports import Ack, Record
from interlock.console import processes
from interlock.console.keyring import admit_all
from interlock.console.launcher import Launcher
from interlock.console.local import joined
from interlock.console.processes import GUARD, Plan, Service, children, guard
from interlock.console.sayings import submit
from interlock.console.state import StateFolder
from interlock.contracts import facts as f
from interlock.contracts.decision import Decision
from interlock.contracts.message import decode
from interlock.contracts.subjects import DECISIONS, LEADER_DECISIONS, decision_subject
from interlock.contracts.task import Submit

pytestmark = pytest.mark.processes

MANY = 200
F = TypeVar("F", bound=f.Fact)
SERVICES = (*processes.SERVICES, Service("supervisor-2", "supervisor", ("interlock.supervisor",), 1))


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    async with clustered(tmp_path) as running:
        yield running


def first_on(bus: NatsBus, task: int, term: int) -> "asyncio.Future[Ack]":
    """Append the first record about a task on condition that this leader's record is the last one."""
    return bus.append_soon(
        decision_subject(task),
        b"%d" % task,
        expected_subject_seq=term,
        expected_on=LEADER_DECISIONS,
        message_id=f"{term}.{task}",
    )


async def test_the_fence_holds_on_three_servers(cluster: Cluster) -> None:
    # Given a leader whose first records all watch the same subject, which the log does not look at together
    old, new = await connect(cluster.url, "supervisor-1"), await connect(cluster.url, "supervisor-2")
    term = (await old.append(LEADER_DECISIONS, b"I lead", expected_subject_seq=0)).seq
    acks = await asyncio.gather(*(first_on(old, task, term) for task in range(1, MANY + 1)))
    # Then each gets through, once, and the later ones on their own subjects do too
    assert sorted(ack.seq for ack in acks) == list(range(term + 1, term + MANY + 1))
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
    # And a reading ends where the log ends, whichever server has it
    assert len([record async for record in new.history(["interlock.>"])]) == await new.last_seq()
    await old.close()
    await new.close()


async def test_tasks_complete_when_the_server_that_leads_the_log_is_killed(
    cluster: Cluster, tmp_path: Path, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an environment on three servers, with two supervisors
    monkeypatch.setattr(processes, "SERVICES", SERVICES)
    state = StateFolder(tmp_path / "state")
    state.make()
    roles = {GUARD: "guard", **{service.name: service.role for service in SERVICES}}
    keys = admit_all(state, roles.items(), "alice")
    plan = Plan(state=state, url=cluster.url, docs=(docs,), model="offline/extractive", keys=keys)
    launcher = Launcher(guard(plan, os.environ), children(plan, os.environ))
    bus = await connect(cluster.url, "alice")
    await launcher.start()
    try:
        await launcher.ready(lambda names: joined(bus, names), timeout_s=PATIENCE_S)
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
    finally:
        await launcher.stop()
        await bus.close()


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
