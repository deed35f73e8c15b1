"""Decides when a kill has its receipt, and what stands in it: what was observed, and what was not.

It is written as soon as nothing is awaited, or when the time for it is over.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate

from interlock.contracts import facts
from interlock.contracts.facts import EffectReceipt, ProcessFate, ProcessReceipt
from interlock.contracts.limits import MAX_RECEIPT_EFFECTS, MAX_RECEIPT_PROCESSES
from interlock.contracts.message import encode
from interlock.supervisor.core.deciding.fates import fate_when_due
from interlock.supervisor.core.kill import Kill, KilledProcess
from interlock.supervisor.core.limits import MAX_NAMED_BYTES
from interlock.supervisor.core.state import State
from interlock.supervisor.core.turn import Turn


def write_receipts(turn: Turn) -> None:
    """Write the receipts of all kills for which nothing is awaited any more, or not any longer."""
    for seq in sorted(turn.state.kills):
        kill = turn.state.kills[seq]
        due = turn.now_ms >= kill.due_ms or not _awaits(turn.state, kill)
        if due and not turn.is_full(kill.scope.task):
            turn.say(kill.scope.task, _receipt(turn, kill))


def _awaits(state: State, kill: Kill) -> bool:
    return bool(kill.open) or any(_is_open(state, kill, process) for process in kill.processes.values())


def _is_open(state: State, kill: Kill, process: KilledProcess) -> bool:
    """Tell whether something may still be seen of a process."""
    if not process.ends:
        return bool(process.steps) and process.exited_us is None
    if process.guard and process.exited_us is None:
        return True
    # Where only its work was killed, a guard starts it anew: it may never be without a connection.
    cut_off = not process.guard or kill.ends_processes
    return bool(state.access) and cut_off and process.disconnected_us is None


def _receipt(turn: Turn, kill: Kill) -> facts.Receipted:
    effects = _effects(turn.state, kill)
    killed = [kill.processes[name] for name in sorted(kill.processes)]
    processes = [_process(turn.state, kill, process) for process in killed]
    begun = [each.started_us for each in effects if each.fate != "refused"]
    ending = [each for each in processes if each.fate != "stopped"]
    named, shown = _fitting(effects[:MAX_RECEIPT_EFFECTS]), _fitting(processes[:MAX_RECEIPT_PROCESSES])
    return facts.Receipted(
        at_ms=turn.now_ms,
        kill=kill.seq,
        scope=kill.scope,
        by=kill.by,
        reason=kill.reason,
        commanded_us=kill.commanded_us,
        complete=not kill.open and all(map(_is_complete, killed, processes)),
        effects=tuple(effects[:named]),
        processes=tuple(processes[:shown]),
        more_effects=len(effects) - named,
        more_processes=len(processes) - shown,
        last_start_us=_last(begun),
        last_connection_us=_last([each.disconnected_us for each in ending]),
        last_exit_us=_last([each.exited_us for each in ending]),
    )


def _fitting(parts: Sequence[EffectReceipt | ProcessReceipt]) -> int:
    """Return how many of the first parts of a receipt find room in it."""
    sizes = accumulate(len(encode(part)) + 1 for part in parts)
    return sum(1 for size in sizes if size <= MAX_NAMED_BYTES)


def _last(times_us: Sequence[int | None]) -> int | None:
    """Return the last of times that were all observed."""
    known = [each for each in times_us if each is not None]
    return max(known) if known and len(known) == len(times_us) else None


def _effects(state: State, kill: Kill) -> list[EffectReceipt]:
    left = (_unheard(state, number, seq) for seq, number in kill.open.items())
    return sorted((*kill.ended.values(), *left), key=lambda each: each.effect)


def _unheard(state: State, number: int, seq: int) -> EffectReceipt:
    effect = state.tasks[number].effects.get(seq)
    return EffectReceipt(
        task=number,
        effect=seq,
        step=effect.step if effect is not None else "",
        name=f"{effect.demand.kind} {effect.demand.name}".strip() if effect is not None else "",
        fate=fate_when_due(effect),
        worker=effect.worker if effect is not None else "",
    )


def _process(state: State, kill: Kill, process: KilledProcess) -> ProcessReceipt:
    fate: ProcessFate = "unobserved"
    if process.exited_us is not None:
        fate = "exited"
    elif process.disconnected_us is not None:
        fate = "disconnected"
    elif not process.steps and process.stopped_us is not None:
        fate = "stopped"
    return ProcessReceipt(
        principal=process.principal,
        fate=fate,
        incarnation=process.incarnation,
        stopped_us=_after(kill, process.stopped_us),
        disconnected_us=_after(kill, process.disconnected_us),
        exited_us=_after(kill, process.exited_us),
        observers=process.observers,
        records=process.records,
        note="; ".join(_notes(state, process, fate)),
    )


def _after(kill: Kill, time_us: int | None) -> int | None:
    return None if time_us is None else time_us - kill.commanded_us


def _notes(state: State, process: KilledProcess, fate: ProcessFate) -> Iterable[str]:
    """Yield, for people, what was not observed and why."""
    if fate == "stopped" and not process.ends:
        return
    if not process.ends and process.exited_us is None:
        yield f"it has not confirmed that {len(process.steps)} of its steps ended"
        return
    if process.exited_us is None:
        yield "exit not observed" + (" in time" if process.guard else ": no guard has it in its hands")
    if process.disconnected_us is None:
        yield "end of its connection not observed" + ("" if state.access else ": no access service is here")


def _is_complete(process: KilledProcess, receipt: ProcessReceipt) -> bool:
    """Tell whether of a process all was seen that its host lets be seen."""
    if receipt.fate == "disconnected":
        return not process.guard
    return receipt.fate != "unobserved"
