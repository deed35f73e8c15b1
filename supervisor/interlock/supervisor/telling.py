"""Tells agents and effect workers what follows for them from decisions.

Whoever acts is told when the decision is durable. Whoever only thinks is told when it is on its way: an agent
that thinks about a step which never became durable can do nothing, for all that it asks is refused.
Everything told is derived from state and may be told again: after a restart all that is in hand is. It must
not decide anything.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

from interlock.bus.dispatch import Dispatcher
from interlock.contracts import facts
from interlock.contracts.decision import Decision
from interlock.contracts.dispatch import Dispatch
from interlock.contracts.effect import EffectEnd, EffectRequest
from interlock.contracts.message import Message, encode, line
from interlock.contracts.step import StepFailure, StepResult
from interlock.supervisor import dispatches
from interlock.supervisor.core.state import Effect, State, Step, Task
from interlock.supervisor.core.transitions import ENDED_EFFECTS
from interlock.supervisor.records import Records

Late = EffectRequest | StepResult | StepFailure

_BY_SUPERVISOR = {"answered", "in_doubt"}
_ENDS: dict[str, EffectEnd] = {end: end for end in get_args(EffectEnd) if end in ENDED_EFFECTS}


class Telling:
    """Derives dispatches from committed decisions.

    `state` returns the newest state, `as_of` the last input that was decided about in it.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        records: Records,
        state: Callable[[], State],
        as_of: Callable[[], int],
    ) -> None:
        self._dispatcher = dispatcher
        self._records = records
        self._state = state
        self._as_of = as_of
        self._fetching: set[asyncio.Task[None]] = set()
        self._by_fact: dict[type[Any], Callable[[Task, Any], None]] = {
            facts.StepCompleted: self._step_over,
            facts.StepFailed: self._step_over,
            facts.StepLost: self._step_lost,
            facts.StepSuspended: self._step_suspended,
            facts.EffectGranted: self._effect_granted,
            facts.EffectDenied: self._effect_refused,
            facts.EffectRecommended: self._effect_refused,
            facts.EffectRepeated: self._effect_repeated,
            facts.EffectSettled: self._effect_settled,
        }

    def decided(self, said: Iterable[facts.AnyFact]) -> None:
        """Repeat no order whose outcome is here, though its settlement is not durable yet."""
        for fact in said:
            if isinstance(fact, facts.EffectSettled):
                self._dispatcher.forget(_effect_key(fact.effect, fact.grant))

    def sent(self, decision: Decision) -> None:
        """Tell what may be begun before a decision is durable: thinking."""
        task = self._state().tasks.get(decision.task)
        if task is None:
            return
        for fact in decision.facts:
            if isinstance(fact, facts.StepAssigned):
                self._step_assigned(task, fact)

    def committed(self, decision: Decision) -> None:
        """Tell what follows from a durable decision."""
        task = self._state().tasks.get(decision.task)
        for fact in decision.facts:
            tell = self._by_fact.get(type(fact))
            if tell is not None and task is not None:
                tell(task, fact)
            elif isinstance(fact, facts.Switched | facts.FleetSwitched):
                self._switched(fact)

    def _switched(self, fact: facts.Switched | facts.FleetSwitched) -> None:
        """Withdraw what a kill has caught in flight, and have the step stopped that it is over."""
        kill = self._state().kills.get(fact.input)
        if fact.state != "killed" or kill is None:
            return
        reason = line(f"{kill.scope} is killed by {kill.by}")
        for (number, name), stopping in sorted(self._state().stopping.items()):
            if stopping.kill == kill.seq:
                self._cancel_step(number, name, stopping.attempt, stopping.principal, reason)
        for seq, number in sorted(kill.open.items()):
            task = self._state().tasks[number]
            effect = task.effects.get(seq)
            if effect is not None and effect.state == "granted":
                self._withdraw(task, effect, reason)

    def cancel_all(self, task: Task, reason: str) -> None:
        """Tell everybody to stop who had something of a task in hand; `task` is as it was before."""
        now = self._state().tasks.get(task.id)
        workers = {effect.worker for effect in task.effects.values() if effect.state == "granted"}
        for _, step in sorted(task.steps.items()):
            self._dispatcher.forget(_step_key(task.id, step.id, step.attempt))
            if step.state == "assigned":
                # One by one: who never got a step can confirm too that nothing of it runs.
                self._cancel_step(task.id, step.id, step.attempt, step.principal, reason)
        if now is None or not now.active:
            # Of a task that goes on with another plan, an order to stop everything might meet the new work.
            order = dispatches.cancel(task.id, reason)
            for principal in sorted(workers):
                self._send(f"cancel.{task.id}.{principal}", principal, order)
        self._withdraw_all(task, reason)

    def _cancel_step(self, number: int, step: str, attempt: int, principal: str, reason: str) -> None:
        order = dispatches.cancel(number, reason, step=step, attempt=attempt)
        self._send(f"cancel.{number}.{step}.{attempt}", principal, order)

    def _withdraw_all(self, before: Task, reason: str) -> None:
        """Take back what was granted before, of an ended task everything: nobody would tell it any more."""
        task = self._state().tasks.get(before.id)
        if task is None:
            return
        for seq, effect in sorted(task.effects.items()):
            was = before.effects.get(seq)
            # What a person undoes goes on though the task is over, as long as no kill is over it.
            undoes = effect.call is not None and not effect.withdrawn
            had = not task.active or (was is not None and _same_grant(was, effect))
            if effect.state == "granted" and had and not undoes:
                self._withdraw(task, effect, reason)

    def _withdraw(self, task: Task, effect: Effect, reason: str) -> None:
        self._dispatcher.forget(_effect_key(effect.seq, effect.grant))
        worker = self._state().workers.get(effect.worker)
        if worker is not None and effect.seq in worker.in_hand:
            order = dispatches.withdraw(task.id, effect, worker.incarnation, reason)
            self._send(f"withdraw.{effect.seq}.{effect.grant}", effect.worker, order)

    def stop_again(self, principal: str) -> None:
        """Tell a condemned agent once more what it must stop, so that it can confirm that."""
        life = self._state().condemned.get(principal)
        for number, step, attempt in life.steps if life is not None else ():
            self._cancel_step(number, step, attempt, principal, "it was killed")

    def cancel_late(self, principal: str, late: Late, number: int) -> None:
        """Tell an agent that it works on what it does not have in hand, and what it has instead."""
        order = dispatches.cancel(number, "it is not yours any more", step=late.step, attempt=late.attempt)
        self._send(f"late.{number}.{late.step}.{late.attempt}.{principal}", principal, order)
        task = self._state().tasks.get(number)
        step = task.steps.get(late.step) if task is not None else None
        if task is not None and step is not None and step.state == "assigned" and step.principal == principal:
            self._tell_step(task, step)

    async def stop(self) -> None:
        """Tell nothing more."""
        for fetching in self._fetching:
            fetching.cancel()
        await self._dispatcher.stop()

    def all_in_hand(self, since: State) -> None:
        """Tell again, after a change of who leads, all that was in somebody's hand then and still is."""
        for number, before in sorted(since.tasks.items()):
            task = self._state().tasks.get(number)
            if task is None:
                continue
            if not task.active:
                self._withdraw_all(before, "it has ended")
            for name, step in sorted(task.steps.items()):
                had = before.steps.get(name)
                if had is not None and _same_attempt(had, step):
                    self._tell_step(task, step)
            self._suspended_again(before, task)
            for seq, effect in sorted(task.effects.items()):
                was = before.effects.get(seq)
                # The same grant: one that was made only now is not durable yet.
                if was is not None and _same_grant(was, effect) and (task.active or effect.call is not None):
                    self._tell_effect(task, effect)

    def _suspended_again(self, before: Task, task: Task) -> None:
        """Free the hands of those who may not have heard that their step waits for a person."""
        for name in task.suspended:
            step = task.steps[name]
            holder = step.holders[-1] if step.holders else ""
            if name in before.suspended and holder in self._state().agents:
                self._cancel_step(task.id, name, step.attempt, holder, "it waits for a person")

    def _step_assigned(self, task: Task, fact: facts.StepAssigned) -> None:
        step = task.steps.get(fact.step)
        if step is not None and step.state == "assigned" and step.attempt == fact.attempt:
            self._tell_step(task, step)

    def _step_over(self, task: Task, fact: facts.StepCompleted | facts.StepFailed) -> None:
        self._dispatcher.forget(_step_key(task.id, fact.step, fact.attempt))

    def _step_lost(self, task: Task, fact: facts.StepLost) -> None:
        self._dispatcher.forget(_step_key(task.id, fact.step, fact.attempt))
        if fact.principal in self._state().agents:
            self._cancel_step(task.id, fact.step, fact.attempt, fact.principal, fact.reason)

    def _step_suspended(self, task: Task, fact: facts.StepSuspended) -> None:
        self._dispatcher.forget(_step_key(task.id, fact.step, fact.attempt))
        if fact.principal in self._state().agents:
            self._cancel_step(task.id, fact.step, fact.attempt, fact.principal, fact.reason)

    def _effect_granted(self, task: Task, fact: facts.EffectGranted) -> None:
        effect = task.effects.get(fact.effect)
        if effect is None or effect.state != "granted" or effect.grant != fact.grant:
            return
        # A task that has ended takes its grants back when that is durable; what a person undoes goes on.
        if task.active or effect.call is not None:
            self._tell_effect(task, effect)

    def _effect_refused(self, task: Task, fact: facts.EffectDenied | facts.EffectRecommended) -> None:
        effect = task.effects.get(fact.effect)
        if effect is not None:
            self._tell_end(task, effect, None)

    def _effect_repeated(self, task: Task, fact: facts.EffectRepeated) -> None:
        effect = task.effects.get(fact.effect)
        if effect is not None and effect.state in ENDED_EFFECTS:
            self._tell_recorded(task, effect)

    def _effect_settled(self, task: Task, fact: facts.EffectSettled) -> None:
        effect = task.effects.get(fact.effect)
        if effect is None or effect.state not in ENDED_EFFECTS:
            return
        if fact.end in _BY_SUPERVISOR or effect.attempt != effect.granted_attempt:
            self._tell_recorded(task, effect)

    def _tell_step(self, task: Task, step: Step) -> None:
        wanted = dispatches.records_of_step(task, step)
        known = {name: self._records.at_hand(seq) for name, seq in wanted.items()}
        given = {name: body for name, body in known.items() if body is not None}
        if len(given) == len(known):
            self._send_step(task, step, given)
        else:
            self._later(self._fetch_step(task, step, wanted))

    async def _fetch_step(self, task: Task, step: Step, wanted: Mapping[str, int]) -> None:
        fetched = {name: await self._records.fetch(seq) for name, seq in wanted.items()}
        now = self._state().tasks.get(task.id)
        current = None if now is None else now.steps.get(step.id)
        # Meanwhile the step may have become another's.
        if now is not None and current is not None and _same_attempt(current, step):
            given = {name: body for name, body in fetched.items() if body is not None}
            self._send_step(now, current, given)

    def _send_step(self, task: Task, step: Step, given: Mapping[str, Message]) -> None:
        order = dispatches.do_step(self._state(), task, step, given)
        self._send(_step_key(task.id, step.id, step.attempt), step.principal, order)

    def _tell_effect(self, task: Task, effect: Effect) -> None:
        body = self._records.at_hand(effect.seq)
        if body is None:
            self._later(self._fetch_effect(task, effect))
        else:
            self._send_effect(task, effect, body)

    async def _fetch_effect(self, task: Task, effect: Effect) -> None:
        body = await self._records.fetch(effect.seq)
        now = self._state().tasks.get(task.id)
        current = None if now is None else now.effects.get(effect.seq)
        # Meanwhile the grant may have been settled, and its worker may have begun another life.
        if body is not None and now is not None and current is not None and _same_grant(current, effect):
            self._send_effect(now, current, body)

    def _send_effect(self, task: Task, effect: Effect, body: Message) -> None:
        if effect.withdrawn:
            self._withdraw(task, effect, "it was killed")
            return
        worker = self._state().workers.get(effect.worker)
        # A new life of the worker has nothing in hand of what was granted to the last one.
        has_it = worker is not None and effect.seq in worker.in_hand
        call = effect.call or (body.call if isinstance(body, EffectRequest) else None)
        awaited = effect.call is not None or effect.step in task.steps
        if call is not None and awaited and worker is not None and has_it:
            order = dispatches.do_effect(task, effect, worker.incarnation, call, self._as_of())
            self._send(_effect_key(effect.seq, effect.grant), effect.worker, order)

    def _tell_recorded(self, task: Task, effect: Effect) -> None:
        if effect.outcome and self._records.at_hand(effect.outcome) is None:
            self._later(self._fetch_outcome(task, effect))
        else:
            self._tell_end(task, effect, self._records.at_hand(effect.outcome))

    async def _fetch_outcome(self, task: Task, effect: Effect) -> None:
        self._tell_end(task, effect, await self._records.fetch(effect.outcome))

    def _tell_end(self, task: Task, effect: Effect, body: Message | None) -> None:
        end = _ENDS.get(effect.state)
        if end is not None:
            self._tell_outcome(task, effect, end, body, effect.reason or f"effect {effect.seq} is {end}")

    def _tell_outcome(
        self, task: Task, effect: Effect, end: EffectEnd, body: Message | None, message: str
    ) -> None:
        step = task.steps.get(effect.step)
        if step is not None and step.state == "assigned":
            told = dispatches.outcome(task.id, effect, end, body, message)
            self._send(f"outcome.{effect.seq}.{step.attempt}", step.principal, told)

    def _send(self, key: str, principal: str, order: Dispatch) -> None:
        self._dispatcher.send(key, principal, encode(order))

    def _later(self, work: Any) -> None:
        fetching = asyncio.ensure_future(work)
        self._fetching.add(fetching)
        fetching.add_done_callback(self._fetching.discard)


def _same_attempt(one: Step, other: Step) -> bool:
    return one.state == other.state == "assigned" and one.attempt == other.attempt


def _same_grant(one: Effect, other: Effect) -> bool:
    return one.state == other.state == "granted" and one.grant == other.grant


def _step_key(task: int, step: str, attempt: int) -> str:
    return f"step.{task}.{step}.{attempt}"


def _effect_key(effect: int, grant: int) -> str:
    return f"effect.{effect}.{grant}"
