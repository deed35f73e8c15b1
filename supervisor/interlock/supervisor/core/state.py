"""Everything the supervisor knows, as immutable values; it is rebuilt from facts alone.

A change makes a new value that shares the rest with the old one. Invariants stand beside the fields.
"""

from typing import Any

import msgspec
from immutables import Map
from msgspec.structs import replace

from interlock.contracts.budget import NOTHING, Amounts
from interlock.contracts.charter import Charter
from interlock.contracts.facts import Demand, Lack
from interlock.contracts.message import Json
from interlock.contracts.presence import ModelOffer, ToolOffer
from interlock.supervisor.core.account import Account
from interlock.supervisor.core.transitions import (
    EffectState,
    FleetState,
    Hold,
    Phase,
    StepState,
)

__all__ = [
    "NO_MAP",
    "Account",
    "Agent",
    "Effect",
    "EffectWorker",
    "Ready",
    "State",
    "Step",
    "Task",
    "replace",
]

NO_MAP: Map[Any, Any] = Map()


class Step(msgspec.Struct, frozen=True):
    """One step of a task. `attempt` counts assignments; `principal` is empty unless assigned.

    `in_vain` counts its effects that ended without success since the last that had some.
    """

    id: str
    role: str
    title: str = ""
    input: Json = {}
    after: tuple[str, ...] = ()
    state: StepState = "blocked"
    attempt: int = 0
    principal: str = ""
    result: int = 0
    deadline_ms: int = 0
    retry_at_ms: int = 0
    failures: int = 0
    losses: int = 0
    in_vain: int = 0
    waiting: str = ""
    notes: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    account: Account = Account()


class Effect(msgspec.Struct, frozen=True):
    """One effect, named by its first request. `attempt` is the step's attempt that waits for it.

    `to_count` is whether its grant reserves less than the prompt's bytes may need.
    """

    seq: int
    step: str
    role: str
    key: str
    attempt: int
    demand: Demand
    state: EffectState
    grant: int = 0
    granted_attempt: int = 0
    worker: str = ""
    reserved: Amounts = NOTHING
    repeatable: bool = True
    max_output_tokens: int = 0
    to_count: bool = False
    outcome: int = 0
    waits_for: str = ""


class Task(msgspec.Struct, frozen=True):
    """One task. Its steps are named `plan`, `review` and as the plan says.

    Its account's clock runs while it moves and the fleet is not paused. `waiting` are the effects that are
    held for anything but a worker; `repeats` counts each step's calls by their digest; `walled` is whether
    the wall time of any of its steps is limited.
    """

    id: int
    goal: str
    submitter: str
    tenant: str
    priority: int
    docs: str
    model: str
    review: bool
    criteria: tuple[str, ...]
    deadline_ms: int | None
    account: Account
    phase: Phase = "none"
    hold: Hold = "free"
    parked_for: str = ""
    lack: Lack | None = None
    reason: str = ""
    held_since_ms: int = 0
    steps: Map[str, Step] = NO_MAP
    order: tuple[str, ...] = ()
    plan_rounds: int = 0
    plan_refusals: int = 0
    review_rounds: int = 0
    effects: Map[int, Effect] = NO_MAP
    keys: Map[tuple[str, str], int] = NO_MAP
    waiting: tuple[int, ...] = ()
    repeats: Map[tuple[str, str], int] = NO_MAP
    walled: bool = False

    @property
    def active(self) -> bool:
        """Whether anything can still happen to it."""
        return self.phase in {"planning", "working", "reviewing"}

    @property
    def moving(self) -> bool:
        """Whether new things may start."""
        return self.hold == "free" and self.active


class Agent(msgspec.Struct, frozen=True):
    """An agent process that is there, and the steps that it has in hand: (task, step) to attempt."""

    principal: str
    incarnation: str
    capacity: int
    charter: Charter
    input_schema: Json = {}
    in_hand: Map[tuple[int, str], int] = NO_MAP

    @property
    def free(self) -> int:
        """How many more steps it can take."""
        return self.capacity - len(self.in_hand)


class EffectWorker(msgspec.Struct, frozen=True):
    """An effect worker that is there, its offers by name, and what it has in hand: effect to task."""

    principal: str
    incarnation: str
    capacity: int
    models: dict[str, ModelOffer]
    tools: dict[str, ToolOffer]
    in_hand: Map[int, int] = NO_MAP

    @property
    def free(self) -> int:
        """How many more effects it can take."""
        return self.capacity - len(self.in_hand)


class Ready(msgspec.Struct, frozen=True, order=True):
    """A step in the queue of its role and tenant; the order of the fields is the order of the queue."""

    rank: int
    task: int
    place: int
    step: str


class State(msgspec.Struct, frozen=True):
    """The whole.

    `active` are the tasks to which anything can still happen, `settling` those that are over but have effects
    in flight, and `waiting` those that have an effect waiting.
    `crews` are the agents of each role. `ready` queues steps by role and tenant; `starved` are effects that
    wait for a worker. `shared` are the accounts of what many tasks share, by scope (`fleet`,
    `tenant <name>`, `role <name>`), and `walled` those whose wall time is limited.
    """

    tasks: Map[int, Task] = NO_MAP
    active: Map[int, None] = NO_MAP
    settling: Map[int, None] = NO_MAP
    agents: Map[str, Agent] = NO_MAP
    workers: Map[str, EffectWorker] = NO_MAP
    crews: Map[str, tuple[str, ...]] = NO_MAP
    charters: Map[str, Charter] = NO_MAP
    shared: Map[str, Account] = NO_MAP
    walled: tuple[str, ...] = ()
    waiting: tuple[int, ...] = ()
    running: Map[str, int] = NO_MAP
    ready: Map[str, Map[str, tuple[Ready, ...]]] = NO_MAP
    starved: tuple[tuple[int, int], ...] = ()
    switch: FleetState = "running"
