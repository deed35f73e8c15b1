"""Who is there: hello, beat and bye of agents and effect workers, with what they offer."""

from typing import Annotated, Literal

import msgspec

from interlock.contracts import limits
from interlock.contracts.charter import Charter
from interlock.contracts.effect import OutputTokens, ToolName
from interlock.contracts.message import Count, Json, Message, Name, Part, Reason

Risk = Literal["read", "write", "irreversible"]
DEFAULT_DATA_CLASS = "internal"
Capacity = Annotated[int, msgspec.Meta(ge=1, le=limits.MAX_CAPACITY)]


class PriceUpTo(Part, frozen=True, kw_only=True):
    """What a model costs as long as its prompt has at most `prompt_tokens`: a tier below the dearest."""

    prompt_tokens: Count
    input_usd_micros_per_mtok: Count
    output_usd_micros_per_mtok: Count


class ModelOffer(Part, frozen=True, kw_only=True):
    """A model that an effect worker can call, and its price.

    Prices are micro-dollars for a million tokens, the highest at which any token may be billed; None is no
    known price, and then the model is refused. `up_to` holds cheaper tiers, the shortest prompt first.
    `price_source` says where the price stands and of which day it is, or how to give one.
    `prompt_overhead_tokens` is the most that a server adds to a prompt: chat template, tool prompt. `counts`
    says that the worker can have a prompt counted exactly, for nothing. `data_class` and `region` say
    which data it may be given, and where it runs (empty: nowhere in particular).
    """

    model: Name
    input_usd_micros_per_mtok: Count | None = None
    output_usd_micros_per_mtok: Count | None = None
    up_to: Annotated[tuple[PriceUpTo, ...], msgspec.Meta(max_length=limits.MAX_PRICE_TIERS)] = ()
    price_source: str = ""
    max_output_tokens: OutputTokens = limits.MAX_OUTPUT_TOKENS
    prompt_overhead_tokens: Count = limits.DEFAULT_PROMPT_OVERHEAD_TOKENS
    counts: bool = False
    data_class: Name = DEFAULT_DATA_CLASS
    region: str = ""


class ToolOffer(Part, frozen=True, kw_only=True):
    """A tool that a worker can run; `repeatable` calls may be done again when their end is unknown.

    What an `untrusted` tool tells comes from outside, and may be hostile. `target` is the argument that names
    what is acted upon, `undo` the tool that takes it back; `data_class` and `region` are of what it touches.
    """

    tool: ToolName
    risk: Risk
    repeatable: bool
    description: str = ""
    input_schema: Json = {}
    untrusted: bool = False
    target: str = ""
    undo: str = ""
    data_class: Name = DEFAULT_DATA_CLASS
    region: str = ""


class AgentHello(Message, frozen=True, kw_only=True):
    """An agent is there; a new `incarnation` of the same principal has forgotten all it had in hand."""

    incarnation: Name
    charter: Charter
    capacity: Capacity = 8
    input_schema: Json = {}
    output_schema: Json = {}
    host: str = ""
    pid: int = 0


class EffectHello(Message, frozen=True, kw_only=True):
    """An effect worker is there with its models (the first is the default) and tools."""

    incarnation: Name
    capacity: Capacity = 32
    models: Annotated[tuple[ModelOffer, ...], msgspec.Meta(max_length=limits.MAX_OFFERS)] = ()
    tools: Annotated[tuple[ToolOffer, ...], msgspec.Meta(max_length=limits.MAX_OFFERS)] = ()
    host: str = ""
    pid: int = 0


class Bye(Message, frozen=True, kw_only=True):
    """A process ends on purpose."""

    incarnation: Name
    reason: Reason = ""


class Beat(Message, frozen=True, kw_only=True):
    """A sign of life, unstored. `sent_ms` is of the sender's own clock, and for the sender alone."""

    incarnation: str
    in_hand: int = 0
    sent_ms: int = 0
