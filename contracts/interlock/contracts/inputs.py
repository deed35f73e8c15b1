"""Every input: which message stands under which kind and verb of a subject, and how it is read."""

import msgspec

from interlock.contracts.control import Control, RaiseLimit, ReleaseRule, SetAutonomy, SetLimits
from interlock.contracts.effect import (
    EffectAborted,
    EffectCompleted,
    EffectCounted,
    EffectFailed,
    EffectRequest,
)
from interlock.contracts.errors import ContractError
from interlock.contracts.message import Message, decode, line
from interlock.contracts.observed import (
    AccessHello,
    ConnectionEnded,
    Entitlement,
    GuardHello,
    ProcessExited,
    Violation,
)
from interlock.contracts.people import (
    Abort,
    Answer,
    Approve,
    Delegate,
    Edit,
    PlantCanary,
    Raise,
    Reassign,
    Reject,
)
from interlock.contracts.policy import SetPolicies
from interlock.contracts.presence import AgentHello, Bye, EffectHello
from interlock.contracts.step import StepFailure, StepResult, StepStopped
from interlock.contracts.subjects import InputSubject, read_input
from interlock.contracts.task import Submit

_OF_TASKS = (("task",), ("step",))
_OF_NO_TASK = ("guard", "access", "supervisor")


class Malformed(Message, frozen=True, kw_only=True):
    """What stands in place of an input that could not be read."""

    reason: str


INPUT_KINDS: dict[tuple[str, str], type[Message]] = {
    ("task", "submit"): Submit,
    ("control", "pause"): Control,
    ("control", "drain"): Control,
    ("control", "kill"): Control,
    ("control", "resume"): Control,
    ("control", "raise"): RaiseLimit,
    ("control", "limit"): SetLimits,
    ("control", "release"): ReleaseRule,
    ("control", "autonomy"): SetAutonomy,
    ("control", "canary"): PlantCanary,
    ("supervisor", "policies"): SetPolicies,
    ("human", "approve"): Approve,
    ("human", "edit"): Edit,
    ("human", "reject"): Reject,
    ("human", "answer"): Answer,
    ("human", "raise"): Raise,
    ("human", "reassign"): Reassign,
    ("human", "abort"): Abort,
    ("human", "delegate"): Delegate,
    ("agent", "hello"): AgentHello,
    ("agent", "bye"): Bye,
    ("agent", "effect"): EffectRequest,
    ("agent", "result"): StepResult,
    ("agent", "failed"): StepFailure,
    ("agent", "stopped"): StepStopped,
    ("effect", "hello"): EffectHello,
    ("effect", "bye"): Bye,
    ("effect", "completed"): EffectCompleted,
    ("effect", "failed"): EffectFailed,
    ("effect", "aborted"): EffectAborted,
    ("effect", "counted"): EffectCounted,
    ("guard", "hello"): GuardHello,
    ("guard", "bye"): Bye,
    ("guard", "exited"): ProcessExited,
    ("access", "hello"): AccessHello,
    ("access", "bye"): Bye,
    ("access", "ended"): ConnectionEnded,
    ("access", "violated"): Violation,
    ("access", "entitled"): Entitlement,
}


class Input(msgspec.Struct, frozen=True):
    """One input as the core sees it: who said what, about which task (0: the fleet), stored when.

    `time_us` is the same time as `time_ms`, as finely as the log knows it.
    """

    seq: int
    time_ms: int
    principal: str
    kind: str
    verb: str
    task: int
    rest: tuple[str, ...]
    body: Message
    time_us: int = 0


def read_record(seq: int, time_ms: int, subject: str, data: bytes, time_us: int = 0) -> Input:
    """Read a stored input; what does not fit becomes `Malformed`, and nothing raises."""
    time_us = time_us or time_ms * 1_000
    try:
        where = read_input(subject)
    except ContractError as error:
        return Input(seq, time_ms, "", "", "", 0, (), Malformed(reason=line(str(error))), time_us)
    kind = INPUT_KINDS.get((where.kind, where.verb))
    task = task_of(seq, where)
    body: Message
    if kind is None:
        body = Malformed(
            reason=line(f"nobody says {where.kind}.{where.verb} on this bus; see docs/protocol.md")
        )
    else:
        try:
            body = decode(kind, data)
        except ContractError as error:
            body = Malformed(reason=line(str(error)))
    return Input(seq, time_ms, where.principal, where.kind, where.verb, task, where.rest, body, time_us)


def task_of(seq: int, where: InputSubject) -> int:
    """Return which task an input is about (0: the fleet): a submission is about itself."""
    if (where.kind, where.verb) == ("task", "submit"):
        return seq
    rest = where.rest
    if where.kind == "control":
        rest = rest[1:] if rest[:1] in _OF_TASKS else ()
    elif where.kind in _OF_NO_TASK:
        return 0
    return int(rest[0]) if rest and rest[0].isdecimal() and len(rest[0]) < 20 else 0
