"""Facts about an effect: what became of a request."""

from typing import Literal

from interlock.contracts.budget import NOTHING, Amounts
from interlock.contracts.effect import EffectEnd, EffectKey, ToolCall
from interlock.contracts.facts.fact import Fact
from interlock.contracts.facts.receipts import EffectFate
from interlock.contracts.message import Count, Json, Line, Part, Sequence
from interlock.contracts.plan import StepId


class Demand(Part, frozen=True, kw_only=True):
    """What an effect needs, as data: which model or tool, and the most tokens that go in and come out.

    `digest` is the same for two calls that ask for the same. `counted_tokens` is the whole prompt as its
    provider has counted it, and replaces what its bytes allow; 0: it could not be counted. `arguments` are
    those of a tool, where policies may be asked again, or all that a model is asked, where people may be:
    they are said once.
    """

    kind: Literal["model", "tool", "ask"]
    name: str
    digest: str = ""
    prompt_tokens: int = 0
    max_output_tokens: int = 0
    counted_tokens: int | None = None
    arguments: Json | None = None


class EffectGranted(Fact, frozen=True, kw_only=True):
    """The effect may happen, once, at this worker, and `reserved` is put aside for it.

    With `to_count` it is less than the prompt's bytes may need: the worker has them counted first. `policies`
    is the version that allows it, `flags` are what it asks for besides: `review`, or `redact:<where>`.
    `arguments` are those that a person has put in place of what was asked for, `call` what is asked for where
    no agent has: the undoing of an effect, for a `role` whose step need not stand any more. `untrusted` is
    whether what it tells comes from outside.
    """

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
    to_count: bool = False
    policies: str = ""
    flags: tuple[str, ...] = ()
    arguments: Json | None = None
    call: ToolCall | None = None
    role: str = ""
    untrusted: bool = False


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


class EffectRecommended(Fact, frozen=True, kw_only=True):
    """The agent may only suggest: what it wanted done stands among the task's recommendations instead."""

    effect: Sequence
    step: StepId
    attempt: int
    key: EffectKey
    tool: str
    arguments: Json = {}
    reason: Line = ""


class EffectRepeated(Fact, frozen=True, kw_only=True):
    """The same effect was asked for again by a later attempt: it stays what it was."""

    effect: Sequence
    attempt: int


class EffectSettled(Fact, frozen=True, kw_only=True):
    """The effect has ended; `spent` counts, the rest of the reservation is free.

    `basis` is `actual` (the worker's count), `bound` (the call may have happened: the whole reservation)
    or `nothing` (it provably did not happen). `grant` is 0 where none was in flight: it had waited, and what
    its grants may have cost was settled with each of them, once. `outcome` is the record that tells more. It
    counts to the day of `at_ms`. After the end `counted` it is decided anew, with `counted_tokens` as its
    prompt's bound. Where a kill waits for its end, `fate` is what the receipt says of it, and `started_us`
    and `ended_us` are its worker's clock (microseconds since the epoch; 0: nobody said when).
    """

    at_ms: int = 0
    effect: Sequence
    grant: int
    end: EffectEnd | Literal["counted"]
    basis: Literal["actual", "bound", "nothing"]
    spent: Amounts = NOTHING
    outcome: Sequence = 0
    overrun: Amounts | None = None
    counted_tokens: int = 0
    fate: EffectFate | None = None
    started_us: Count = 0
    ended_us: Count = 0
