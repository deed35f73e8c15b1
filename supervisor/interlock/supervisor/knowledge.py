"""What the log says: the state, who leads, and the inputs that nobody has decided about yet.

One way for a supervisor that starts and for one that stands by: records are taken one after the other, as far
as the log reaches. It must not know where records come from, nor what follows.
"""

from interlock.bus.ports import Record
from interlock.contracts.decision import Decision
from interlock.contracts.errors import MalformedSubject
from interlock.contracts.facts import LeaderTook
from interlock.contracts.inputs import Input, read_record, task_of
from interlock.contracts.message import decode
from interlock.contracts.subjects import DECISIONS, INPUTS, LEADER_DECISIONS, decided_task, read_input
from interlock.supervisor.core.evolve import replay
from interlock.supervisor.core.state import State, Task
from interlock.supervisor.core.transitions import ENDED_EFFECTS

PRUNE_EVERY = 10_000

_DECIDED = DECISIONS.removesuffix(">")
_SAID = INPUTS.removesuffix(">")


class Knowledge:
    """Everything up to the record before `next_seq`.

    `last_seq` is the last record on each task's subject (0: the fleet's), `leader_seq` that on the leader's;
    `leader` is who took the lead and has not left; `latest_ms` is the latest time of a decision.
    """

    def __init__(self) -> None:
        self.state = State()
        self.next_seq = 1
        self.last_seq: dict[int, int] = {}
        self.causes: dict[int, int] = {}
        self.leader: LeaderTook | None = None
        self.leader_seq = 0
        self.latest_ms = 0
        self._inputs: list[Record] = []
        self._prune_at = PRUNE_EVERY

    def take(self, record: Record) -> None:
        """Take the next record; raises IllegalFact or ContractError when it is not a log of ours."""
        self.next_seq = record.seq + 1
        if record.subject.startswith(_SAID):
            self._inputs.append(record)
            if len(self._inputs) >= self._prune_at:
                self._inputs = self._open()
                self._prune_at = 2 * len(self._inputs) + PRUNE_EVERY
        elif record.subject == LEADER_DECISIONS:
            self._lead(record)
        elif record.subject.startswith(_DECIDED):
            self._decide(record)

    @property
    def open_inputs(self) -> list[Input]:
        """The inputs to decide about, in order."""
        return [
            read_record(said.seq, said.time_ms, said.subject, said.data, said.time_us)
            for said in self._open()
        ]

    @property
    def open_tasks(self) -> list[int]:
        """The tasks about which something else than a refusal may still be decided, in order."""
        return sorted(number for number, task in self.state.tasks.items() if _is_open(task))

    def _decide(self, record: Record) -> None:
        task = decided_task(record.subject)
        decision = decode(Decision, record.data)
        self.state = replay(self.state, decision)
        self.last_seq[task] = record.seq
        self.causes[task] = max(self.causes.get(task, 0), decision.cause)
        self.latest_ms = max(self.latest_ms, decision.at_ms)

    def _lead(self, record: Record) -> None:
        decision = decode(Decision, record.data)
        self.leader_seq = record.seq
        self.latest_ms = max(self.latest_ms, decision.at_ms)
        fact = decision.facts[-1] if decision.facts else None
        self.leader = fact if isinstance(fact, LeaderTook) else None

    def _open(self) -> list[Record]:
        return [said for said in self._inputs if not self._is_decided(said)]

    def _is_decided(self, said: Record) -> bool:
        """Tell whether an input was decided about: not newer than its task's (or the fleet's) last cause."""
        task = _task_of(said)
        if said.seq <= self.causes.get(task, 0):
            return True
        return task not in self.state.tasks and task != said.seq and said.seq <= self.causes.get(0, 0)


def _task_of(said: Record) -> int:
    try:
        return task_of(said.seq, read_input(said.subject))
    except MalformedSubject:
        return 0


def _is_open(task: Task) -> bool:
    return task.active or any(effect.state not in ENDED_EFFECTS for effect in task.effects.values())
