"""The outbox: in order for each task, together while one is on its way, bounded in size, the fleet first."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.supervisor.stage import Stage

from interlock.bus.clock import now_ms
from interlock.bus.errors import TooLarge, Unreachable
from interlock.bus.memory import Capacity, MemoryServer
from interlock.bus.memory_bus import MemoryBus
from interlock.bus.ports import Ack
from interlock.contracts import limits
from interlock.contracts.decision import Decision
from interlock.contracts.facts import AnyFact, EffectSettled, Left, Refused, StepRetried
from interlock.contracts.message import decode
from interlock.contracts.subjects import LEADER_DECISIONS
from interlock.supervisor import outbox
from interlock.supervisor.errors import SteppedBack
from interlock.supervisor.outbox import Outbox

LEFT = Left(principal="clerk-1", incarnation="i", reason="bye")
SETTLED = EffectSettled(at_ms=1, effect=7, grant=1, end="completed", basis="actual")
LARGE = "x" * (limits.MAX_DECISION_BYTES // 3)


def retried(name: str) -> StepRetried:
    return StepRetried(step=name)


class Desk:
    """An outbox over an empty log, and what it says of itself."""

    def __init__(self) -> None:
        self.server = MemoryServer(now_ms)
        self.stage = Stage(self.server)
        self.bus = MemoryBus(self.server, "supervisor-1")
        self.sent: list[Decision] = []
        self.committed: list[tuple[int, int]] = []
        self.failures: list[Exception] = []
        self.outbox = Outbox(
            self.bus,
            "supervisor-1",
            0,
            sent=self.sent.append,
            committed=self._committed,
            failed=self.failures.append,
        )

    def _committed(self, decision: Decision, seq: int) -> None:
        self.committed.append((decision.task, seq))

    def write(self, task: int, *facts: AnyFact, cause: int = 1, observed: str = "") -> None:
        self.outbox.write(task, facts, cause, 1_000 + cause, observed)

    async def written(self) -> list[Decision]:
        """Wait until everything is durable, and return it."""
        await self.stage.until(lambda: self.outbox.idle)
        return [decode(Decision, record.data) for record in self.server.records]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk()
    yield desk
    await desk.stage.end()


async def test_what_follows_while_a_decision_is_on_its_way_rides_in_the_next_one(desk: Desk) -> None:
    for cause, name in enumerate(("a", "b", "c"), 1):
        desk.write(7, retried(name), cause=cause)
    first, second = await desk.written()
    assert (first.facts, first.cause) == ((retried("a"),), 1)
    assert (second.facts, second.cause, second.at_ms) == ((retried("b"), retried("c")), 3, 1_003)
    assert desk.committed == [(7, 1), (7, 2)]


async def test_tasks_do_not_wait_for_each_other(desk: Desk) -> None:
    desk.write(7, retried("a"))
    desk.write(8, retried("b"))
    assert [decision.task for decision in await desk.written()] == [7, 8]


async def test_settlements_wait_for_company_and_not_for_ever(desk: Desk) -> None:
    # Given a settlement: it is not written by itself at once
    desk.write(7, SETTLED)
    assert desk.server.records == []
    # When something follows, they stand in one decision
    desk.write(7, retried("a"), cause=2)
    (decision,) = await desk.written()
    assert decision.facts == (SETTLED, retried("a"))
    # And alone it is written after a moment
    desk.write(7, SETTLED, cause=3)
    assert (await desk.written())[1].facts == (SETTLED,)


async def test_an_observation_stands_alone_so_that_its_time_stays_known(desk: Desk) -> None:
    desk.write(7, retried("a"))
    desk.write(7, retried("b"), cause=2)
    desk.write(7, retried("c"), cause=2, observed="tick")
    desk.write(7, retried("d"), cause=3)
    decisions = await desk.written()
    assert [decision.observed for decision in decisions] == ["", "", "tick", ""]
    assert [len(decision.facts) for decision in decisions] == [1, 1, 1, 1]


async def test_what_rides_together_never_becomes_too_large(desk: Desk) -> None:
    for cause in range(1, 8):
        desk.write(7, Refused(input=cause, reason=LARGE), cause=cause)
    await desk.stage.until(lambda: desk.outbox.idle)
    assert not desk.failures
    assert max(len(record.data) for record in desk.server.records) <= limits.MAX_DECISION_BYTES
    assert sum(record.data.count(b'"fact"') for record in desk.server.records) == 7


async def test_what_fits_no_record_is_not_written_and_ends_the_writer_with_a_sentence(desk: Desk) -> None:
    # Given more about one task than a reader of the log would take
    desk.write(7, Refused(input=4, reason="x" * limits.MAX_DECISION_BYTES), cause=4)
    # Then nothing is written, then or later, and it is said what is too large
    desk.write(8, retried("a"), cause=5)
    await desk.stage.several_turns()
    assert desk.server.records == []
    (failure,) = desk.failures
    assert isinstance(failure, TooLarge)
    assert str(failure).startswith("what record 4 led to about task 7 takes 1000")
    assert "`interlock show 4`" in str(failure)


async def test_what_changes_the_fleet_stands_where_it_was_decided(desk: Desk) -> None:
    # Given decisions of which some wait behind others of their task, and one that waits for company
    desk.write(0, LEFT)
    desk.write(7, retried("a"))
    desk.write(7, retried("b"))
    desk.write(9, SETTLED)
    # When the fleet changes, and more is decided
    desk.write(0, LEFT)
    desk.write(7, retried("c"))
    desk.write(8, retried("d"))
    # Then everything before it is before it, and everything after it is after it
    assert [decision.task for decision in await desk.written()] == [0, 7, 9, 0, 7, 8]


async def test_what_waited_for_the_fleet_follows_in_the_order_in_which_it_was_decided(desk: Desk) -> None:
    # Given decisions on their way about two tasks and then the fleet
    desk.write(7, retried("a"))
    desk.write(8, retried("a"))
    desk.write(0, LEFT)
    # When more is decided, first about the second task
    desk.write(8, retried("b"))
    desk.write(7, retried("b"))
    # Then it stands in the log in this order
    assert [decision.task for decision in await desk.written()] == [7, 8, 0, 8, 7]


async def test_two_changes_of_the_fleet_do_not_ride_together_over_what_is_between_them(desk: Desk) -> None:
    desk.write(7, retried("a"))
    desk.write(0, LEFT)
    desk.write(8, retried("b"))
    desk.write(0, LEFT)
    desk.write(0, LEFT)
    written = await desk.written()
    assert [(decision.task, len(decision.facts)) for decision in written] == [(7, 1), (0, 1), (8, 1), (0, 2)]


async def test_a_refusal_that_changes_nobody_holds_nobody_up(desk: Desk) -> None:
    desk.write(7, retried("a"))
    desk.write(7, retried("b"))
    desk.write(0, Refused(input=1, reason="x"))
    desk.write(8, retried("c"))
    assert [decision.task for decision in await desk.written()] == [7, 0, 8, 7]


async def test_the_first_decision_about_a_task_is_refused_when_another_leads(desk: Desk) -> None:
    # Given another supervisor that has taken the lead
    other = MemoryBus(desk.server, "supervisor-2")
    await other.append(LEADER_DECISIONS, b"{}")
    # When this one decides about a task for the first time, then it stops, and writes nothing more
    desk.write(7, retried("a"))
    await desk.stage.until(lambda: desk.failures)
    assert isinstance(desk.failures[0], SteppedBack)
    desk.write(8, retried("b"))
    assert len(desk.server.records) == 1


async def test_a_decision_after_somebody_elses_is_refused(desk: Desk) -> None:
    # Given a task about which this writer has decided, and then another one
    desk.write(7, retried("a"))
    await desk.written()
    await MemoryBus(desk.server, "supervisor-2").append("interlock.decision.7", b"{}")
    # When it decides again, then it stops, and what was not durable is not told
    desk.write(7, retried("b"))
    await desk.stage.until(lambda: desk.failures)
    assert isinstance(desk.failures[0], SteppedBack)
    assert desk.committed == [(7, 1)]


async def test_every_first_decision_has_an_id_of_its_own(desk: Desk) -> None:
    # Given a task whose first decision is on its way, and another's
    desk.write(7, retried("a"))
    desk.write(8, retried("a"))
    await desk.written()
    # Then none was taken for a copy of the other
    assert desk.committed == [(7, 1), (8, 2)]


async def test_only_the_first_record_on_a_subject_watches_the_leader_and_has_an_id(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given somebody who sees how records are appended
    conditions: list[dict[str, Any]] = []
    append_soon = desk.bus.append_soon

    def seen(subject: str, data: bytes, **given: Any) -> "asyncio.Future[Ack]":
        conditions.append(given)
        return append_soon(subject, data, **given)

    monkeypatch.setattr(desk.bus, "append_soon", seen)
    # When two decisions follow each other
    desk.write(7, retried("a"))
    await desk.written()
    desk.write(7, retried("b"))
    await desk.written()
    # Then the first could be repeated without being stored twice, and the second watches its own subject
    first, second = conditions
    assert (first["expected_on"], first["expected_subject_seq"]) == (LEADER_DECISIONS, 0)
    assert first["message_id"]
    assert second == {"expected_subject_seq": 1}


async def test_nothing_is_told_any_more_once_it_was_refused(desk: Desk) -> None:
    # Given a decision that is refused while another is on its way
    other = MemoryBus(desk.server, "supervisor-2")
    desk.write(7, retried("a"))
    await desk.written()
    await other.append("interlock.decision.7", b"{}")
    desk.write(7, retried("b"))
    desk.write(8, retried("a"))
    # When both are answered, then only what was told before has been told
    await desk.stage.until(lambda: desk.failures)
    await desk.stage.several_turns()
    assert desk.committed == [(7, 1)]


async def test_what_waits_is_written_when_it_shall_be_drained(desk: Desk) -> None:
    # Given a settlement that waits for company, and something behind a decision on its way
    desk.write(7, SETTLED)
    desk.write(8, retried("a"))
    desk.write(8, SETTLED)
    # When the writer is to end, then all of it is durable first
    await desk.outbox.drain(1.0)
    assert desk.outbox.idle
    assert len(desk.server.records) == 3


async def test_a_recovered_writer_continues_where_the_log_stands(desk: Desk) -> None:
    ack = await MemoryBus(desk.server, "supervisor-0").append("interlock.decision.7", b"{}")
    desk.outbox.stands_at(7, ack.seq)
    desk.write(7, retried("a"))
    await desk.stage.until(lambda: desk.committed)
    assert desk.committed == [(7, 2)]


async def test_a_full_log_is_tried_again_until_there_is_room(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "FULL_RETRY_S", 0.01)
    full = MemoryServer(now_ms, capacity=Capacity(records=0))
    refusals: list[Exception] = []
    committed: list[int] = []
    waiting = Outbox(
        MemoryBus(full, "s"),
        "s",
        0,
        sent=lambda _decision: None,
        committed=lambda _decision, seq: committed.append(seq),
        failed=refusals.append,
    )
    waiting.write(7, [retried("a")], 1, 1, "")
    await desk.stage.until(lambda: not waiting.idle)
    full.capacity = Capacity()
    await desk.stage.until(lambda: committed)
    assert (committed, refusals) == ([1], [])


async def test_a_lost_connection_is_told(desk: Desk) -> None:
    await desk.bus.close()
    desk.write(7, retried("a"))
    await desk.stage.until(lambda: desk.failures)
    assert isinstance(desk.failures[0], Unreachable)


async def test_a_stopped_outbox_writes_nothing_more(desk: Desk) -> None:
    desk.write(7, SETTLED)
    desk.outbox.stop()
    desk.write(7, retried("a"))
    desk.write(8, SETTLED)
    await asyncio.sleep(0)
    assert (desk.server.records, desk.failures) == ([], [])
