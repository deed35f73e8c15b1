"""Decides what an effect has cost and what is freed: by the worker's count, by the bound, or nothing."""

from typing import Literal

from interlock.contracts import facts
from interlock.contracts.budget import NOTHING, Amounts
from interlock.contracts.effect import EffectAborted, EffectCompleted, EffectCounted, EffectFailed
from interlock.contracts.inputs import Input
from interlock.contracts.message import line
from interlock.supervisor.core.deciding.budgets import warn
from interlock.supervisor.core.deciding.fates import fate_of, is_awaited, times_of
from interlock.supervisor.core.deciding.forging import refuse_end
from interlock.supervisor.core.deciding.granting import try_grant
from interlock.supervisor.core.deciding.lowering import lower_after_errors
from interlock.supervisor.core.deciding.people.parking import ask_about_doubt, park
from interlock.supervisor.core.deciding.people.resolving import void, void_step
from interlock.supervisor.core.deciding.people.reviews import REVIEW, ask_review, undoing_ended
from interlock.supervisor.core.state import Effect, replace
from interlock.supervisor.core.turn import Turn

Basis = Literal["actual", "bound", "nothing"]
_OPEN_STEPS = {"ready", "assigned", "awaiting", "backing_off"}
_WAITING = {"held", "escalated", "lost"}


def effect_ended(turn: Turn, said: Input, body: EffectCompleted | EffectFailed | EffectAborted) -> None:
    """Settle a grant by what its worker says; anybody else, or an older grant, is late."""
    effect = _in_flight(turn, said, body)
    if effect is None:
        return
    if isinstance(body, EffectAborted) and body.doubtful:
        _cut_off(turn, said, effect, body.used)
    elif isinstance(body, EffectAborted):
        basis: Basis = "bound" if body.started and effect.demand.kind == "model" else "actual"
        settle(turn, said.task, effect, "aborted", basis, body.used, said)
    elif isinstance(body, EffectFailed) and body.doubtful:
        _leave_in_doubt(turn, said.task, effect, "actual", body.used, said)
    else:
        end: Literal["completed", "failed"] = "completed" if isinstance(body, EffectCompleted) else "failed"
        basis = "actual" if body.bill is None else body.bill.basis
        settle(turn, said.task, effect, end, basis, body.used, said)


def effect_counted(turn: Turn, said: Input, body: EffectCounted) -> None:
    """Give back what was reserved for a prompt that turned out too long, and decide anew by its count."""
    effect = _in_flight(turn, said, body)
    if effect is None:
        return
    step = turn.state.tasks[said.task].steps.get(effect.step)
    end: Literal["counted", "aborted", "failed"] = "counted"
    if not effect.to_count:
        end = "failed"
    elif step is None or step.state not in _OPEN_STEPS:
        end = "aborted"
    counted = facts.EffectSettled(
        at_ms=turn.now_ms,
        effect=effect.seq,
        grant=effect.grant,
        end=end,
        basis="nothing",
        outcome=said.seq,
        counted_tokens=body.prompt_tokens,
        fate=effect.unbegun if end != "counted" and is_awaited(turn.state, effect.seq) else None,
    )
    turn.say(said.task, counted)
    if end == "counted":
        try_grant(turn, said.task, turn.state.tasks[said.task].effects[effect.seq])


def _in_flight(
    turn: Turn, said: Input, body: EffectCompleted | EffectFailed | EffectAborted | EffectCounted
) -> Effect | None:
    """Return the effect if its speaker has this very grant in hand; else refuse the input."""
    task = turn.task(said.task)
    effect = task.effects.get(body.effect) if task is not None else None
    if (
        effect is None
        or effect.state != "granted"
        or effect.worker != said.principal
        or effect.grant != body.grant
    ):
        refuse_end(turn, said, body.effect, body.grant)
        return None
    return effect


