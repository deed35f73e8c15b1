"""Says a person's verdict on the bus, on the subject of the very escalation that it is about."""

from interlock.bus.ports import Bus
from interlock.console.people.numbers import Number
from interlock.console.sayings import append
from interlock.contracts.message import Message
from interlock.contracts.people import (
    Abort,
    Answer,
    Approve,
    Delegate,
    Edit,
    Raise,
    Reassign,
    Reject,
)
from interlock.contracts.subjects import input_subject

Verdict = Approve | Edit | Reject | Answer | Raise | Reassign | Abort

VERBS: dict[type[Message], str] = {
    Approve: "approve",
    Edit: "edit",
    Reject: "reject",
    Answer: "answer",
    Raise: "raise",
    Reassign: "reassign",
    Abort: "abort",
}


async def say_verdict(bus: Bus, number: Number, verdict: Verdict) -> int:
    """Say it; return the record's sequence. Raises MalformedMessage before anything is sent."""
    subject = input_subject(bus.principal, "human", VERBS[type(verdict)], number.task, number.place)
    return await append(bus, subject, verdict)


async def say_delegate(bus: Bus, body: Delegate) -> int:
    """Say who answers in our place; return the record's sequence."""
    return await append(bus, input_subject(bus.principal, "human", "delegate"), body)
