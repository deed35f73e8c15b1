"""Rebuilds what a supervisor knows from the log alone: the state, and the inputs that are still open."""

import msgspec

from interlock.bus.ports import Log
from interlock.contracts.decision import Decision
from interlock.contracts.inputs import Input, read_record
from interlock.contracts.message import decode
from interlock.contracts.subjects import DECISIONS, ROOT, STORED, decided_task
from interlock.supervisor.core.evolve import replay
from interlock.supervisor.core.state import State

_DECIDED = DECISIONS.removesuffix(">")


class Recovered(msgspec.Struct):
    """The state, the last record on each task's subject, the inputs to decide about, and where to read on."""

    state: State
    last_seq: dict[int, int]
    open_inputs: list[Input]
    next_seq: int


async def recover(log: Log) -> Recovered:
    """Read the log from its beginning; raises IllegalFact when it is not a log of ours."""
    state = State()
    last_seq: dict[int, int] = {}
    handled: dict[int, int] = {}
    inputs: list[Input] = []
    next_seq = 1
    async for record in log.history(STORED):
        next_seq = record.seq + 1
        if record.subject.startswith(_DECIDED):
            task = decided_task(record.subject)
            decision = decode(Decision, record.data)
            state = replay(state, decision)
            last_seq[task] = record.seq
            handled[task] = max(handled.get(task, 0), decision.cause)
        elif record.subject.startswith(f"{ROOT}.in."):
            inputs.append(read_record(record.seq, record.time_ms, record.subject, record.data))
    open_inputs = [said for said in inputs if not _handled(said, handled, state)]
    return Recovered(state, last_seq, open_inputs, next_seq)


def _handled(said: Input, handled: dict[int, int], state: State) -> bool:
    """Tell whether an input was decided about: not newer than its task's (or the fleet's) last cause."""
    if said.seq <= handled.get(said.task, 0):
        return True
    return said.task not in state.tasks and said.task != said.seq and said.seq <= handled.get(0, 0)
