"""`decide(state, input, now) -> Decided`: what follows from an input. Pure, total, deterministic.

Nobody's input can make it raise: what does not fit is refused or rejected by a fact.
"""

from collections.abc import Callable
from typing import Any

from interlock.contracts import facts
from interlock.contracts.control import Control, RaiseLimit, ReleaseRule, SetAutonomy, SetLimits
from interlock.contracts.effect import (
    EffectAborted,
    EffectCompleted,
    EffectCounted,
    EffectFailed,
    EffectRequest,
)
from interlock.contracts.inputs import Input, Malformed
from interlock.contracts.observed import (
    AccessHello,
    ConnectionEnded,
    Entitlement,
    GuardHello,
    ProcessExited,
    Violation,
)
from interlock.contracts.people import (
    Abort,
    Answer,
    Approve,
    Delegate,
    Edit,
    PlantCanary,
    Raise,
    Reassign,
    Reject,
)
from interlock.contracts.policy import SetPolicies
from interlock.contracts.presence import AgentHello, Bye, EffectHello
from interlock.contracts.step import StepFailure, StepResult, StepStopped
from interlock.contracts.task import Submit
from interlock.supervisor.core.deciding.autonomy import autonomy_said
from interlock.supervisor.core.deciding.budgets import stop_used_up
from interlock.supervisor.core.deciding.controls import controlled, raised
from interlock.supervisor.core.deciding.gate import effect_asked
from interlock.supervisor.core.deciding.limiting import limits_set
from interlock.supervisor.core.deciding.observing import (
    access_said_hello,
    connection_ended,
    entitled,
    guard_said_hello,
    process_exited,
    violated,
)
from interlock.supervisor.core.deciding.outgrowing import in_bounds
from interlock.supervisor.core.deciding.people.canaries import canary_planted
from interlock.supervisor.core.deciding.people.delegating import delegated
from interlock.supervisor.core.deciding.people.suspending import awaken
from interlock.supervisor.core.deciding.people.verdicts import verdict_came
from interlock.supervisor.core.deciding.policies import policies_said
from interlock.supervisor.core.deciding.presence import agent_said_hello, effects_said_hello, gone, said_bye
from interlock.supervisor.core.deciding.receipts import write_receipts
from interlock.supervisor.core.deciding.releasing import rule_set
from interlock.supervisor.core.deciding.retrying import retry_held, retry_starved
from interlock.supervisor.core.deciding.scheduling import schedule
from interlock.supervisor.core.deciding.settling import effect_counted, effect_ended
from interlock.supervisor.core.deciding.steps import failure_came, result_came
from interlock.supervisor.core.deciding.stopping import condemn, stop_came
from interlock.supervisor.core.deciding.submission import submitted
from interlock.supervisor.core.deciding.switching_tasks import drained_dry
from interlock.supervisor.core.deciding.ticking import ticked
from interlock.supervisor.core.limits import MAX_RETRIED_TASKS
from interlock.supervisor.core.state import State
from interlock.supervisor.core.turn import Decided, Turn


def _malformed(turn: Turn, said: Input, body: Malformed) -> None:
    if (said.kind, said.verb) == ("task", "submit"):
        turn.say(said.seq, facts.Rejected(reason=body.reason))
    else:
        known = said.task if turn.task(said.task) is not None else 0
        turn.refuse(known, said.seq, body.reason)


_DECIDERS: dict[type[Any], Callable[[Turn, Input, Any], None]] = {
    Submit: submitted,
    Control: controlled,
    RaiseLimit: raised,
    SetLimits: limits_set,
    ReleaseRule: rule_set,
    Answer: verdict_came,
    Approve: verdict_came,
    Edit: verdict_came,
    Reject: verdict_came,
    Raise: verdict_came,
    Reassign: verdict_came,
    Abort: verdict_came,
    Delegate: delegated,
    PlantCanary: canary_planted,
    SetAutonomy: autonomy_said,
    SetPolicies: policies_said,
    AgentHello: agent_said_hello,
    EffectHello: effects_said_hello,
    Bye: said_bye,
    EffectRequest: effect_asked,
    StepResult: result_came,
    StepFailure: failure_came,
    StepStopped: stop_came,
    EffectCompleted: effect_ended,
    EffectFailed: effect_ended,
    EffectAborted: effect_ended,
    EffectCounted: effect_counted,
    GuardHello: guard_said_hello,
    ProcessExited: process_exited,
    AccessHello: access_said_hello,
    ConnectionEnded: connection_ended,
    Violation: violated,
    Entitlement: entitled,
    Malformed: _malformed,
}


def decide(state: State, said: Input, now_ms: int) -> Decided:
    """Return what follows from one input."""
    turn = Turn(state, now_ms)
    stop_used_up(turn, (said.task,) if said.task else turn.running())
    _DECIDERS[type(said.body)](turn, said, said.body)
    return in_bounds(state, _finish(turn), now_ms, said)


def decide_defect(state: State, said: Input) -> Decided:
    """Return the refusal of an input that `decide` could not cope with: a defect of ours, said openly."""
    turn = Turn(state, said.time_ms)
    known = said.task if turn.task(said.task) is not None else 0
    turn.refuse(
        known, said.seq, "the supervisor has a defect and could not decide about this; please report it"
    )
    return Decided(turn)


def decide_tick(state: State, now_ms: int) -> Decided:
    """Return what follows from time having passed."""
    turn = Turn(state, now_ms)
    ticked(turn)
    _go_on(turn)
    return in_bounds(state, Decided(turn), now_ms)


def decide_silence(state: State, principal: str, now_ms: int) -> Decided:
    """Return what follows from a process having fallen silent."""
    turn = Turn(state, now_ms)
    stop_used_up(turn, turn.running())
    gone(turn, principal, "nothing was heard from it")
    return in_bounds(state, _finish(turn), now_ms)


def decide_unconfirmed(state: State, principal: str, now_ms: int) -> Decided:
    """Return what follows from an agent not having confirmed in time that it stopped what it was told to."""
    turn = Turn(state, now_ms)
    stop_used_up(turn, turn.running())
    condemn(turn, principal)
    return in_bounds(state, _finish(turn), now_ms)


def _finish(turn: Turn) -> Decided:
    """Let everything that became possible happen: effects that waited, steps that are ready."""
    if not turn.said:
        return Decided(turn)
    waiting = turn.state.waiting
    if waiting and turn.freed:
        for number in sorted({*waiting[:MAX_RETRIED_TASKS], *turn.touched_tasks.intersection(waiting)}):
            retry_held(turn, number)
    _go_on(turn)
    return Decided(turn)


def _go_on(turn: Turn) -> None:
    """Give free hands what waits for them, and close what has run dry or nobody waits for any more.

    A tick does so too: a crash may come between a record that frees a hand and the one that fills it.
    """
    if turn.state.starved:
        retry_starved(turn)
    for number in sorted(turn.touched_tasks):
        awaken(turn, number)
    if turn.state.ready:
        schedule(turn)
    if turn.state.draining:
        drained_dry(turn)
    if turn.state.kills:
        write_receipts(turn)
