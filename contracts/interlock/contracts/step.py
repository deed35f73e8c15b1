"""How a step ends, in the words of the agent that worked on it."""

from typing import Literal

import msgspec

from interlock.contracts.message import Count, Line, Message, Sequence
from interlock.contracts.plan import StepId

FailureKind = Literal["transient", "permanent", "unfit_input"]


class StepResult(Message, frozen=True, kw_only=True):
    """The step is done; `value` is what the role's conversation promises."""

    step: StepId
    attempt: Sequence
    value: msgspec.Raw


class StepFailure(Message, frozen=True, kw_only=True):
    """The step is not done: try again (transient), do not (permanent), or plan anew (unfit_input)."""

    step: StepId
    attempt: Sequence
    kind: FailureKind
    message: Line


class StepStopped(Message, frozen=True, kw_only=True):
    """A step was stopped by an order, nothing of it runs any more; `stopped_us` is the agent's clock."""

    step: StepId
    attempt: Sequence
    stopped_us: Count = 0


class Progress(Message, frozen=True, kw_only=True):
    """What a process does now, unstored: a line, or a piece of a model's answer as it comes."""

    principal: str
    text: str
    tokens: bool = False
