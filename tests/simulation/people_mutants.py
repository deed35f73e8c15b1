"""Broken variants of what is decided about people, each with one promise about consent taken away."""

# pyright: reportPrivateUsage=false, reportUnknownLambdaType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from msgspec.structs import replace
from tests.simulation.mutants import Mutant

from interlock.contracts import facts
from interlock.contracts.consent import judged
from interlock.supervisor.core import evolve, switches, transitions
from interlock.supervisor.core.deciding import allowing, granting, policies, ticking
from interlock.supervisor.core.deciding.people import approving, canaries, escalating, resolving, suspending
from interlock.supervisor.core.evolving import people
from interlock.supervisor.core.state import State


def takes_one_for_all() -> Any:
    """The first who agrees is enough."""
    return patch.object(approving, "_is_met", lambda _state, _need, counting, _now_ms: bool(counting))


def lets_the_requester_approve() -> Any:
    """Nobody is kept from agreeing to what they have asked for."""
    asked = escalating.escalate

    def generous(turn: Any, task: int, said: facts.Escalated) -> int:
        return asked(turn, task, replace(said, excluded=()))

    return patch.object(escalating, "escalate", generous)


def lets_a_step_wait_for_what_is_planted() -> Any:
    """What is planted says that something waits for it."""
    asked = escalating.escalate

    def blocking(turn: Any, task: int, said: facts.Escalated) -> int:
        return asked(turn, task, replace(said, blocks=True))

    return patch.object(canaries, "escalate", blocking)


def believes_any_signature() -> Any:
    """A signature is not looked at."""
    return patch.object(approving, "is_signed", lambda _approval: True)


def believes_any_key() -> Any:
    """Whose key it is is not looked at."""
    return patch.object(approving, "has_key", lambda *_: True)


@contextmanager
def lets_anybody_approve() -> Generator[None]:
    """Whoever agrees counts, whatever role they are in."""
    with (
        patch.object(approving, "speaks_for", lambda _state, who, _role, _now_ms: iter((who,))),
        patch.object(approving, "is_member", lambda *_: True),
    ):
        yield


def counts_what_was_signed_over_something_else() -> Any:
    """What exactly was signed is not compared with what is asked for."""

    def gullible(*_args: Any, **_more: Any) -> bool:
        return True

    return patch.object(approving, "_is_sound", gullible)


def counts_the_absent() -> Any:
    """Who once stood in for somebody does so for ever."""
    delegated = evolve._CHANGES[facts.Delegated]

    def for_ever(state: State, number: int, fact: facts.Delegated) -> State:
        return delegated(state, number, replace(fact, until_ms=2**52))

    return patch.dict(evolve._CHANGES, {facts.Delegated: for_ever})


@contextmanager
def lets_approvals_last() -> Generator[None]:
    """That an approval has expired is not looked at."""
    with (
        patch.object(people, "expires_ms", lambda said: said.at_ms + 2**40),
        patch.object(approving, "expires_ms", lambda said: said.at_ms + 2**40),
    ):
        yield


def decides_twice() -> Any:
    """What is decided stays open to the next verdict."""
    resolved = evolve._CHANGES[facts.Resolved]

    def open_still(state: State, number: int, fact: facts.Resolved) -> State:
        known = state.escalations[number, fact.number]
        state = resolved(state, number, fact)
        return replace(state, escalations=state.escalations.set((number, fact.number), known))

    return patch.dict(evolve._CHANGES, {facts.Resolved: open_still})


def asks_nobody() -> Any:
    """That people have to agree is taken for having agreed."""
    return patch.object(allowing, "satisfies", lambda *_args: True)


def asks_nobody_about_models() -> Any:
    """That people have to agree to the use of a model is not looked at."""
    return patch.object(
        allowing, "_model_allowed", lambda _turn, _number, effect, _offer, ruling: (ruling, effect)
    )


