"""Broken variants of the core and the shell, each with one promise taken away; the simulator must catch all.

A mutant is a context in which the code is broken. It patches what the code itself looks up, so that it breaks
nothing else.
"""

# pyright: reportPrivateUsage=false, reportUnknownLambdaType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from msgspec.structs import replace

from interlock.bus.errors import LogFull
from interlock.bus.memory import MemoryServer
from interlock.contracts import facts
from interlock.contracts.budget import NOTHING
from interlock.contracts.decision import Decision
from interlock.supervisor import knowledge, leader
from interlock.supervisor.core import bounds, decide, evolve, transitions
from interlock.supervisor.core.accounts import scopes
from interlock.supervisor.core.deciding import gate, granting, scheduling, settling, steps
from interlock.supervisor.core.evolve import replay
from interlock.supervisor.core.state import State, Step, Task
from interlock.supervisor.core.turn import Decided, Turn
from interlock.supervisor.knowledge import Knowledge
from interlock.supervisor.outbox import Outbox
from interlock.supervisor.standby import Standby
from interlock.supervisor.telling import Telling

Mutant = Callable[[], Any]


def settles_twice() -> Any:
    """What an effect has cost is counted twice."""
    settled = evolve._CHANGES[facts.EffectSettled]

    def twice(state: State, number: int, fact: facts.EffectSettled) -> State:
        return settled(state, number, replace(fact, spent=fact.spent.plus(fact.spent)))

    return patch.dict(evolve._CHANGES, {facts.EffectSettled: twice})


def forgets_reservations_on_restart() -> Any:
    """Who reads the log does not reserve what stands there as reserved."""

    def forgetful(state: State, decision: Decision) -> State:
        said = tuple(
            replace(fact, reserved=NOTHING) if isinstance(fact, facts.EffectGranted) else fact
            for fact in decision.facts
        )
        return replay(state, replace(decision, facts=said))

    return patch.object(knowledge, "replay", forgetful)


@contextmanager
def grants_after_halt() -> Generator[None]:
    """A task that stands still may still begin new things."""
    active = property(lambda task: task.active)
    with patch.object(Task, "moving", active), patch.object(Task, "going", active):
        yield


def ignores_the_grant_number() -> Any:
    """The outcome of an old grant settles the new one, whoever says it."""
    ended = settling.effect_ended

    def gullible(turn: Turn, said: Any, body: Any) -> None:
        task = turn.task(said.task)
        effect = task.effects.get(body.effect) if task is not None else None
        if effect is not None:
            said, body = replace(said, principal=effect.worker), replace(body, grant=effect.grant)
        ended(turn, said, body)

    kinds = [kind for kind, decider in decide._DECIDERS.items() if decider is ended]
    return patch.dict(decide._DECIDERS, dict.fromkeys(kinds, gullible))


@contextmanager
def accepts_late_results() -> Generator[None]:
    """Whoever speaks of a step that is in hand is believed, whichever attempt it was."""

    def gullible(turn: Turn, said: Any, name: str, attempt: int) -> Step | None:
        task = turn.task(said.task)
        step = task.steps.get(name) if task is not None else None
        if step is None or step.state != "assigned":
            turn.refuse(0, said.seq, f"late: attempt {attempt}")
            return None
        return step

    with patch.object(steps, "current_step", gullible), patch.object(gate, "current_step", gullible):
        yield


def expects_no_sequence() -> Any:
    """The log takes what it is given, whoever has written since."""
    return patch.object(MemoryServer, "_check_condition", lambda *_: None)


def dispatches_before_durable() -> Any:
    """An effect worker is told when a grant is on its way."""
    sent = Telling.sent

    def hasty(self: Telling, decision: Decision) -> None:
        sent(self, decision)
        task = self._state().tasks.get(decision.task)
        for fact in decision.facts:
            if task is not None and isinstance(fact, facts.EffectGranted):
                self._effect_granted(task, fact)

    return patch.object(Telling, "sent", hasty)


def refunds_lost_effects() -> Any:
    """What a lost worker may have done is settled at nothing."""
    settle = settling.settle

    def generous(turn: Any, number: Any, effect: Any, end: Any, basis: Any, used: Any, outcome: Any) -> None:
        settle(turn, number, effect, end, "nothing" if end == "lost" else basis, used, outcome)

    return patch.object(settling, "settle", generous)


