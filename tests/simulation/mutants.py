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


def grants_after_halt() -> Any:
    """A task that stands still may still begin new things."""
    return patch.object(Task, "moving", property(lambda task: task.active))


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
    return patch("interlock.supervisor.core.evolving.tasks.stop_task", lambda state, _number, _at_ms: state)


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


MUTANTS: tuple[Mutant, ...] = (
    settles_twice,
    forgets_reservations_on_restart,
    grants_after_halt,
    ignores_the_grant_number,
    accepts_late_results,
    expects_no_sequence,
    dispatches_before_durable,
    refunds_lost_effects,
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
)
