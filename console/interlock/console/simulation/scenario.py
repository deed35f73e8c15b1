"""A scenario: who plays and what the adversary does when; everything that decides a run, as data."""

import msgspec

from interlock.console.simulation.actions import AnyAction


class Cast(msgspec.Struct, frozen=True):
    """Who plays: the names of the processes, the capacities, whether an agent repeats itself.

    `drifts` says whose clock gains or loses, in milliseconds a millisecond; the server has one too.
    `watchers` are the guard and the access service, as far as there are such; `stubborn` is whether some
    agents never confirm that they have stopped, `spending` whether agents often pay, `wary` whether the
    use of models takes people's word too, and one of the workers has its models abroad.
    """

    supervisors: tuple[str, ...]
    agents: dict[str, int]
    workers: dict[str, int]
    restless: bool
    drifts: dict[str, float] = {}
    watchers: tuple[str, ...] = ()
    stubborn: bool = False
    spending: bool = False
    wary: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Return everybody but people."""
        return (*self.supervisors, *self.agents, *self.workers, *self.watchers)


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
