"""Facts about a step: who has it, and how it ended."""

from interlock.contracts.facts.fact import Fact
from interlock.contracts.message import Line, Sequence
from interlock.contracts.plan import StepId


class StepAssigned(Fact, frozen=True, kw_only=True):
    """One principal has the step now; `again` is that it was suspended, and this counts as no other step."""

    at_ms: int = 0
    step: StepId
    attempt: int
    principal: str
    deadline_ms: int
    again: bool = False


class StepWaiting(Fact, frozen=True, kw_only=True):
    """The step could begin, but for this."""

    step: StepId
    reason: Line


class StepCompleted(Fact, frozen=True, kw_only=True):
    """The step's result is the record `result`."""

    at_ms: int = 0
    step: StepId
    attempt: int
    result: Sequence


class StepFailed(Fact, frozen=True, kw_only=True):
    """The attempt failed; the next may begin at `retry_at_ms` (None: there is none)."""

    at_ms: int = 0
    step: StepId
    attempt: int
    message: Line
    retry_at_ms: int | None = None


class StepLost(Fact, frozen=True, kw_only=True):
    """The agent is gone or too late; the step will be assigned anew."""

    at_ms: int = 0
    step: StepId
    attempt: int
    principal: str
    reason: Line


class StepSuspended(Fact, frozen=True, kw_only=True):
    """The step waits for a person alone, in nobody's hand; what it had done by then stays done.

    `principal` is who had it (empty: a person's own step, which nobody had).
    """

    at_ms: int = 0
    step: StepId
    attempt: int
    principal: str = ""
    reason: Line = ""


class StepAwakened(Fact, frozen=True, kw_only=True):
    """The person has decided: the step may be assigned again."""

    at_ms: int = 0
    step: StepId


class StepStopped(Fact, frozen=True, kw_only=True):
    """An agent has confirmed that nothing of a stopped step runs any more; `stopped_us` is its clock."""

    step: StepId
    attempt: int
    principal: str
    stopped_us: int
    input: Sequence = 0


class StepRetried(Fact, frozen=True, kw_only=True):
    """The wait after a failure is over; the step may be assigned."""

    step: StepId


class StepDead(Fact, frozen=True, kw_only=True):
    """No attempt is left, or the step was killed: a dead letter."""

    at_ms: int = 0
    step: StepId
    reason: Line


class StepReopened(Fact, frozen=True, kw_only=True):
    """The reviewer wants it better: the step begins again with these notes."""

    step: StepId
    notes: tuple[str, ...]
