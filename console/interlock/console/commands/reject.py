"""`interlock reject`: no to what is asked, and why."""

from typing import Any

import click

from interlock.console.commands.verdict import give
from interlock.console.environment import Reach, Where, find
from interlock.console.errors import BadInput
from interlock.console.help import command
from interlock.console.options import json_option, reach_options
from interlock.console.people.checking import checked_words
from interlock.console.people.numbers import Number, number_argument
from interlock.console.people.reading import Case
from interlock.console.runtime import run_async
from interlock.contracts import limits
from interlock.contracts.people import Reject


@command()
@number_argument
@click.argument("reason")
@click.option("--undo", is_flag=True, help="Of a review: take back what was done, where a tool can.")
@json_option
@reach_options
def reject(number: Number, reason: str, undo: bool, as_json: bool, **where: Any) -> int:
    """Say no to N, for REASON: whoever asked is told, and may plan around it.

    Examples:
      interlock reject 42.1 "this vendor was paid last week"
      interlock reject 0.7 "wrong account" --undo

    """
    text = checked_words(reason, "the reason", limits.MAX_REASON_CHARS)
    return run_async(_reject(find(Where(**where)), number, Reject(reason=text, undo=undo), as_json=as_json))


async def _reject(reach: Reach, number: Number, verdict: Reject, *, as_json: bool) -> int:
    async def think(case: Case) -> Reject:
        if verdict.undo and case.asked.said.kind != "review":
            raise BadInput(f"--undo: {number} is no review; nothing was done yet that could be undone")
        if verdict.undo and not case.asked.said.undo:
            raise BadInput(f"--undo: no tool undoes what {number} is about; reject it without, and see to it")
        return verdict

    return await give(reach, number, think, as_json=as_json)
