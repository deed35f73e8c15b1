"""One turn of deciding: facts are said one after the other, each seen by the next. Local to one `decide`."""

from interlock.contracts import facts
from interlock.contracts.facts import AnyFact
from interlock.contracts.message import encode, line
from interlock.supervisor.core.evolve import evolve
from interlock.supervisor.core.limits import MAX_SAID_BYTES
from interlock.supervisor.core.state import State, Task

_FREEING = (facts.EffectSettled, facts.LimitRaised, facts.LimitsSet)


class Turn:
    """The state as it becomes while facts are said, and those facts, each with its task (0: the fleet)."""

    def __init__(self, state: State, now_ms: int) -> None:
        self.state = state
        self.now_ms = now_ms
        self.said: list[tuple[int, AnyFact]] = []
        self.touched_tasks: set[int] = set()
        self.freed = False
        self._said_bytes: dict[int, int] = {}
        self._measured = 0

    def say(self, task: int, fact: AnyFact) -> None:
        """Let a fact be so from here on; raises IllegalFact when the tables do not allow it."""
        self.state = evolve(self.state, task, fact)
        self.said.append((task, fact))
        if task:
            self.touched_tasks.add(task)
        if type(fact) in _FREEING:
            self.freed = True

    def refuse(self, task: int, input_seq: int, reason: str) -> None:
        """Say that an input changes nothing, and why."""
        self.say(task, facts.Refused(input=input_seq, reason=line(reason)))

    def is_full(self, task: int) -> bool:
        """Tell whether enough is said of a task, or of the fleet, for one record: what else is due waits.

        Only what is looked at again anyway, by the next tick at the latest, may wait for that.
        """
        for number, fact in self.said[self._measured :]:
            self._said_bytes[number] = self._said_bytes.get(number, 0) + len(encode(fact))
        self._measured = len(self.said)
        return max(self._said_bytes.get(task, 0), self._said_bytes.get(0, 0)) >= MAX_SAID_BYTES

    def running(self) -> list[int]:
        """Return the tasks whose clocks run."""
        tasks = self.state.tasks
        return sorted(number for number in self.state.active if tasks[number].account.clocks)

    def task(self, number: int) -> Task | None:
        """Return a task as it is now."""
        return self.state.tasks.get(number)


class Decided:
    """What a turn came to: the new state, and the facts by task in the order in which they were said.

    `segments` are the same facts as they must stand in the log: those of different tasks may change places,
    but not with the fleet's. `outgrown` says what these stand in place of, where that fits no record.
    """

    __slots__ = ("outgrown", "segments", "state")

    def __init__(self, turn: Turn, outgrown: str = "") -> None:
        self.state = turn.state
        self.outgrown = outgrown
        self.segments: list[tuple[int, list[AnyFact]]] = []
        current: dict[int, list[AnyFact]] = {}
        for task, fact in turn.said:
            if current and (task == 0) != (0 in current):
                current = {}
            if task not in current:
                current[task] = []
                self.segments.append((task, current[task]))
            current[task].append(fact)

    @property
    def by_task(self) -> dict[int, list[AnyFact]]:
        """All facts of each task."""
        found: dict[int, list[AnyFact]] = {}
        for task, said in self.segments:
            found.setdefault(task, []).extend(said)
        return found