@contextmanager
def lets_models_be_used_elsewhere() -> Generator[None]:
    """Who has agreed to a model here has agreed to it everywhere."""
    with (
        patch.object(allowing, "judged", _as_it_was),
        patch.object(granting, "is_as_agreed", lambda _effect, _offer: True),
    ):
        yield


def _as_it_was(asked: Any, offer: Any) -> Any:
    return asked if "region" in asked else judged(asked, offer)


@contextmanager
def keeps_to_old_policies() -> Generator[None]:
    """What was agreed to under other policies counts under these, and is not asked anew."""

    def blind(_state: State, known: Any, now_ms: int) -> list[facts.ApprovalCounted]:
        return [one for one in known.approvals if now_ms < people.expires_ms(one)]

    counted = evolve._CHANGES[facts.ApprovalCounted]

    def keeping(state: State, number: int, fact: facts.ApprovalCounted) -> State:
        before = state.escalations[number, fact.number].approvals
        state = counted(state, number, fact)
        known = state.escalations[number, fact.number]
        kept = tuple(one for one in before if one.by != fact.by)
        known = replace(known, approvals=(*kept, fact))
        return replace(state, escalations=state.escalations.set((number, fact.number), known))

    with (
        patch.dict(evolve._CHANGES, {facts.ApprovalCounted: keeping}),
        patch.object(approving, "_counting", blind),
        patch.object(ticking, "reask_stale", _nothing),
        patch.object(policies, "reask_stale", _nothing),
    ):
        yield


def leaves_questions_open() -> Any:
    """A task ends, and people are still asked about it."""
    return patch.object(resolving, "open_of", lambda _state, _task: [])


def gives_out_what_waits() -> Any:
    """A step that waits for people is ready."""
    return patch.dict(transitions.STEPS["assigned"], {"step_suspended": "ready"})


def buys_for_what_waits() -> Any:
    """A step is suspended as soon as it asks people anything, though it waits for something else too."""
    return patch.object(
        suspending, "_waits", lambda _task, pending: any(effect.state == "escalated" for effect in pending)
    )


def keeps_the_hand() -> Any:
    """An agent whose step waits for people has its hand full."""
    suspended = evolve._CHANGES[facts.StepSuspended]

    def stingy(state: State, number: int, fact: facts.StepSuspended) -> State:
        return replace(suspended(state, number, fact), agents=state.agents)

    return patch.dict(evolve._CHANGES, {facts.StepSuspended: stingy})


def lets_clocks_run_while_people_think() -> Any:
    """Wall time goes on while nothing can without people."""
    return patch.object(switches, "awaits_people", lambda _task: False)


def counts_a_step_again_after_waiting() -> Any:
    """To go on after people were awaited is one step more."""
    awakened = evolve._CHANGES[facts.StepAwakened]

    def forgetful(state: State, number: int, fact: facts.StepAwakened) -> State:
        state = awakened(state, number, fact)
        task = state.tasks[number]
        step = replace(task.steps[fact.step], awakened=False)
        task = replace(task, steps=task.steps.set(fact.step, step))
        return replace(state, tasks=state.tasks.set(number, task))

    return patch.dict(evolve._CHANGES, {facts.StepAwakened: forgetful})


def _nothing(*_args: Any) -> None:
    return


PEOPLE_MUTANTS: tuple[Mutant, ...] = (
    takes_one_for_all,
    lets_the_requester_approve,
    lets_a_step_wait_for_what_is_planted,
    believes_any_signature,
    believes_any_key,
    lets_anybody_approve,
    counts_what_was_signed_over_something_else,
    counts_the_absent,
    lets_approvals_last,
    decides_twice,
    asks_nobody,
    asks_nobody_about_models,
    lets_models_be_used_elsewhere,
    keeps_to_old_policies,
    leaves_questions_open,
    gives_out_what_waits,
    buys_for_what_waits,
    keeps_the_hand,
    lets_clocks_run_while_people_think,
    counts_a_step_again_after_waiting,
)
