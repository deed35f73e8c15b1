"""Reads from the log what people are asked: everything, or one of them with what belongs to it.

Decisions are followed by one filter from the beginning on: the server sends them faster than they could be
looked for, and those that say nothing of people are not decoded.
"""

from operator import attrgetter

import msgspec

from interlock.bus.ports import Bus, Record
from interlock.console.errors import BadInput
from interlock.console.people.asked import Asked
from interlock.console.people.docket import Docket, concerns
from interlock.console.people.numbers import Number
from interlock.console.people.undoing import undoing
from interlock.contracts.decision import Decision
from interlock.contracts.effect import AskCall, EffectRequest
from interlock.contracts.errors import ContractError
from interlock.contracts.limits import MAX_LINE_CHARS
from interlock.contracts.message import decode
from interlock.contracts.subjects import DECISIONS, FLEET_DECISIONS, decision_subject
from interlock.contracts.task import Submit


class Case(msgspec.Struct, frozen=True):
    """One escalation, with the goal of its task, the whole question, and what is known of people.

    `undoing` is what became of what was ordered to undo it.
    """

    asked: Asked
    docket: Docket
    goal: str = ""
    question: str = ""
    undoing: str = ""


async def read_docket(bus: Bus) -> Docket:
    """Read everything that people are asked."""
    docket = Docket()
    record: Record
    async for record in bus.history([DECISIONS]):
        if concerns(record.data):
            docket.take(decode(Decision, record.data))
    return docket


async def read_known(bus: Bus) -> Docket:
    """Read who is known, and in which groups: it is decided for the fleet."""
    docket = Docket()
    record: Record
    async for record in bus.history([FLEET_DECISIONS]):
        if concerns(record.data):
            docket.take(decode(Decision, record.data))
    return docket


async def read_case(bus: Bus, number: Number) -> Case:
    """Read one escalation as it stands now; raises BadInput when there is none of that number."""
    docket = Docket()
    records: list[Record] = []
    for subject in dict.fromkeys((FLEET_DECISIONS, decision_subject(number.task))):
        records.extend([record async for record in bus.history([subject]) if concerns(record.data)])
    found: Asked | None = None
    # In the order of the log: when a pause of everything came matters to what a task asks.
    for record in sorted(records, key=attrgetter("seq")):
        for asked in docket.take(decode(Decision, record.data)):
            found = asked if asked.number == number else found
    if found is None:
        known = ", ".join(str(one) for one in docket.open if one.task == number.task)
        open_ones = f"of {_named(number.task)} there are {known}" if known else "interlock inbox lists them"
        raise BadInput(f"there is no {number}; {open_ones}")
    return await with_context(bus, docket, found)


async def with_context(bus: Bus, docket: Docket, asked: Asked) -> Case:
    """Add what stands elsewhere in the log: the task's goal, a question of more than a line, an undoing."""
    return Case(
        asked, docket, await _goal(bus, asked.about), await _question(bus, asked), await _undoing(bus, asked)
    )


def _named(task: int) -> str:
    return f"task {task}" if task else "the fleet"


async def _goal(bus: Bus, task: int) -> str:
    record = await bus.record(task) if task else None
    if record is None:
        return ""
    try:
        return decode(Submit, record.data).goal
    except ContractError:
        return ""


async def _undoing(bus: Bus, asked: Asked) -> str:
    if asked.said.kind != "review" or asked.resolved is None or asked.resolved.verdict != "rejected":
        return ""
    return await undoing(bus, asked.about, asked.resolved.input)


async def _question(bus: Bus, asked: Asked) -> str:
    """Return the whole question where the fact holds only its beginning."""
    if asked.said.kind != "question" or len(asked.said.summary) < MAX_LINE_CHARS:
        return ""
    record = await bus.record(asked.said.effect)
    if record is None:
        return ""
    try:
        call = decode(EffectRequest, record.data).call
    except ContractError:
        return ""
    return call.question if isinstance(call, AskCall) else ""
