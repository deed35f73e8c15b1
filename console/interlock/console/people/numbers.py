"""The numbers of escalations as people type them: `42.1` is the first of task 42, `0.7` of the fleet."""

import re
from typing import NamedTuple

import click

from interlock.console.errors import BadInput
from interlock.console.whole import Whole

_NUMBER = re.compile(r"(0|[1-9][0-9]{0,15})\.([1-9][0-9]{0,8})")

_RECORD = Whole(1, 2**53)


class Number(NamedTuple):
    """One escalation: its task (0: the fleet), and its place among those of the task."""

    task: int
    place: int

    def __str__(self) -> str:
        return f"{self.task}.{self.place}"


def read_number(text: str) -> Number:
    """Read a number; raises BadInput for what is none."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise BadInput(
            f"{text[:40]!r} is not the number of anything that people are asked: it looks like 42.1; "
            "interlock inbox lists them"
        )
    return Number(int(found[1]), int(found[2]))


def checked_number(_context: click.Context, _argument: click.Parameter, text: str) -> Number:
    """Read a number that was typed; raises BadParameter for what is none."""
    try:
        return read_number(text)
    except BadInput as error:
        raise click.BadParameter(str(error)) from error


def checked_record(context: click.Context, argument: click.Parameter, text: str) -> int:
    """Read a record's number that was typed; raises BadParameter for what is none."""
    found: int = _RECORD(text, argument, context)
    return found


number_argument = click.argument("number", metavar="N", callback=checked_number)
