"""A scenario: who plays and what the adversary does when; everything that decides a run, as data."""

import msgspec

from interlock.console.simulation.actions import AnyAction


class Cast(msgspec.Struct, frozen=True):
    """Who plays: the names of the processes, the capacities, whether an agent repeats itself.

    `drifts` says whose clock gains or loses, in milliseconds a millisecond; the server has one too.
    """

    supervisors: tuple[str, ...]
    agents: dict[str, int]
    workers: dict[str, int]
    restless: bool
    drifts: dict[str, float] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Return everybody but people."""
        return (*self.supervisors, *self.agents, *self.workers)


class Scenario(msgspec.Struct, frozen=True):
    """Everything that decides a run."""

    seed: int
    profile: str
    cast: Cast
    actions: tuple[AnyAction, ...]

    @property
    def ends_s(self) -> float:
        """Return when the adversary stops."""
        return max((action.at_s for action in self.actions), default=0.0) + 1.0

    def only(self, actions: tuple[AnyAction, ...]) -> "Scenario":
        """Return the same with other actions."""
        return msgspec.structs.replace(self, actions=actions)
