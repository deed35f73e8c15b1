"""What is known of the log: which inputs are open, which tasks, who leads; however long the log is."""

import pytest
from tests.supervisor.core.world import LOOK, ONE
from tests.supervisor.stage import Stage

from interlock.bus.ports import Record
from interlock.contracts import facts
from interlock.contracts.decision import Decision
from interlock.contracts.message import encode
from interlock.contracts.subjects import LEADER_DECISIONS
from interlock.supervisor import knowledge
from interlock.supervisor.errors import IllegalFact
from interlock.supervisor.knowledge import Knowledge


async def whole_log() -> list[Record]:
    """Return the log of a task that completes and one that stands in the middle of an effect."""
    stage = Stage()
    stage.supervise()
    worker = await stage.cast((LOOK,))
    await stage.completed(await stage.submit(ONE, review=False))
    worker.may_go_on.clear()
    task = await stage.submit(ONE, review=False)
    await stage.until(lambda: stage.told(task, facts.EffectGranted))
    records = list(stage.server.records)
    await stage.end()
    return records


def known(records: list[Record]) -> Knowledge:
    knowing = Knowledge()
    for record in records:
        knowing.take(record)
    return knowing


async def test_pruning_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a log, of which every beginning is read
    records = await whole_log()
    beginnings = [records[:end] for end in range(len(records) + 1)]
    expected = [known(beginning).open_inputs for beginning in beginnings]
    # When what is decided is forgotten all the time, then the same inputs are open
    monkeypatch.setattr(knowledge, "PRUNE_EVERY", 1)
    assert [known(beginning).open_inputs for beginning in beginnings] == expected
    assert any(expected)
    assert len(expected[-1]) < 3


async def test_only_tasks_that_can_still_change_are_open() -> None:
    records = await whole_log()
    knowing = known(records)
    (open_task,) = knowing.open_tasks
    assert open_task == max(knowing.state.tasks)
    assert knowing.next_seq == len(records) + 1


def led(seq: int, fact: facts.LeaderFact) -> Record:
    decision = Decision(task=0, cause=0, at_ms=fact.at_ms, by=fact.principal, facts=(fact,))
    return Record(seq, 0, LEADER_DECISIONS, encode(decision))


def test_who_leads_is_the_last_who_took_the_lead_and_has_not_left() -> None:
    took = facts.LeaderTook(principal="supervisor-1", incarnation="a", at_ms=5)
    left = facts.LeaderLeft(principal="supervisor-1", incarnation="a", at_ms=9)
    assert (known([]).leader, known([]).leader_seq) == (None, 0)
    leading = known([led(1, took)])
    assert (leading.leader, leading.leader_seq, leading.latest_ms) == (took, 1, 5)
    vacant = known([led(1, took), led(2, left)])
    assert (vacant.leader, vacant.leader_seq, vacant.latest_ms) == (None, 2, 9)


def test_a_stamp_decides_no_input_and_is_no_decision_of_the_fleet() -> None:
    # Given an input that nobody has decided about, and a stamp behind it
    hello = Record(1, 0, "interlock.in.planner-1.agent.bye", b'{"incarnation":"x"}')
    stamp = Decision(task=0, cause=0, at_ms=0, by="s", facts=(facts.Led(term=1),))
    knowing = known([hello, Record(2, 0, "interlock.decision.fleet", encode(stamp))])
    # Then it is still open
    assert [said.seq for said in knowing.open_inputs] == [1]


def test_what_the_tables_do_not_allow_is_no_log_of_ours() -> None:
    strange = Decision(task=7, cause=0, at_ms=0, by="s", facts=(facts.StepRetried(step="a"),))
    with pytest.raises(IllegalFact):
        known([Record(1, 0, "interlock.decision.7", encode(strange))])
