"""Decides which worker gets an effect and what is reserved for it, or what the effect waits for."""

from collections.abc import Iterator
from typing import Literal

from interlock.contracts import facts
from interlock.contracts.charter import Charter
from interlock.contracts.message import line
from interlock.contracts.presence import ModelOffer, ToolOffer
from interlock.supervisor.core.accounts import scopes
from interlock.supervisor.core.approvals import is_as_agreed
from interlock.supervisor.core.bounds import (
    ONE_TOOL_CALL,
    Shortage,
    fitting_if_counted,
    fitting_output_tokens,
    is_priced,
    may_count,
    model_bound,
    shortage,
)
from interlock.supervisor.core.deciding.allowing import allowed
from interlock.supervisor.core.deciding.budgets import park_for
from interlock.supervisor.core.deciding.denying import denied, denied_unpriced
from interlock.supervisor.core.deciding.entitling import effect_forbidden
from interlock.supervisor.core.deciding.grants import granted_model, granted_tool, told
from interlock.supervisor.core.deciding.offers import beyond_charter, charter_of, offered, riskiest
from interlock.supervisor.core.ruling import Ruling
from interlock.supervisor.core.state import Effect, EffectWorker, replace
from interlock.supervisor.core.switches import forbids, holds
from interlock.supervisor.core.turn import Turn

WaitsFor = Literal["capacity", "reservations", "budget", "switch"]


def try_grant(turn: Turn, number: int, effect: Effect) -> None:
    """Grant an effect that nothing forbids, or say what it waits for; parks the task when money is out."""
    task = turn.state.tasks[number]
    if turn.state.switches:
        why = forbids(turn.state, effect.demand, effect.demand.name, new=effect.state == "none")
        if why:
            turn.say(number, denied(effect, "switch", line(why)))
            return
    waits = holds(turn.state, task, effect, task.steps.get(effect.step))
    if waits:
        _hold(turn, number, effect, "switch", waits)
        return
    charter = charter_of(turn, task, effect)
    chosen = _choose(turn, number, effect, charter)
    if chosen is None:
        return
    worker, offer = chosen
    left_open = offer.model if isinstance(offer, ModelOffer) and not effect.demand.name else ""
    if left_open and _refuses_default(turn, number, effect, left_open):
        return
    going_on = allowed(turn, number, effect, offer, charter)
    if going_on is None:
        return
    ruling, effect = going_on
    if worker.free <= 0:
        _hold(turn, number, effect, "capacity", "every effect worker has its hands full")
        return
    _reserve(turn, number, effect, worker, offer, ruling)


def _choose(
    turn: Turn, number: int, effect: Effect, charter: Charter | None
) -> tuple[EffectWorker, ToolOffer | ModelOffer] | None:
    """Return the worker with the freest hands for what the charter allows; None: there is none, as was said.

    Of a tool, it is one of those that offer it as the riskiest; of a model to whose use people have agreed,
    one of those that offer what they have agreed to, as long as any does.
    """
    offering = [(worker, offered(worker, effect.demand, charter)) for worker in _workers(turn)]
    fitting = [(worker, offer) for worker, offer in offering if offer is not None]
    if not fitting:
        _hold_or_deny(turn, number, effect)
        return None
    if effect.demand.kind == "tool":
        most = riskiest(turn.state, effect.demand.name)
        fitting = [
            (worker, offer)
            for worker, offer in fitting
            if most is not None and isinstance(offer, ToolOffer) and offer.risk == most.risk
        ]
    within = [(worker, offer) for worker, offer in fitting if beyond_charter(offer, charter) is None]
    if not within:
        rule = beyond_charter(fitting[0][1], charter)
        assert rule is not None, "none of them is within the charter"
        turn.say(number, denied(effect, *rule))
        return None
    as_agreed = [(worker, offer) for worker, offer in within if is_as_agreed(effect, offer)]
    return min(
        as_agreed or within,
        key=lambda each: (each[0].free <= 0, len(each[0].in_hand), each[0].principal),
    )


