"""What one principal is told to do or to know; derived from the log, hence repeatable."""

import msgspec

from interlock.contracts.approval import Approval
from interlock.contracts.budget import Amounts
from interlock.contracts.effect import Call, EffectEnd, EffectKey
from interlock.contracts.message import Json, Sequence
from interlock.contracts.people import Need
from interlock.contracts.plan import StepId
from interlock.contracts.version import PROTOCOL_MAJOR


class _Dispatch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do"):
    v: int = PROTOCOL_MAJOR


class DoStep(_Dispatch, frozen=True, kw_only=True, tag="step"):
    """To an agent: work on this step. `given` holds the results of the steps before it, by step.

    `tenant` is whose task it is.
    """

    task: Sequence
    step: StepId
    attempt: int
    role: str
    title: str
    goal: str
    input: Json
    given: dict[str, msgspec.Raw] = {}
    notes: tuple[str, ...] = ()
    model: str = ""
    docs: str = ""
    deadline_ms: int = 0
    tenant: str = ""


class DoEffect(_Dispatch, frozen=True, kw_only=True, tag="effect"):
    """To an effect worker: carry out this grant, and tell `agent` and the log what became of it.

    It is for that `incarnation` of the worker alone: what was granted to its predecessor is lost. With
    `to_count` a prompt that does not fit is no failure: `effect.counted` is said instead. `counted_tokens` is
    the prompt as it was counted under an earlier grant. `as_of` is the last input that the supervisor had
    decided about: a switch that stands in the log behind it is newer than this grant. Where people had
    to agree, `needs` says who, and `approvals` hold their signatures, good until then; the worker looks
    itself. Whoever submitted the task is one of them only where `requester_may`.
    """

    task: Sequence
    step: StepId
    attempt: int
    effect: Sequence
    grant: int
    key: EffectKey
    agent: str
    incarnation: str
    call: Call
    reserved: Amounts
    max_output_tokens: int = 0
    docs: str = ""
    role: str = ""
    tenant: str = ""
    as_of: Sequence = 0
    to_count: bool = False
    counted_tokens: int = 0
    needs: tuple[Need, ...] = ()
    approvals: tuple[Approval, ...] = ()
    approved_until_ms: int = 0
    requester_may: bool = False
    flags: tuple[str, ...] = ()


class Outcome(_Dispatch, frozen=True, kw_only=True, tag="outcome"):
    """To an agent: what became of an effect that it asked for."""

    task: Sequence
    step: StepId
    key: EffectKey
    effect: Sequence
    end: EffectEnd
    value: msgspec.Raw
    message: str = ""
    transient: bool = False


class Cancel(_Dispatch, frozen=True, kw_only=True, tag="cancel"):
    """To an agent or effect worker: stop this step (or, with `effect`, this effect) and forget it.

    With `grant` that grant is withdrawn: the worker of that `incarnation` never begins it, and where it has
    not come, says `effect.aborted` (not started) of it.
    """

    task: Sequence
    step: StepId = "all"
    attempt: int = 0
    effect: Sequence = 0
    grant: int = 0
    incarnation: str = ""
    reason: str = ""


Dispatch = DoStep | DoEffect | Outcome | Cancel