def closes_under_the_last_grant() -> Any:
    """What waits again is closed under a grant that has been settled."""
    say = Turn.say

    def late(turn: Turn, number: int, fact: Any) -> None:
        if isinstance(fact, facts.EffectSettled) and not fact.grant:
            fact = replace(fact, grant=turn.state.tasks[number].effects[fact.effect].grant)
        say(turn, number, fact)

    return patch.object(Turn, "say", late)


def repeats_writes() -> Any:
    """A write whose end is unknown is done again."""
    lost = settling.effect_lost

    def careless(turn: Turn, number: int, effect: Any) -> None:
        lost(turn, number, replace(effect, repeatable=True))

    return patch("interlock.supervisor.core.deciding.presence.effect_lost", careless)


def assigns_twice() -> Any:
    """A step that was given to an agent stays ready."""
    return patch.dict(transitions.STEPS["ready"], {"step_assigned": "ready"})


def loses_open_inputs() -> Any:
    """Who takes over forgets what was said and not decided."""
    return patch.object(Knowledge, "open_inputs", property(lambda _: []))


def skips_the_tenant() -> Any:
    """A tenant's limit is not looked at."""

    def blind(*args: Any) -> Any:
        return tuple(entry for entry in scopes(*args) if not entry[0].startswith("tenant"))

    return patch.object(granting, "scopes", blind)


def forgets_daily_limits() -> Any:
    """Only limits in total are looked at."""
    limits_of = bounds.limits_of

    def blind(account: Any, now_ms: int) -> Any:
        return [entry for entry in limits_of(account, now_ms) if not entry[2]]

    return patch.object(bounds, "limits_of", blind)


def stamps_nothing() -> Any:
    """A new leader leaves no stamp behind."""

    async def careless(self: Standby, term: int, *, led_before: bool) -> bool:
        del self, term, led_before
        return True

    return patch.object(Standby, "_stamp_everything", careless)


def mixes_the_fleet_with_tasks() -> Any:
    """What changes the fleet is written wherever there is room."""
    return patch.object(Outbox, "_raise_barrier", lambda _: None)


def lets_silence_pass() -> Any:
    """Nobody is given up."""
    return patch.object(leader, "decide_silence", lambda state, _who, now_ms: Decided(Turn(state, now_ms)))


def grants_what_does_not_fit() -> Any:
    """The output limit is not lowered to what is left, and yet granted."""

    def generous(demand: Any, offer: Any, _accounts: Any, _now_ms: int) -> Any:
        return max(1, min(demand.max_output_tokens, offer.max_output_tokens)), None

    return patch.object(granting, "fitting_output_tokens", generous)


def drops_what_a_full_log_refused() -> Any:
    """What the log had no room for is not written again."""
    not_written = Outbox._not_written

    def forgetful(self: Outbox, task: int, line: Any, failure: BaseException) -> None:
        if isinstance(failure, LogFull):
            line.sent = None
            return
        not_written(self, task, line, failure)

    return patch.object(Outbox, "_not_written", forgetful)


def keeps_outcomes_to_itself() -> Any:
    """Who asks again for an effect that has ended hears nothing."""
    return patch.object(Telling, "_effect_repeated", lambda *_: None)


def begins_with_an_old_cause() -> Any:
    """A decision names the first of its inputs, not the last: the others are decided again."""
    decision = Outbox._decision

    def old(self: Outbox, task: int, batches: list[Any]) -> Decision:
        return replace(decision(self, task, batches), cause=batches[0].cause)

    return patch.object(Outbox, "_decision", old)


def schedules_in_a_paused_fleet() -> Any:
    """The fleet's switch is not looked at when steps are given out."""
    schedule = scheduling.schedule

    def eager(turn: Turn) -> None:
        switch, turn.state = turn.state.switch, replace(turn.state, switch="running")
        schedule(turn)
        turn.state = replace(turn.state, switch=switch)

    return patch.object(decide, "schedule", eager)


def lets_clocks_run_while_parked() -> Any:
    """Wall time goes on while a task waits for a person."""
    return patch("interlock.supervisor.core.clocks.stop_task", lambda state, _number, _at_ms: state)