def _workers(turn: Turn) -> Iterator[EffectWorker]:
    return (turn.state.workers[name] for name in sorted(turn.state.workers))


def _hold_or_deny(turn: Turn, number: int, effect: Effect) -> None:
    what = f"{effect.demand.kind} {effect.demand.name or 'that the charter allows'}"
    if not turn.state.workers:
        _hold(turn, number, effect, "capacity", f"no effect worker is here to do {what}")
        return
    offered = sorted({name for w in turn.state.workers.values() for name in (*w.models, *w.tools)})
    reason = f"no effect worker here offers {what}; offered are {', '.join(offered)}"
    turn.say(number, denied(effect, "offers", line(reason)))


def _reserve(
    turn: Turn,
    number: int,
    effect: Effect,
    worker: EffectWorker,
    offer: ToolOffer | ModelOffer,
    ruling: Ruling,
) -> None:
    task = turn.state.tasks[number]
    accounts = scopes(turn.state, task, task.steps.get(effect.step))
    if isinstance(offer, ToolOffer):
        lacking = shortage(ONE_TOOL_CALL, accounts, turn.now_ms)
        if lacking is not None:
            _wait_for_money(turn, number, effect, lacking)
            return
        turn.say(number, granted_tool(turn.state, effect, worker, offer, ruling))
        return
    if not is_priced(offer):
        turn.say(number, denied_unpriced(effect, offer))
        return
    demand = effect.demand
    output_tokens, lacking = fitting_output_tokens(demand, offer, accounts, turn.now_ms)
    if lacking is not None and may_count(demand, offer, lacking):
        shorter, fewer_tokens, still = fitting_if_counted(demand, offer, accounts, turn.now_ms)
        if still is None or still.passing:
            demand, output_tokens, lacking = shorter, fewer_tokens, still
    if lacking is not None:
        _wait_for_money(turn, number, effect, lacking)
        return
    granted = granted_model(turn.state, effect, worker, offer, model_bound(demand, offer, output_tokens))
    counts = demand is not effect.demand
    turn.say(number, replace(granted, max_output_tokens=output_tokens, to_count=counts))


def _refuses_default(turn: Turn, number: int, effect: Effect, model: str) -> bool:
    """Deny or hold a call that leaves its model open, where the one that it would get is out of reach."""
    task = turn.state.tasks[number]
    why = forbids(turn.state, effect.demand, model, new=effect.state == "none")
    step = task.steps.get(effect.step)
    agent = "" if step is None else step.principal
    rule = ("switch", why) if why else effect_forbidden(turn.state, task, agent, effect.demand, model)
    if rule is not None:
        turn.say(number, denied(effect, rule[0], line(rule[1])))
        return True
    named = replace(effect, demand=replace(effect.demand, name=model))
    waits = holds(turn.state, task, named, None)
    if waits:
        _hold(turn, number, effect, "switch", waits)
    return bool(waits)


def _wait_for_money(turn: Turn, number: int, effect: Effect, lacking: Shortage) -> None:
    """Wait while others' reservations are in the way; park when even an empty house could not pay."""
    lack, counted = lacking.lack, effect.demand.counted_tokens
    what = f"{lack.dimension} of the {lack.scope}: limit {lack.limit}, needed {lack.needed} more"
    if lacking.passing:
        _hold(turn, number, effect, "reservations", f"waits until reservations end: {what}")
        return
    _hold(turn, number, effect, "budget", f"the budget is used up: {what}")
    why = f"the prompt of effect {effect.seq} has {counted} tokens, as its provider counts" if counted else ""
    park_for(turn, number, lacking, why)


def _hold(turn: Turn, number: int, effect: Effect, waits_for: WaitsFor, reason: str) -> None:
    known = turn.state.tasks[number].effects.get(effect.seq)
    if known is not None and known.state == "held" and known.waits_for == waits_for:
        return
    turn.say(
        number,
        facts.EffectHeld(
            effect=effect.seq,
            step=effect.step,
            attempt=effect.attempt,
            key=effect.key,
            demand=told(effect),
            waits_for=waits_for,
            reason=line(reason),
        ),
    )
