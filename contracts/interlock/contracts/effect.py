"""Effects: what an agent asks for, and what became of it. Who may have it, the supervisor decides."""

from typing import Annotated, Literal

import msgspec

from interlock.contracts import limits
from interlock.contracts.budget import NOTHING, Amounts
from interlock.contracts.message import Count, Json, Line, Message, Name, Part, Sequence
from interlock.contracts.plan import StepId

MODELS = "model:"
"""What the name begins with by which people sign the use of a model: it is kept from tools."""

ToolName = Annotated[str, msgspec.Meta(min_length=1, max_length=128, pattern=f"^(?!{MODELS})")]
OutputTokens = Annotated[int, msgspec.Meta(ge=1, le=limits.MAX_OUTPUT_TOKENS)]
EffectKey = Annotated[str, msgspec.Meta(min_length=1, max_length=96)]


class ModelCall(Part, frozen=True, kw_only=True, tag_field="call", tag="model"):
    """Ask a language model.

    `purpose` and `inputs` say as data what `prompt` says as prose, so that a reasoner without a language
    model can do the same work; `prompt_version` is the digest of the prompt's file; `returns` is the JSON
    Schema of the answer (empty: text).
    """

    purpose: Name
    prompt: str
    inputs: Json = {}
    returns: Json = {}
    model: str = ""
    prompt_version: str = ""
    max_output_tokens: OutputTokens = limits.DEFAULT_OUTPUT_TOKENS
    temperature: float = 0.0


class ToolCall(Part, frozen=True, kw_only=True, tag_field="call", tag="tool"):
    """Run a tool."""

    tool: ToolName
    arguments: Json = {}


class AskCall(Part, frozen=True, kw_only=True, tag_field="call", tag="ask"):
    """Ask a person; the step waits for the answer, and costs nothing while it waits."""

    question: Annotated[str, msgspec.Meta(min_length=1, max_length=limits.MAX_GOAL_CHARS)]


Call = ModelCall | ToolCall | AskCall


class EffectRequest(Message, frozen=True, kw_only=True):
    """An agent wants this done. Its sequence is the effect's id.

    `key` names the call within its step, whatever the attempt: the same key asked again is the same effect,
    and gets the recorded outcome.
    """

    step: StepId
    attempt: Sequence
    key: EffectKey
    call: Call


class Bill(Part, frozen=True, kw_only=True):
    """How a model call was counted, and at whose price.

    `basis` is `actual` (the provider's own count) or `bound` (it told none, and the whole reservation
    counts). Tokens read from and written to a cache are among `input_tokens`, those of reasoning among
    `output_tokens`.
    """

    basis: Literal["actual", "bound"] = "actual"
    price_source: str = ""
    input_tokens: Count = 0
    cache_read_tokens: Count = 0
    cache_write_tokens: Count = 0
    output_tokens: Count = 0
    reasoning_tokens: Count = 0


class EffectCompleted(Message, frozen=True, kw_only=True):
    """An effect worker did it; `used` is what was really used, the times are the worker's clock."""

    effect: Sequence
    grant: Sequence
    value: msgspec.Raw
    used: Amounts = NOTHING
    bill: Bill | None = None
    model: str = ""
    started_ms: int = 0
    ended_ms: int = 0


class EffectFailed(Message, frozen=True, kw_only=True):
    """An effect worker tried and failed; `transient` failures may succeed later.

    `doubtful` is whether it may have happened all the same: then a person looks, and nobody repeats it.
    """

    effect: Sequence
    grant: Sequence
    transient: bool
    message: Line
    used: Amounts = NOTHING
    bill: Bill | None = None
    started_ms: int = 0
    ended_ms: int = 0
    doubtful: bool = False


class EffectAborted(Message, frozen=True, kw_only=True):
    """An effect worker stopped it, or did not start it, because of a switch.

    `started` is whether the call may have happened, `running` whether it cannot be interrupted and goes on,
    `doubtful` whether it may have changed something outside. `started_us` and `ended_us` are the worker's
    clock.
    """

    effect: Sequence
    grant: Sequence
    started: bool
    reason: Line
    used: Amounts = NOTHING
    running: bool = False
    doubtful: bool = False
    started_us: Count = 0
    ended_us: Count = 0


class EffectCounted(Message, frozen=True, kw_only=True):
    """An effect worker had a prompt counted, and it is more than is reserved: nothing was sent or used.

    `prompt_tokens` is the count with its margin, with all that the server adds; 0: nobody could count it.
    """

    effect: Sequence
    grant: Sequence
    prompt_tokens: Count = 0


EffectEnd = Literal["completed", "failed", "aborted", "denied", "recommended", "in_doubt", "answered", "lost"]