def counts_again() -> Any:
    """That a prompt was counted is forgotten."""
    settled = evolve._CHANGES[facts.EffectSettled]

    def forgetful(state: State, number: int, fact: facts.EffectSettled) -> State:
        state = settled(state, number, fact)
        task = state.tasks[number]
        effect = task.effects.get(fact.effect)
        if effect is None or fact.end != "counted":
            return state
        uncounted = replace(effect, demand=replace(effect.demand, counted_tokens=None))
        task = replace(task, effects=task.effects.set(effect.seq, uncounted))
        return replace(state, tasks=state.tasks.set(number, task))

    return patch.dict(evolve._CHANGES, {facts.EffectSettled: forgetful})


def grants_what_is_killed() -> Any:
    """Switches over tools and models are not looked at."""
    return patch.multiple(
        granting, forbids=lambda *_args, **_more: "", holds=lambda *_args: "", effect_forbidden=_nothing
    )


def assigns_in_stopped_scopes() -> Any:
    """Switches over agents, roles, tenants and steps are not looked at when steps are given out."""
    blind: dict[str, Any] = dict.fromkeys(
        ("stops_agent", "stops_role", "stops_step", "stops_tenant"), lambda *_args: False
    )
    return patch.multiple(scheduling, **blind)


def forgets_receipts() -> Any:
    """A kill has no receipt."""
    return patch.object(decide, "write_receipts", _nothing)


def writes_receipts_again_and_again() -> Any:
    """That a kill has its receipt is forgotten."""
    return patch.dict(evolve._CHANGES, {facts.Receipted: lambda state, _number, _fact: state})


def calls_everything_refused() -> Any:
    """A receipt says of every effect that it never began."""
    return patch.object(settling, "fate_of", lambda _effect, _body: "refused")


def calls_everything_completed() -> Any:
    """A receipt says of every effect that it had happened."""
    return patch.object(settling, "fate_of", lambda _effect, _body: "completed")


def lets_the_killed_come_back() -> Any:
    """Whoever says hello is let in."""
    return patch.multiple("interlock.supervisor.core.deciding.presence", keeps_out=lambda *_args: "")


def waits_for_ever_for_confirmations() -> Any:
    """An agent that does not confirm is not condemned."""
    return patch.object(
        leader, "decide_unconfirmed", lambda state, _who, now_ms: Decided(Turn(state, now_ms))
    )


def dates_grants_ahead() -> Any:
    """A grant says that every switch there will ever be was looked at."""
    send = Telling._send_effect

    def ahead(self: Telling, task: Task, effect: Any, body: Any) -> None:
        as_of, self._as_of = self._as_of, lambda: 2**40
        send(self, task, effect, body)
        self._as_of = as_of

    return patch.object(Telling, "_send_effect", ahead)


def lets_tenants_clocks_run() -> Any:
    """Wall time goes on while a tenant is paused."""
    return patch("interlock.supervisor.core.switches.tenant_switch", lambda *_args: "running")


def _nothing(*_args: Any) -> None:
    return


MUTANTS: tuple[Mutant, ...] = (
    settles_twice,
    forgets_reservations_on_restart,
    grants_after_halt,
    ignores_the_grant_number,
    accepts_late_results,
    expects_no_sequence,
    dispatches_before_durable,
    refunds_lost_effects,
    closes_under_the_last_grant,
    repeats_writes,
    assigns_twice,
    loses_open_inputs,
    skips_the_tenant,
    forgets_daily_limits,
    stamps_nothing,
    mixes_the_fleet_with_tasks,
    lets_silence_pass,
    grants_what_does_not_fit,
    drops_what_a_full_log_refused,
    keeps_outcomes_to_itself,
    begins_with_an_old_cause,
    schedules_in_a_paused_fleet,
    lets_clocks_run_while_parked,
    counts_again,
    grants_what_is_killed,
    assigns_in_stopped_scopes,
    forgets_receipts,
    writes_receipts_again_and_again,
    calls_everything_refused,
    calls_everything_completed,
    lets_the_killed_come_back,
    waits_for_ever_for_confirmations,
    dates_grants_ahead,
    lets_tenants_clocks_run,
)
