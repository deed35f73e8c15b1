"""Everything the supervisor knows, as immutable values; it is rebuilt from facts alone.

A change makes a new value that shares the rest with the old one. Invariants stand beside the fields.
"""

from typing import Literal

import msgspec
from immutables import Map
from msgspec.structs import replace

from interlock.contracts.approval import Approval
from interlock.contracts.budget import NOTHING, Amounts
from interlock.contracts.charter import Charter
from interlock.contracts.effect import ToolCall
from interlock.contracts.facts import (
    Delegated,
    Demand,
    EffectFate,
    Entitled,
    Lack,
    PoliciesSet,
    Resolved,
    SwitchState,
)
from interlock.contracts.message import Json
from interlock.contracts.people import Need
from interlock.contracts.presence import ModelOffer, ToolOffer
from interlock.contracts.scope import Scope
from interlock.supervisor.core.account import Account
from interlock.supervisor.core.escalation import Escalation
from interlock.supervisor.core.kill import NO_MAP, Condemned, Kill, Stopping
from interlock.supervisor.core.transitions import EffectState, Hold, Phase, StepState

__all__ = [
    "NO_MAP",
    "Access",
    "Account",
    "Agent",
    "Attempts",
    "Effect",
    "EffectWorker",
    "Escalation",
    "Guard",
    "Ready",
    "Release",
    "State",
    "Step",
    "Switch",
    "Task",
    "replace",
]


_GOING = ("free", "draining")

ParkedFor = Literal["", "budget", "review", "in_doubt", "loop", "overrun"]


class Step(msgspec.Struct, frozen=True):
    """One step of a task. `attempt` counts assignments; `principal` is empty unless assigned.

    `in_vain` counts its effects that ended without success since the last that had some; `holders` are those
    who have had its attempts; `tainted` are the first of its effects that told it what comes from outside.
    `awakened` is whether it was suspended and may begin again, which counts for nothing.
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
    tainted: tuple[int, ...] = ()
    awakened: bool = False
    waiting: str = ""
    notes: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    account: Account = Account()
    holders: tuple[str, ...] = ()


class Effect(msgspec.Struct, frozen=True):
    """One effect, named by its first request. `attempt` is the step's attempt that waits for it.

    `to_count` is whether its grant reserves less than the prompt's bytes may need; `holders` are the workers
    that have had its grants. `withdrawn` is whether a kill was over it when it was in flight, `doubtful`
    whether an earlier grant was lost, so that it may have begun. `needs` are those who had to agree, and
    `approvals` their signatures, good until `approved_until_ms`; the submitter is one of them only where
    `requester_may`. `arguments` are those that a person has put in place of the agent's, `agreed` is the most
    that they were told it costs, `call` what nobody's request holds. `policies` is the version that allowed
    it, `asked` the number of the escalation about it, and `reason` why it was refused.
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
    holders: tuple[str, ...] = ()
    withdrawn: bool = False
    doubtful: bool = False
    needs: tuple[Need, ...] = ()
    approvals: tuple[Approval, ...] = ()
    approved_until_ms: int = 0
    requester_may: bool = False
    agreed: Amounts = NOTHING
    arguments: Json | None = None
    call: ToolCall | None = None
    policies: str = ""
    flags: tuple[str, ...] = ()
    untrusted: bool = False
    asked: int = 0
    reason: str = ""

    @property
    def unbegun(self) -> EffectFate:
        """What a receipt says of it when this grant, or none at all, has begun."""
        return "in_doubt" if self.doubtful else "refused"


