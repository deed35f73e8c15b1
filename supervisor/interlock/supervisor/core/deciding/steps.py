"""Decides about the ends of steps: results, failures and losses; what comes after them."""

import msgspec

from interlock.contracts import facts
from interlock.contracts.inputs import Input
from interlock.contracts.message import line
from interlock.contracts.plan import Plan
from interlock.contracts.roles import Verdict
from interlock.contracts.shapes import misfit
from interlock.contracts.step import StepFailure, StepResult
from interlock.supervisor.core.deciding.confirming import confirmed
from interlock.supervisor.core.deciding.forging import refuse_step
from interlock.supervisor.core.deciding.people.resolving import end_task
from interlock.supervisor.core.deciding.planning import plan_anew, plan_came
from interlock.supervisor.core.deciding.reviewing import request_review, verdict_came
from interlock.supervisor.core.deciding.settling import abandon_effects
from interlock.supervisor.core.evolving.tasks import PLANNER, REVIEWER
from interlock.supervisor.core.limits import MAX_STEP_FAILURES, MAX_STEP_LOSSES, RETRY_BASE_MS, RETRY_MAX_MS
from interlock.supervisor.core.state import Step
from interlock.supervisor.core.turn import Turn

_PLAN = msgspec.json.Decoder(Plan).decode
_VERDICT = msgspec.json.Decoder(Verdict).decode


def result_came(turn: Turn, said: Input, body: StepResult) -> None:
    """Take a result from whoever has the step in hand; anybody else's is late."""
    step = _in_hand(turn, said, body)
    if step is None:
        return
    reading: Plan | Verdict | None = None
    if step.role in {PLANNER, REVIEWER}:
        try:
            reading = _PLAN(body.value) if step.role == PLANNER else _VERDICT(body.value)
        except (msgspec.DecodeError, RecursionError) as error:
            step_failed(
                turn, said.task, step, f"the {step.role}'s result does not fit: {error}", permanent=False
            )
            return
    elif wrong := _misfit(turn, said.principal, body):
        step_failed(turn, said.task, step, wrong, permanent=False)
        return
    step_done(turn, said.task, step, said.seq, reading)


def _misfit(turn: Turn, principal: str, body: StepResult) -> str:
    """Return where a result is not what its agent promises, as a sentence; empty: it is."""
    agent = turn.state.agents.get(principal)
    if agent is None or not agent.output_schema:
        return ""
    try:
        value = msgspec.json.decode(body.value)
    except (msgspec.DecodeError, RecursionError) as error:
        return f"the result is not JSON: {error}"
    wrong = misfit(agent.output_schema, value)
    return f"the result is not what {agent.charter.role} promises, {wrong}" if wrong else ""


def step_done(
    turn: Turn, number: int, step: Step, record: int, reading: Plan | Verdict | None = None
) -> None:
    """Complete a step by what stands in a record, and let follow what comes after it."""
    done = facts.StepCompleted(at_ms=turn.now_ms, step=step.id, attempt=step.attempt, result=record)
    turn.say(number, done)
    abandon_effects(turn, number, step.id)
    if isinstance(reading, Plan):
        plan_came(turn, number, step.id, reading)
    elif isinstance(reading, Verdict):
        verdict_came(turn, number, step.id, reading)
    else:
        _after_step(turn, number)


def failure_came(turn: Turn, said: Input, body: StepFailure) -> None:
    """Take a failure from whoever has the step in hand."""
    step = _in_hand(turn, said, body)
    if step is not None:
        step_failed(turn, said.task, step, body.message, permanent=body.kind != "transient")


def current_step(turn: Turn, said: Input, name: str, attempt: int) -> Step | None:
    """Return the step if the speaker has this very attempt in hand; else refuse the input."""
    task = turn.task(said.task)
    step = task.steps.get(name) if task is not None else None
    if (
        step is None
        or step.state != "assigned"
        or step.principal != said.principal
        or step.attempt != attempt
    ):
        refuse_step(turn, said, name, attempt)
        return None
    return step


def _in_hand(turn: Turn, said: Input, body: StepResult | StepFailure) -> Step | None:
    """Return the step that has ended; one that was killed has ended too, and nothing follows from it."""
    if turn.state.stopping or turn.state.condemned:
        confirmed(turn, said, body.step, body.attempt, 0)
    return current_step(turn, said, body.step, body.attempt)


def step_failed(turn: Turn, number: int, step: Step, message: str, *, permanent: bool) -> None:
    """Try again after a wait, or give the step up and plan anew."""
    failures = step.failures + 1
    last = permanent or failures >= MAX_STEP_FAILURES
    wait_ms = min(RETRY_MAX_MS, RETRY_BASE_MS * 2 ** (failures - 1))
    turn.say(
        number,
        facts.StepFailed(
            at_ms=turn.now_ms,
            step=step.id,
            attempt=step.attempt,
            message=line(message),
            retry_at_ms=None if last else turn.now_ms + wait_ms,
        ),
    )
    if last:
        give_up(turn, number, step, message)


def step_lost(turn: Turn, number: int, step: Step, reason: str) -> None:
    """Take a step from an agent that is gone or too late; it is assigned anew, a bounded number of times."""
    lost = facts.StepLost(
        at_ms=turn.now_ms,
        step=step.id,
        attempt=step.attempt,
        principal=step.principal,
        reason=line(reason),
    )
    turn.say(number, lost)
    if step.losses + 1 >= MAX_STEP_LOSSES:
        give_up(turn, number, step, f"its agent was lost {step.losses + 1} times; the last time: {reason}")


def give_up(turn: Turn, number: int, step: Step, reason: str) -> None:
    """Let a step be dead, and plan anew; without its planner or reviewer a task has failed."""
    dead = line(f"step {step.id} ({step.role}) cannot be done: {reason}")
    turn.say(number, facts.StepDead(at_ms=turn.now_ms, step=step.id, reason=dead))
    abandon_effects(turn, number, step.id)
    if step.role in {PLANNER, REVIEWER}:
        end_task(turn, number, facts.Failed(at_ms=turn.now_ms, kind="step", reason=dead))
    else:
        plan_anew(turn, number, dead)


def _after_step(turn: Turn, number: int) -> None:
    task = turn.state.tasks[number]
    if not task.active or any(task.steps[name].state != "completed" for name in task.order):
        return
    if task.review:
        request_review(turn, number)
    else:
        results = {name: task.steps[name].result for name in task.order}
        end_task(turn, number, facts.Completed(at_ms=turn.now_ms, results=results))
