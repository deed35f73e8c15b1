"""The facts that the supervisor decides, one struct each, in the order in which a task meets them.

Times are milliseconds since the epoch, sequences are records of the log. Bulk is named by sequence,
never copied.
"""

from typing import Literal

import msgspec

from interlock.contracts.budget import NOTHING, Amounts, Budget
from interlock.contracts.charter import Charter
from interlock.contracts.effect import EffectEnd, EffectKey
from interlock.contracts.message import Json, Line, Part, Sequence, snake
from interlock.contracts.plan import PlannedStep, StepId
from interlock.contracts.presence import ModelOffer, ToolOffer


class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="fact", tag=snake):
    """Something that is so from now on."""


class Accepted(Fact, frozen=True, kw_only=True):
    """The task exists."""

    at_ms: int
    goal: str
    submitter: str
    tenant: str
    priority: int
    budget: Budget
    docs: str = ""
    model: str = ""
    criteria: tuple[str, ...] = ()
    review: bool = True
    deadline_ms: int | None = None


class Rejected(Fact, frozen=True, kw_only=True):
    """The submission is none: what is wrong, and where."""

    reason: Line
    where: str = ""


class Refused(Fact, frozen=True, kw_only=True):
    """An input that changes nothing here, and why."""

    input: Sequence
    reason: Line


class PlanRequested(Fact, frozen=True, kw_only=True):
    """A planner shall plan (again): `refusals` say why the last plan will not do."""

    at_ms: int
    step: StepId
    refusals: tuple[str, ...] = ()
    replan: bool = False


class Planned(Fact, frozen=True, kw_only=True):
    """The plan holds from here."""

    steps: tuple[PlannedStep, ...]
    criteria: tuple[str, ...] = ()


class PlanRefused(Fact, frozen=True, kw_only=True):
    """The plan of this step will not do."""

    step: StepId
    reasons: tuple[str, ...]


class ReviewRequested(Fact, frozen=True, kw_only=True):
    """A reviewer shall judge the results."""

    step: StepId
    round: int


class StepAssigned(Fact, frozen=True, kw_only=True):
    """One principal has the step now."""

    at_ms: int
    step: StepId
    attempt: int
    principal: str
    deadline_ms: int


class StepWaiting(Fact, frozen=True, kw_only=True):
    """The step could begin, but for this."""

    step: StepId
    reason: Line


class StepCompleted(Fact, frozen=True, kw_only=True):
    """The step's result is the record `result`."""

    at_ms: int
    step: StepId
    attempt: int
    result: Sequence


class StepFailed(Fact, frozen=True, kw_only=True):
    """The attempt failed; the next may begin at `retry_at_ms` (None: there is none)."""

    at_ms: int
    step: StepId
    attempt: int
    message: Line
    retry_at_ms: int | None = None


class StepLost(Fact, frozen=True, kw_only=True):
    """The agent is gone or too late; the step will be assigned anew."""

    at_ms: int
    step: StepId
    attempt: int
    principal: str
    reason: Line


class StepRetried(Fact, frozen=True, kw_only=True):
    """The wait after a failure is over; the step may be assigned."""

    step: StepId


class StepDead(Fact, frozen=True, kw_only=True):
    """No attempt is left: a dead letter."""

    step: StepId
    reason: Line


class StepReopened(Fact, frozen=True, kw_only=True):
    """The reviewer wants it better: the step begins again with these notes."""

    step: StepId
    notes: tuple[str, ...]


class Demand(Part, frozen=True, kw_only=True):
    """What an effect needs, as data: which model or tool, and how much text at most goes in and comes out.

    `digest` is the same for two calls that ask for the same.
    """

    kind: Literal["model", "tool", "ask"]
    name: str
    digest: str = ""
    prompt_bytes: int = 0
    max_output_tokens: int = 0


class EffectGranted(Fact, frozen=True, kw_only=True):
    """The effect may happen, once, at this worker, and `reserved` is put aside for it."""

    effect: Sequence
    step: StepId
    attempt: int
    key: EffectKey
    grant: int
    worker: str
    reserved: Amounts
    demand: Demand
    repeatable: bool
    max_output_tokens: int = 0


class EffectHeld(Fact, frozen=True, kw_only=True):
    """The effect waits: for money that is reserved elsewhere, for a worker, for a raise, for a person."""

    effect: Sequence
    step: StepId
    attempt: int
    key: EffectKey
    demand: Demand
    waits_for: Literal["capacity", "reservations", "budget", "switch"]
    reason: Line


class EffectDenied(Fact, frozen=True, kw_only=True):
    """The effect may not happen, by this rule."""

    effect: Sequence
    step: StepId
    attempt: int
    key: EffectKey
    rule: str
    reason: Line


class EffectEscalated(Fact, frozen=True, kw_only=True):
    """A person is asked; the record `effect` holds the question."""

    effect: Sequence
    step: StepId
    attempt: int
    key: EffectKey
    question: str


class EffectRepeated(Fact, frozen=True, kw_only=True):
    """The same effect was asked for again by a later attempt: it stays what it was."""

    effect: Sequence
    attempt: int


class EffectSettled(Fact, frozen=True, kw_only=True):
    """The effect has ended; `spent` counts, the rest of the reservation is free.

    `basis` is `actual` (the worker's count), `bound` (the call may have happened: the whole reservation)
    or `nothing` (it provably did not happen). `outcome` is the record that tells more. It counts to the day
    of `at_ms`.
    """

    at_ms: int
    effect: Sequence
    grant: int
    end: EffectEnd
    basis: Literal["actual", "bound", "nothing"]
    spent: Amounts = NOTHING
    outcome: Sequence = 0
    overrun: Amounts | None = None


