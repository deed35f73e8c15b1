"""Whatever happens in whatever order: every decision is lawful, and every task can be brought to its end."""

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from tests.supervisor.core import invariants, world
from tests.supervisor.core.life import HAPPENINGS, Life

from interlock.supervisor.core import turn
from interlock.supervisor.core.state import State

WALK_STEPS = 300
chances = st.randoms(use_true_random=False)


class Machine(RuleBasedStateMachine):
    """Hypothesis chooses what happens; every decision is checked by the world itself."""

    def __init__(self) -> None:
        super().__init__()
        self.life = Life()

    @property
    def state(self) -> State:
        return self.life.world.state

    @rule(chance=chances)
    def somebody_comes_or_goes(self, chance: Random) -> None:
        chance.choice((Life.agent_joins, Life.agent_joins, Life.worker_joins, Life.somebody_leaves))(
            self.life, chance
        )

    @rule(chance=chances)
    def a_task_comes(self, chance: Random) -> None:
        self.life.task_comes(chance)

    @precondition(lambda self: any(agent.in_hand for agent in self.state.agents.values()))
    @rule(chance=chances)
    def an_agent_ends_a_step(self, chance: Random) -> None:
        chance.choice((Life.step_ends_well, Life.step_ends_well, Life.step_fails))(self.life, chance)

    @precondition(lambda self: any(agent.in_hand for agent in self.state.agents.values()))
    @rule(chance=chances)
    def an_agent_asks(self, chance: Random) -> None:
        self.life.effect_is_asked_for(chance)

    @precondition(lambda self: any(worker.in_hand for worker in self.state.workers.values()))
    @rule(chance=chances)
    def an_effect_ends(self, chance: Random) -> None:
        chance.choice((Life.effect_ends, Life.effect_ends, Life.effect_is_counted))(self.life, chance)

    @precondition(lambda self: bool(self.state.tasks))
    @rule(chance=chances)
    def a_person_intervenes(self, chance: Random) -> None:
        choices = (
            Life.task_is_switched,
            Life.fleet_is_switched,
            Life.something_is_switched,
            Life.something_is_let_go,
            Life.limit_is_raised,
            Life.limits_are_set,
            Life.person_decides,
        )
        chance.choice(choices)(self.life, chance)

    @precondition(lambda self: bool(self.state.kills))
    @rule(chance=chances)
    def something_is_seen(self, chance: Random) -> None:
        choices = (Life.agent_confirms, Life.agent_confirms, Life.something_is_observed)
        chance.choice((*choices, Life.watchers_come))(self.life, chance)

    @rule(chance=chances)
    def time_passes(self, chance: Random) -> None:
        self.life.time_passes(chance)

    @rule(chance=chances)
    def nonsense_is_said(self, chance: Random) -> None:
        chance.choice((Life.something_is_said_again, Life.nonsense_is_said))(self.life, chance)


def test_no_sequence_of_inputs_breaks_the_law() -> None:
    run_state_machine_as_test(
        Machine, settings=settings(max_examples=40, stateful_step_count=40, deadline=None)
    )


@pytest.mark.parametrize("seed", range(40))
def test_after_a_long_life_every_task_can_be_brought_to_its_end(seed: int) -> None:
    # Given a life in which everything happens that can
    chance, life = Random(seed), Life()
    for happening in chance.choices(list(HAPPENINGS), list(HAPPENINGS.values()), k=WALK_STEPS):
        happening(life, chance)
    # When everybody comes back, does their work, and people help
    # Then no task is stuck
    life.everything_ends_well()


@pytest.mark.parametrize("room_bytes", [1, 600])
@pytest.mark.parametrize("seed", range(15))
def test_what_finds_no_room_in_a_record_is_not_forgotten(
    seed: int, room_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given records that hold hardly anything, so that in between much is left for later
    monkeypatch.setattr(turn, "MAX_SAID_BYTES", room_bytes)
    monkeypatch.setattr(world, "uphold", partial(_uphold_torn, invariants.uphold))
    chance, life = Random(seed), Life()
    for happening in chance.choices(list(HAPPENINGS), list(HAPPENINGS.values()), k=WALK_STEPS):
        happening(life, chance)
    # When everybody comes back, does their work, and people help
    # Then no task is stuck
    life.everything_ends_well()


def _uphold_torn(uphold: Callable[..., None], *decided: Any, torn: bool) -> None:
    del torn
    uphold(*decided, torn=True)


def test_life_is_eventful() -> None:
    """The walks are worth something only if they meet nearly everything that can be decided."""
    met: set[str] = set()
    for seed in range(10):
        chance, life = Random(seed), Life()
        for happening in chance.choices(list(HAPPENINGS), list(HAPPENINGS.values()), k=WALK_STEPS):
            happening(life, chance)
        met |= {type(fact).__name__ for told in life.world.told.values() for fact in told}
    assert len(met) >= 40, sorted(met)