def settle(
    turn: Turn,
    number: int,
    effect: Effect,
    end: Literal["completed", "failed", "aborted", "lost", "in_doubt"],
    basis: Basis,
    used: Amounts,
    outcome: Input | None,
) -> None:
    """Settle a granted effect and warn when four fifths of a limit are spent; `outcome` tells its end."""
    spent = {"actual": used, "bound": effect.reserved, "nothing": NOTHING}[basis]
    overrun = spent.beyond(effect.reserved)
    settled = facts.EffectSettled(
        at_ms=turn.now_ms,
        effect=effect.seq,
        grant=effect.grant,
        end=end,
        basis=basis,
        spent=spent,
        outcome=0 if outcome is None else outcome.seq,
        overrun=overrun,
    )
    if turn.state.kills and is_awaited(turn.state, effect.seq):
        body = None if outcome is None else outcome.body
        started_us, ended_us = times_of(body)
        settled = replace(settled, fate=fate_of(effect, body), started_us=started_us, ended_us=ended_us)
    turn.say(number, settled)
    warn(turn, number, spent, effect.role)
    if effect.call is not None:
        undoing_ended(turn, number, effect, end)
    elif end == "failed":
        lower_after_errors(turn, number, effect)
    elif end == "completed" and REVIEW in effect.flags:
        ask_review(turn, number, effect)
    if overrun is not None:
        _park_for_overrun(turn, number, effect)


def _park_for_overrun(turn: Turn, number: int, effect: Effect) -> None:
    """Stop a task whose worker used more than was reserved: the bound that everything rests on was none."""
    task = turn.state.tasks[number]
    if task.active:
        reason = (
            f"{effect.demand.name} (effect {effect.seq}) used more than was reserved: look, resume or kill"
        )
        parked = facts.Parked(at_ms=turn.now_ms, kind="overrun", reason=line(reason))
        park(turn, number, parked, step=effect.step, effect=effect.seq)


def abandon_effects(turn: Turn, number: int, step: str) -> None:
    """Close what a finished step waits for, and what people are asked; what flies settles itself."""
    task = turn.task(number)
    if task is None:
        return
    for seq in sorted(task.effects):
        effect = task.effects[seq]
        if effect.step == step and effect.state in _WAITING:
            abandon_effect(turn, number, seq)
    void_step(turn, number, step, f"step {step} does not wait for it any more")


def abandon_effect(turn: Turn, number: int, seq: int) -> None:
    """Close an effect that waits; nothing happens if it does not."""
    effect = turn.state.tasks[number].effects.get(seq)
    if effect is not None and effect.state in _WAITING:
        if effect.state == "escalated":
            void(turn, number, effect.asked, f"effect {seq} was given up")
        aborted = facts.EffectSettled(
            at_ms=turn.now_ms,
            effect=seq,
            grant=0,
            end="aborted",
            basis="nothing",
            fate=effect.unbegun if is_awaited(turn.state, seq) else None,
        )
        turn.say(number, aborted)


def effect_lost(turn: Turn, number: int, effect: Effect) -> None:
    """Settle at the bound what a lost worker may have done; grant again what may be repeated."""
    if effect.repeatable and effect.call is None:
        basis: Basis = "bound" if effect.demand.kind == "model" else "actual"
        settle(turn, number, effect, "lost", basis, effect.reserved, None)
        task = turn.state.tasks[number]
        step = task.steps.get(effect.step)
        if step is not None and step.state in _OPEN_STEPS:
            try_grant(turn, number, task.effects[effect.seq])
        else:
            abandon_effects(turn, number, effect.step)
        return
    _leave_in_doubt(turn, number, effect, "bound", effect.reserved, None)


def _cut_off(turn: Turn, said: Input, effect: Effect, used: Amounts) -> None:
    """Settle a write that was stopped: it is done again where it may be, is wanted, and was not killed."""
    step = turn.state.tasks[said.task].steps.get(effect.step)
    wanted = step is not None and step.state in _OPEN_STEPS and not effect.withdrawn
    if not (effect.repeatable and wanted):
        _leave_in_doubt(turn, said.task, effect, "actual", used, said)
        return
    settle(turn, said.task, effect, "lost", "actual", used, said)
    try_grant(turn, said.task, turn.state.tasks[said.task].effects[effect.seq])


def _leave_in_doubt(
    turn: Turn, number: int, effect: Effect, basis: Basis, used: Amounts, outcome: Input | None
) -> None:
    """Settle what may have happened or not, and let a person look before anything else is done."""
    settle(turn, number, effect, "in_doubt", basis, used, outcome)
    if effect.call is not None:
        return
    unknown = f"whether {effect.demand.name} (effect {effect.seq}) happened is unknown: look, resume or kill"
    ask_about_doubt(turn, number, effect, line(unknown))