class BudgetWarned(Fact, frozen=True, kw_only=True):
    """Four fifths of a limit are spent: of the task's, or (on the fleet's subject) of one that tasks share.

    `day` is that of a daily limit, and 0 for a limit in total.
    """

    dimension: str
    spent: int
    limit: int
    scope: str = "task"
    day: int = 0


class LimitsSet(Fact, frozen=True, kw_only=True):
    """The limits of what many tasks share, from now on.

    `scope` is `fleet`, `tenant <name>` or `role <name>`.
    """

    at_ms: int
    scope: str
    total: Budget
    day: Budget
    by: str
    reason: str = ""


class LimitRaised(Fact, frozen=True, kw_only=True):
    """A person added `more` to the budget, and as much to the limits of each step; `budget` is the sum."""

    by: str
    budget: Budget
    more: Amounts = NOTHING
    reason: str = ""


class Lack(Part, frozen=True, kw_only=True):
    """What stands in the way of spending `needed` more: this limit, in this scope.

    `day` is the day (days since the epoch, UTC) of a daily limit, and 0 for a limit in total.
    """

    scope: str
    dimension: str
    limit: int
    needed: int
    day: int = 0


class Parked(Fact, frozen=True, kw_only=True):
    """The task waits for a person; what it has is kept. With `lack` it goes on when that limit is raised."""

    at_ms: int
    kind: Literal["budget", "review", "in_doubt", "loop", "overrun"]
    reason: Line
    lack: Lack | None = None


class LoopFound(Fact, frozen=True, kw_only=True):
    """A step goes round in circles: the same call again and again, or effects one after another in vain."""

    step: StepId
    kind: Literal["same_effect", "no_progress"]
    times: int
    what: str


class Paused(Fact, frozen=True, kw_only=True):
    """Nothing new starts, what is in flight may finish, clocks stand still."""

    at_ms: int
    by: str
    reason: str = ""


class Resumed(Fact, frozen=True, kw_only=True):
    """It goes on where it was."""

    at_ms: int
    by: str
    reason: str = ""


class Reviewed(Fact, frozen=True, kw_only=True):
    """The reviewer's judgement."""

    step: StepId
    decision: Literal["approve", "revise", "escalate"]
    reasons: tuple[str, ...] = ()


class Completed(Fact, frozen=True, kw_only=True):
    """The task is done; its results are these records, by step."""

    at_ms: int
    results: dict[str, Sequence]


class Failed(Fact, frozen=True, kw_only=True):
    """The task cannot be done."""

    at_ms: int
    reason: Line
    kind: Literal["step", "plan", "deadline"] = "step"


class Halted(Fact, frozen=True, kw_only=True):
    """The task was killed: nothing more starts, nothing late counts."""

    at_ms: int
    by: str
    reason: str = ""


class AgentJoined(Fact, frozen=True, kw_only=True):
    """An agent process is there."""

    principal: str
    incarnation: str
    capacity: int
    charter: Charter
    input_schema: Json = {}


class EffectsJoined(Fact, frozen=True, kw_only=True):
    """An effect worker is there."""

    principal: str
    incarnation: str
    capacity: int
    models: tuple[ModelOffer, ...] = ()
    tools: tuple[ToolOffer, ...] = ()


class Left(Fact, frozen=True, kw_only=True):
    """An agent or effect worker is gone; whatever it had in hand is lost."""

    principal: str
    incarnation: str
    reason: Line


class FleetSwitched(Fact, frozen=True, kw_only=True):
    """The switch over everything."""

    at_ms: int
    state: Literal["running", "paused", "draining", "killed"]
    by: str
    reason: str = ""


class LeaderTook(Fact, frozen=True, kw_only=True):
    """This life of this supervisor decides from here on; the record's sequence is the name of its term."""

    principal: str
    incarnation: str
    at_ms: int


class LeaderLeft(Fact, frozen=True, kw_only=True):
    """It decides nothing more, and nobody has to wait for it to fall silent."""

    principal: str
    incarnation: str
    at_ms: int


class Led(Fact, frozen=True, kw_only=True):
    """The leader of this term has read what was decided here; whoever led before can add nothing more."""

    term: Sequence


TaskFact = (
    Accepted
    | Rejected
    | Refused
    | PlanRequested
    | Planned
    | PlanRefused
    | ReviewRequested
    | StepAssigned
    | StepWaiting
    | StepCompleted
    | StepFailed
    | StepLost
    | StepRetried
    | StepDead
    | StepReopened
    | EffectGranted
    | EffectHeld
    | EffectDenied
    | EffectEscalated
    | EffectRepeated
    | EffectSettled
    | BudgetWarned
    | LimitRaised
    | LoopFound
    | Parked
    | Paused
    | Resumed
    | Reviewed
    | Completed
    | Failed
    | Halted
    | Led
)
LeaderFact = LeaderTook | LeaderLeft
FleetFact = AgentJoined | EffectsJoined | Left | FleetSwitched | LimitsSet | BudgetWarned | Refused | Led
AnyFact = TaskFact | AgentJoined | EffectsJoined | Left | FleetSwitched | LimitsSet | LeaderFact