class Task(msgspec.Struct, frozen=True):
    """One task. Its steps are named `plan`, `review` and as the plan says.

    Its account's clock runs while it goes on and neither the fleet nor its tenant is paused. `waiting` are
    the effects that are held for anything but a worker; `repeats` counts each step's calls by their digest;
    `walled` is whether the wall time of any of its steps is limited. `until_ms` is when its pause ends by
    itself; `drained_by` and `drain` are who drains it, and the record of that. `asked` are the effects of
    which people are asked, `suspended` the steps that are in nobody's hand for it. `paused_ms` is since when
    the clocks of approvals stand (0: they run), `told_late` whether people know that its deadline is near.
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
    parked_for: ParkedFor = ""
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
    until_ms: int | None = None
    drained_by: str = ""
    drain: int = 0
    asked: tuple[int, ...] = ()
    suspended: tuple[str, ...] = ()
    paused_ms: int = 0
    accepted_ms: int = 0
    told_late: bool = False

    @property
    def active(self) -> bool:
        """Whether anything can still happen to it."""
        return self.phase in {"planning", "working", "reviewing"}

    @property
    def moving(self) -> bool:
        """Whether new steps may start."""
        return self.hold == "free" and self.active

    @property
    def going(self) -> bool:
        """Whether steps in hand may go on and ask for effects."""
        return self.hold in _GOING and self.active


class Agent(msgspec.Struct, frozen=True):
    """An agent process that is there, and the steps that it has in hand: (task, step) to attempt."""

    principal: str
    incarnation: str
    capacity: int
    charter: Charter
    input_schema: Json = {}
    output_schema: Json = {}
    pid: int = 0
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
    pid: int = 0
    in_hand: Map[int, int] = NO_MAP

    @property
    def free(self) -> int:
        """How many more effects it can take."""
        return self.capacity - len(self.in_hand)


class Guard(msgspec.Struct, frozen=True):
    """A guard that is there, and the principals whose processes are in its hands."""

    principal: str
    incarnation: str
    host: str = ""
    children: frozenset[str] = frozenset()


class Access(msgspec.Struct, frozen=True):
    """An access service that is there."""

    principal: str
    incarnation: str
    host: str = ""


class Switch(msgspec.Struct, frozen=True):
    """A switch that is not on `running`; `input` is the record of the command."""

    state: SwitchState
    by: str
    reason: str = ""
    input: int = 0
    commanded_us: int = 0
    until_ms: int | None = None


class Release(msgspec.Struct, frozen=True):
    """How many people must resume a killed fleet, and who wants it since it was killed."""

    people: int = 1
    asked: tuple[str, ...] = ()


class Attempts(msgspec.Struct, frozen=True):
    """Attempts at what is not one's own: when it was said last, and how many there have been since."""

    said_ms: int
    unsaid: int = 0


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

    `switches` are those that are not on `running`; `switch` is the fleet's, and `patterns` are the scopes of
    those over models. `draining` are the tasks that are. `kills` are those without a receipt, by the record
    of the command; `stopping` are steps whose end an agent has not confirmed, by task and name; `condemned`
    are lives of agents that must not come back. `led_ms` is when another supervisor took over (0: never).
    `violations` are attempts by task (0: in none), and then by who tried and what.

    `policies` is what is allowed now (None: nothing was ever said), `autonomy` the levels by role, risk and
    tenant, `lowered` those of them that no person has set, and `mishaps` when side effects of such a kind
    have failed lately. `escalations` are those that are open, by task (0: the fleet) and number, `verdicts`
    those that are not, of tasks that go on, and `escalated` how many there have been. `delegations` are by
    who delegates.
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
    switch: SwitchState = "running"
    switches: Map[Scope, Switch] = NO_MAP
    patterns: tuple[Scope, ...] = ()
    draining: tuple[int, ...] = ()
    release: Release = Release()
    guards: Map[str, Guard] = NO_MAP
    access: Map[str, Access] = NO_MAP
    entitlements: Map[str, Entitled] = NO_MAP
    kills: Map[int, Kill] = NO_MAP
    stopping: Map[tuple[int, str], Stopping] = NO_MAP
    condemned: Map[str, Condemned] = NO_MAP
    led_ms: int = 0
    violations: Map[int, Map[tuple[str, str], Attempts]] = NO_MAP
    policies: PoliciesSet | None = None
    autonomy: Map[tuple[str, str, str], int] = NO_MAP
    lowered: Map[tuple[str, str, str], None] = NO_MAP
    mishaps: Map[tuple[str, str, str], tuple[int, ...]] = NO_MAP
    escalations: Map[tuple[int, int], Escalation] = NO_MAP
    verdicts: Map[tuple[int, int], Resolved] = NO_MAP
    escalated: Map[int, int] = NO_MAP
    delegations: Map[str, Delegated] = NO_MAP

    def attempts(self, number: int, principal: str, action: str) -> Attempts | None:
        """Return what somebody has tried in a task."""
        known: Map[tuple[str, str], Attempts] = self.violations.get(number, NO_MAP)
        return known.get((principal, action))

    def incarnation_of(self, principal: str) -> str:
        """Return which life of a process is here; empty when none is."""
        here = (
            self.agents.get(principal)
            or self.workers.get(principal)
            or self.guards.get(principal)
            or self.access.get(principal)
        )
        return here.incarnation if here is not None else ""

    @property
    def principals(self) -> tuple[str, ...]:
        """The processes that are here."""
        return (*self.agents, *self.workers, *self.guards, *self.access)
