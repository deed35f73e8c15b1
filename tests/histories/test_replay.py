"""Recorded histories: their facts rebuild a state, and their inputs decide the same facts again.

When this fails, either the core has become another one (then say so in the changelog, and record anew), or it
has stopped being deterministic.
"""

from pathlib import Path
from typing import NamedTuple

import pytest
from tests.histories.recorder import load, save
from tests.supervisor.core.invariants import lawful

from interlock.bus.ports import Record
from interlock.contracts import facts
from interlock.contracts.decision import Decision
from interlock.contracts.facts import AnyFact
from interlock.contracts.inputs import Input, read_record
from interlock.contracts.message import decode
from interlock.contracts.subjects import DECISIONS, LEADER_DECISIONS
from interlock.supervisor.core.decide import decide, decide_silence, decide_tick, decide_unconfirmed
from interlock.supervisor.core.evolve import replay
from interlock.supervisor.core.state import State
from interlock.supervisor.core.turn import Decided
from interlock.supervisor.timeline import Timeline

WHO_LED = (facts.LeaderTook, facts.LeaderLeft, facts.Led)
HERE = Path(__file__).parent
HISTORIES = sorted(path.stem for path in HERE.glob("*.jsonl"))

Told = dict[int, list[AnyFact]]


class Observation(NamedTuple):
    """What a supervisor saw after the input `cause`: `tick`, `silent:<principal>`, `unconfirmed:<principal>`.

    `back:<principal>` is in none of the histories; the simulator decides it again.
    """

    cause: int
    at_ms: int
    what: str


class History:
    """A recorded log, taken apart."""

    def __init__(self, records: list[Record]) -> None:
        self.inputs: list[Input] = []
        self.decisions: list[Decision] = []
        for record in records:
            if record.subject.startswith(DECISIONS.removesuffix(">")):
                decision = decode(Decision, record.data)
                if not any(isinstance(fact, WHO_LED) for fact in decision.facts):
                    self.decisions.append(decision)
            else:
                self.inputs.append(
                    read_record(record.seq, record.time_ms, record.subject, record.data, record.time_us)
                )
        seen = (Observation(d.cause, d.at_ms, d.observed) for d in self.decisions if d.observed)
        self.observations = list(dict.fromkeys(seen))

    def told(self) -> Told:
        told: Told = {}
        for decision in self.decisions:
            told.setdefault(decision.task, []).extend(decision.facts)
        return told


def folded(history: History) -> State:
    """Return the state that the recorded facts make."""
    state = State()
    for decision in history.decisions:
        state = replay(state, decision)
    return state


def decided_again(history: History) -> tuple[State, Told]:
    """Let the core decide everything again, from the inputs and observations alone."""
    state, told, time = State(), dict[int, list[AnyFact]](), Timeline()
    open_observations = sorted(history.observations, key=lambda seen: (seen.cause, seen.at_ms))
    following = [*history.inputs[1:], None]

    def take(decided: Decided) -> State:
        for task, said in decided.by_task.items():
            told.setdefault(task, []).extend(said)
        return decided.state

    for said, after in zip(history.inputs, following, strict=True):
        state = take(decide(state, said, time.at_ms(said.time_ms)))
        while open_observations and (after is None or open_observations[0].cause < after.seq):
            seen = open_observations.pop(0)
            time.reach(seen.at_ms)
            state = take(observed(state, seen))
    return state, told


def observed(state: State, seen: Observation) -> Decided:
    if seen.what == "tick":
        return decide_tick(state, seen.at_ms)
    what, _, who = seen.what.partition(":")
    return {"silent": decide_silence, "unconfirmed": decide_unconfirmed}[what](state, who, seen.at_ms)


@pytest.fixture(params=HISTORIES)
def history(request: pytest.FixtureRequest) -> History:
    return History(load(HERE / f"{request.param}.jsonl"))


def test_the_facts_rebuild_a_lawful_state_in_which_everything_has_ended(history: History) -> None:
    state = folded(history)
    lawful(state)
    assert state.tasks
    assert {task.phase for task in state.tasks.values()} <= {"completed", "halted"}
    assert not state.kills


@pytest.mark.parametrize("path", sorted((HERE / "earlier").glob("*.jsonl")), ids=lambda path: path.stem)
def test_a_log_of_an_earlier_version_still_makes_a_lawful_state(path: Path) -> None:
    state = folded(History(load(path)))
    lawful(state)
    assert {task.phase for task in state.tasks.values()} == {"completed"}


def test_the_inputs_decide_the_same_facts_and_lead_to_the_same_state(history: History) -> None:
    state, told = decided_again(history)
    assert told == history.told()
    assert state == folded(history)


def test_a_change_of_one_input_changes_what_is_decided(history: History) -> None:
    # Given a history in which one result never came
    results = [said for said in history.inputs if (said.kind, said.verb) == ("agent", "result")]
    history.inputs.remove(results[0])
    # Then it is not the same any more: the comparison has teeth
    _, told = decided_again(history)
    assert told != history.told()


def test_the_histories_hold_what_they_are_named_for() -> None:
    assert HISTORIES == ["asked", "killed", "lost_agent", "parked", "shared", "simple", "taken_over"]
    expected: dict[str, set[type[AnyFact]]] = {
        "simple": {facts.Planned, facts.EffectGranted, facts.EffectSettled, facts.Reviewed},
        "lost_agent": {facts.Left, facts.StepLost, facts.StepRetried, facts.Paused, facts.Resumed},
        "shared": {facts.LimitsSet, facts.Parked, facts.Resumed, facts.BudgetWarned},
        "killed": {
            facts.Halted,
            facts.StepStopped,
            facts.AgentCondemned,
            facts.Switched,
            facts.EffectDenied,
            facts.Receipted,
            facts.AccessViolated,
        },
        "taken_over": {facts.StepAssigned, facts.Reviewed},
        "asked": {
            facts.Escalated,
            facts.StepSuspended,
            facts.StepAwakened,
            facts.Resolved,
            facts.EffectDenied,
            facts.Refused,
        },
        "parked": {facts.Escalated, facts.Parked, facts.LimitRaised, facts.Resumed, facts.BudgetWarned},
    }
    for name, kinds in expected.items():
        history = History(load(HERE / f"{name}.jsonl"))
        assert kinds <= {type(fact) for said in history.told().values() for fact in said}
    observations = History(load(HERE / "lost_agent.jsonl")).observations
    assert {seen.what for seen in observations} == {"tick", "silent:planner-1"}
    observations = History(load(HERE / "killed.jsonl")).observations
    assert "unconfirmed:executor-1" in {seen.what for seen in observations}


def test_in_a_history_one_supervisor_leads_after_the_other() -> None:
    leading = [record for record in load(HERE / "taken_over.jsonl") if record.subject == LEADER_DECISIONS]
    told = [type(fact) for record in leading for fact in decode(Decision, record.data).facts]
    assert told == [facts.LeaderTook, facts.LeaderLeft, facts.LeaderTook, facts.LeaderLeft]


def test_a_history_is_kept_byte_for_byte(tmp_path: Path) -> None:
    records = load(HERE / "simple.jsonl")
    save(records, tmp_path / "again.jsonl")
    assert load(tmp_path / "again.jsonl") == records
    assert (tmp_path / "again.jsonl").read_bytes() == (HERE / "simple.jsonl").read_bytes()
