"""What an effect worker was told, and what it must not begin then: the laws by themselves, and in runs."""

import msgspec
import pytest

from interlock.bus.ports import Message, Record
from interlock.console.simulation import actions as a
from interlock.console.simulation.hearing import Hearing, Kills
from interlock.console.simulation.run import Simulation
from interlock.console.simulation.scenario import Cast, Scenario
from interlock.contracts.budget import Amounts
from interlock.contracts.control import Control
from interlock.contracts.dispatch import DoEffect
from interlock.contracts.effect import ToolCall
from interlock.contracts.message import encode
from interlock.contracts.plan import Plan, PlannedStep
from interlock.contracts.scope import ScopeKind
from interlock.contracts.task import Submit

WORKER = "effects-1"
KILL = encode(Control(reason="enough"))
GRANT = DoEffect(
    task=5,
    step="a",
    attempt=1,
    key="k",
    effect=9,
    grant=1,
    incarnation="effects-1.1",
    call=ToolCall(tool="search", arguments={}),
    reserved=Amounts(tool_calls=1),
    agent="researcher-1",
    role="researcher",
    tenant="red",
    as_of=20,
)


class Worker:
    """A worker that has heard a leader just now; what breaks is kept."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.broken: list[str] = []
        self.kills = Kills()
        self.hearing = Hearing(WORKER, self.kills, self._broken, lambda: self.now_s)
        self.lead()

    def _broken(self, law: str, sentence: str) -> None:
        self.broken.append(law)
        assert sentence

    def lead(self, sent_s: float | None = None) -> None:
        message = Message("interlock.lead.supervisor-1", b"")
        self.hearing.arrived(message, self.now_s if sent_s is None else sent_s, 0)

    def store(self, scope: str, seq: int, by: str = "olga") -> None:
        record = Record(seq, 0, f"interlock.in.{by}.control.kill.{scope}", KILL)
        self.kills.stored(record, self.now_s)

    def hear(self, scope: str, seq: int) -> None:
        message = Message(f"interlock.in.olga.control.kill.{scope}", KILL)
        self.hearing.arrived(message, self.now_s, seq)

    def begin(self, grant: DoEffect = GRANT) -> list[str]:
        self.hearing.begins(grant)
        return self.broken


@pytest.fixture
def worker() -> Worker:
    return Worker()


COVERING = [
    "fleet",
    "task.5",
    "step.5.a",
    "agent.researcher-1",
    "role.researcher",
    "tool.search",
    "tenant.red",
    f"agent.{WORKER}",
]


@pytest.mark.parametrize("scope", COVERING)
def test_nothing_begins_behind_a_kill_that_was_told(worker: Worker, scope: str) -> None:
    worker.hear(scope, 21)
    assert worker.begin() == ["fence"]


@pytest.mark.parametrize("scope", COVERING)
def test_who_granted_in_the_knowledge_of_the_kill_may_be_believed(worker: Worker, scope: str) -> None:
    worker.hear(scope, 20)
    assert worker.begin() == []


@pytest.mark.parametrize("scope", ["task.6", "step.5.b", "agent.researcher-2", "tool.write_file", "5", "x.y"])
def test_what_a_kill_is_not_over_may_begin(worker: Worker, scope: str) -> None:
    worker.hear(scope, 21)
    assert worker.begin() == []


def test_what_has_begun_must_not_go_on_after_a_kill(worker: Worker) -> None:
    assert worker.begin() == []
    worker.hear("task.5", 21)
    worker.hearing.goes_on(GRANT)
    assert worker.broken == ["fence"]


def test_nothing_begins_after_a_kill_that_the_log_has_refused_until_it_stands_there(worker: Worker) -> None:
    # Given a kill that was heard and is nowhere in the log
    worker.hear("task.5", 0)
    worker.hearing.goes_on(GRANT)
    assert worker.broken == ["fence"]
    # When it stands there after all, then its place decides
    worker.store("task.5", 19)
    worker.hearing.goes_on(GRANT)
    assert worker.broken == ["fence"]
    # And one that never came is forgotten
    other = Worker()
    other.hear("task.5", 0)
    other.now_s += 29.0
    other.lead()
    assert other.begin() == []


def test_a_grant_that_was_sent_after_a_kill_stood_in_the_log_must_not_begin_unheard(worker: Worker) -> None:
    # Given a kill of which the worker was told nothing
    worker.store("task.5", 21)
    # When a grant reaches it that the server had passed on before, then it may begin
    worker.hearing.took(GRANT)
    assert worker.begin() == []
    # When the server passed it on later, then it must not
    late = msgspec.structs.replace(GRANT, grant=2)
    worker.now_s += 0.5
    worker.lead()
    worker.hearing.took(late)
    assert worker.begin(late) == ["fence"]


def test_nothing_begins_when_nobody_who_leads_was_heard_for_long(worker: Worker) -> None:
    worker.now_s += 3.0
    assert worker.begin() == []
    worker.now_s += 0.3
    assert worker.begin() == ["handle"]


def test_nothing_begins_by_signs_of_life_from_before_a_standstill(worker: Worker) -> None:
    # Given a worker that has stood still for long, and hears what had waited for it
    worker.now_s += 2.0
    worker.hearing.thawed(since_s=100.0)
    worker.lead(sent_s=101.0)
    assert worker.begin() == ["handle"]
    # Then only what was sent since counts
    worker.lead()
    assert worker.begin() == ["handle"]


AGENTS = {"planner-1": 2, "researcher-1": 2, "executor-1": 2, "reviewer-1": 2}
WATCHED = Cast(("supervisor-1",), AGENTS, {WORKER: 2}, restless=False, watchers=("guard-1", "access-1"))
PLAN = Plan(steps=tuple(PlannedStep(id=name, role="researcher") for name in "abc"))


def run(*actions: a.AnyAction) -> Simulation:
    """Run a scenario with one task and these actions to its end; every law is kept."""
    task = a.Hand(at_s=0.5, body=Submit(goal="why?", tenant="red", plan=PLAN))
    simulation = Simulation(Scenario(1, "heard", WATCHED, (task, *actions)))
    assert simulation.run().violation is None
    return simulation


def lives(simulation: Simulation, name: str) -> int:
    """Return how many lives of a process there were."""
    return sum(process.name == name for process in simulation.stage.graveyard)


def test_a_kill_of_the_fleet_ends_agents_and_nobody_else() -> None:
    simulation = run(a.Switch(at_s=1.5, verb="kill", task=None), a.Switch(at_s=3.0, verb="resume", task=None))
    assert all(lives(simulation, name) > 1 for name in AGENTS)
    others = ("supervisor-1", WORKER, "guard-1", "access-1")
    assert [lives(simulation, name) for name in others] == [1, 1, 1, 1]


def test_a_kill_of_an_effect_worker_ends_what_it_does_and_not_its_process() -> None:
    kill = a.Switch(at_s=1.5, verb="kill", task=None, scope=f"agent.{WORKER}")
    resume = a.Switch(at_s=3.0, verb="resume", task=None, scope=f"agent.{WORKER}")
    assert lives(run(kill, resume), WORKER) == 1


@pytest.mark.parametrize("over", ["task", "step", "agent", "role", "tenant"])
@pytest.mark.parametrize("cut_s", [0.0, 0.1])
def test_a_grant_that_is_struck_on_its_way_is_never_carried_out(over: ScopeKind, cut_s: float) -> None:
    # Given a kill that stands in the log before the first grant reaches its worker, cut off or not
    simulation = run(a.Strike(at_s=0.5, over=over, late_s=1.5, cut_s=cut_s))
    # Then that grant is never carried out
    executed = {(one.effect, one.grant) for one in simulation.world.executions}
    assert min(simulation.watch.laws.ledger.grants) not in executed
