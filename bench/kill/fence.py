"""Whether any effect started that a kill should have kept from it; a run in which one did is an error.

By the log's order: whatever was granted behind a kill, and before that was taken back, never began. By the
workers' clocks: once a worker has begun to abort for a kill, nothing of the same scope begins there any more.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from interlock.bus.ports import Bus
from interlock.contracts import facts as f
from interlock.contracts.decision import Decision
from interlock.contracts.effect import EffectAborted, EffectCompleted, EffectFailed
from interlock.contracts.message import decode
from interlock.contracts.scope import Doing, Scope, covers
from interlock.contracts.subjects import DECISIONS, read_input

ENDS = "interlock.in.*.effect.{}.*"
_DONE: dict[str, type[EffectCompleted] | type[EffectFailed]] = {
    "completed": EffectCompleted,
    "failed": EffectFailed,
}


class Crossed(Exception):
    """An effect started behind a kill; the sentence says which."""


class Command(msgspec.Struct):
    """A kill: its record, its scope, and the record of the resume that took it back (0: there is none)."""

    seq: int
    scope: Scope
    until_seq: int = 0


class Effect(msgspec.Struct):
    """One grant, where it stands, for whom; when it began and ended (0: never, or nobody said)."""

    effect: int
    granted_seq: int
    worker: str
    doing: Doing
    started_us: int = 0
    began: bool = False
    aborted_us: int = 0
    ended_seq: int = 0


class Checked(msgspec.Struct, frozen=True):
    """How many effects the kills were over, and how many of them had been granted behind one."""

    commands: int
    effects: int
    granted_behind: int


async def check(bus: Bus, commands: Sequence[Command], tenants: Mapping[int, str], role: str) -> Checked:
    """Read the whole log; raise Crossed when an effect started behind a kill."""
    effects = await _effects(bus, tenants, role)
    in_all = behind = 0
    for command in commands:
        concerned = [effect for effect in effects if covers(command.scope, effect.doing)]
        late = [effect for effect in concerned if _is_behind(command, effect)]
        behind += len(late)
        in_all += len(concerned)
        for effect in late:
            if effect.began:
                raise Crossed(
                    f"effect {effect.effect}, granted at {effect.granted_seq}, began behind the kill "
                    f"{command.seq} of {command.scope}"
                )
        _check_clocks(command, [effect for effect in concerned if effect.granted_seq < command.seq])
    return Checked(len(commands), in_all, behind)


def _is_behind(command: Command, effect: Effect) -> bool:
    return command.seq < effect.granted_seq and not 0 < command.until_seq < effect.granted_seq


def _check_clocks(command: Command, effects: Sequence[Effect]) -> None:
    heard_us: dict[str, int] = {}
    for effect in effects:
        if effect.aborted_us and effect.ended_seq > command.seq:
            at_us = heard_us.get(effect.worker, effect.aborted_us)
            heard_us[effect.worker] = min(at_us, effect.aborted_us)
    for effect in effects:
        if effect.worker in heard_us and effect.started_us > heard_us[effect.worker]:
            raise Crossed(
                f"effect {effect.effect} began when {effect.worker} had heard of the kill {command.seq} "
                f"of {command.scope} for {effect.started_us - heard_us[effect.worker]} us"
            )


async def _effects(bus: Bus, tenants: Mapping[int, str], role: str) -> list[Effect]:
    effects: dict[tuple[int, int], Effect] = {}
    agents: defaultdict[int, str] = defaultdict(str)
    async for record in bus.history([DECISIONS]):
        decision = decode(Decision, record.data)
        for fact in decision.facts:
            if isinstance(fact, f.StepAssigned):
                agents[decision.task] = fact.principal
            elif isinstance(fact, f.EffectGranted):
                task = decision.task
                doing = Doing(
                    task=task, step=fact.step, agent=agents[task], role=role, tenant=tenants.get(task, "")
                )
                effects[fact.effect, fact.grant] = Effect(fact.effect, record.seq, fact.worker, doing)
    for verb in (*_DONE, "aborted"):
        async for record in bus.history([ENDS.format(verb)]):
            _end(effects, read_input(record.subject).verb, record.data, record.seq)
    return list(effects.values())


def _end(effects: Mapping[tuple[int, int], Effect], verb: str, data: bytes, seq: int) -> None:
    if verb == "aborted":
        aborted = decode(EffectAborted, data)
        effect = effects[aborted.effect, aborted.grant]
        effect.began, effect.started_us = aborted.started, aborted.started_us
        effect.aborted_us = aborted.ended_us
    else:
        done: EffectCompleted | EffectFailed = decode(_DONE[verb], data)
        effect = effects[done.effect, done.grant]
        effect.began, effect.started_us = True, done.started_ms * 1_000
    effect.ended_seq = seq
