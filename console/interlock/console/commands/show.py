"""`interlock show`: the story of a task, or any record of the log as it stands there."""

from datetime import UTC, datetime
from typing import Any

import click
import msgspec

from interlock.bus.ports import Bus, Record
from interlock.console.commands.verdict import show_once
from interlock.console.environment import Reach, Where, connected, find
from interlock.console.errors import BadInput
from interlock.console.exits import Exit
from interlock.console.help import command
from interlock.console.options import json_option, reach_options
from interlock.console.output import out, print_json
from interlock.console.people.numbers import Number, checked_number, checked_record
from interlock.console.people.planted import Planted
from interlock.console.people.reading import read_case
from interlock.console.runtime import run_async
from interlock.console.story import told
from interlock.contracts.errors import ContractError
from interlock.contracts.subjects import read_input, task_records


def _checked(context: click.Context, argument: click.Parameter, text: str) -> int | Number:
    """Read the number of a record, or of what people are asked."""
    if "." in text:
        return checked_number(context, argument, text)
    return checked_record(context, argument, text)


@command()
@click.argument("number", metavar="N", callback=_checked)
@json_option
@reach_options
def show(number: int | Number, as_json: bool, **where: Any) -> int:
    """Tell the story of task N, record by record; if N is no task, print that record.

    Everything that people point at has a number: tasks, effects, results; and what people are asked, such as
    42.1.

    Examples:
      interlock show 42         the task's story
      interlock show 57         any record
      interlock show 42.1       what people are asked, decided or not
      interlock show 42 --json  the task's records, one JSON document

    """
    reach = find(Where(**where))
    if isinstance(number, Number):
        return run_async(_show_asked(reach, number, as_json=as_json))
    return run_async(_show(reach, number, as_json=as_json))


async def _show_asked(reach: Reach, number: Number, *, as_json: bool) -> int:
    async with connected(reach) as bus:
        case = await read_case(bus, number)
    show_once(reach.principal, case, as_json=as_json)
    return Exit.DONE


async def _show(reach: Reach, number: int, *, as_json: bool) -> int:
    async with connected(reach) as bus:
        record = await bus.record(number)
        if record is None:
            raise BadInput(f"there is no record {number}; the log ends at {await bus.last_seq()}")
        if is_task(record):
            await _tell(bus, record, as_json=as_json)
        elif as_json:
            print_json(fields(record))
        else:
            out(f"record {record.seq}, {at(record)}, {record.subject}\n{pretty(record.data)}")
    return Exit.DONE


async def _tell(bus: Bus, submission: Record, *, as_json: bool) -> None:
    """Print a task's records, each as it is read: a long story is not held."""
    planted = Planted()
    if as_json:
        out("[")
        out(_one(submission))
    else:
        out(told(submission, submission.time_ms))
    async for record in bus.history(task_records(submission.seq), start_seq=submission.seq + 1):
        if as_json:
            out(f", {_one(record)}")
        elif not planted.hides(record):
            out("\n".join((told(record, submission.time_ms), *planted.revealed(record))))
    if as_json:
        out("]")


def is_task(record: Record) -> bool:
    """Tell whether a record is a submission."""
    try:
        where = read_input(record.subject)
    except ContractError:
        return False
    return (where.kind, where.verb) == ("task", "submit")


def fields(record: Record) -> dict[str, Any]:
    """Return a record as JSON; a body that is none stands there as text."""
    try:
        body: Any = msgspec.Raw(record.data)
        msgspec.json.decode(record.data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        body = record.data.decode("utf-8", errors="replace")
    return {"seq": record.seq, "time": at(record), "subject": record.subject, "body": body}


def pretty(data: bytes) -> str:
    """Return a record's body for people."""
    try:
        return msgspec.json.format(data, indent=2).decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return data.decode("utf-8", errors="replace")


def at(record: Record) -> str:
    """Return when the server stored a record (RFC 3339, UTC)."""
    return datetime.fromtimestamp(record.time_ms / 1000, UTC).isoformat(timespec="milliseconds")


def _one(record: Record) -> str:
    return msgspec.json.encode(fields(record)).decode()
