"""`interlock inbox` and `interlock reviews`: what people are asked, live in a terminal or as a list."""

from collections.abc import Callable
from typing import Any

import click

from interlock.bus.clock import now_ms
from interlock.console.environment import Reach, Where, connected, find
from interlock.console.exits import Exit
from interlock.console.help import command
from interlock.console.options import json_option, reach_options
from interlock.console.output import out, print_json, say
from interlock.console.people.asked import Asked
from interlock.console.people.listing import HEADER, fields, in_order, row
from interlock.console.people.mandate import standing
from interlock.console.people.reading import read_docket
from interlock.console.runtime import run_async

Wanted = Callable[[Asked], bool]

mine_option = click.option("--mine", is_flag=True, help="Only what you may decide.")


@command()
@mine_option
@json_option
@reach_options
def inbox(mine: bool, as_json: bool, **where: Any) -> int:
    """List what people are asked, the next deadline first.

    Examples:
      interlock inbox
      interlock inbox --mine --json

    """
    return run_async(_print(find(Where(**where)), lambda _: True, mine=mine, as_json=as_json))


@command()
@mine_option
@json_option
@reach_options
def reviews(mine: bool, as_json: bool, **where: Any) -> int:
    """List what was done and is to be looked at afterwards.

    Approve what was right; reject what was not, with --undo where a tool can take it back.

    Examples:
      interlock reviews
      interlock approve 0.7
      interlock reject 0.8 "wrong account" --undo

    """
    return run_async(_print(find(Where(**where)), is_review, mine=mine, as_json=as_json))


def is_review(asked: Asked) -> bool:
    """Tell whether it is about something that was done."""
    return asked.said.kind == "review"


async def _print(reach: Reach, wanted: Wanted, *, mine: bool, as_json: bool) -> int:
    async with connected(reach) as bus:
        docket = await read_docket(bus)
    at_ms, me = now_ms(), reach.principal
    found = in_order(
        asked
        for asked in docket.open.values()
        if wanted(asked) and (not mine or standing(docket, me, asked, at_ms).mine)
    )
    if as_json:
        print_json([fields(docket, me, asked, at_ms) for asked in found])
        return Exit.DONE
    if not found:
        say("nobody waits for you" if mine else "nobody waits for anybody")
        return Exit.DONE
    out("\n".join((HEADER, *(row(docket, me, asked, at_ms) for asked in found))))
    if docket.overflow:
        say(f"and {docket.overflow} more than are shown")
    return Exit.DONE
