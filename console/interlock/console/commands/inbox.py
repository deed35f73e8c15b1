"""`interlock inbox` and `interlock reviews`: what people are asked, live in a terminal or as a list."""

from collections.abc import Callable
from typing import Any

import click

from interlock.bus.clock import now_ms
from interlock.console.commands.verdict import show_once
from interlock.console.environment import Reach, Where, connected, find
from interlock.console.errors import BadInput
from interlock.console.exits import Exit
from interlock.console.help import command
from interlock.console.options import json_option, reach_options
from interlock.console.output import is_interactive, print_json, print_rows, say
from interlock.console.people.asked import Asked
from interlock.console.people.listing import HEADER, fields, in_order, row
from interlock.console.people.mandate import Mandate
from interlock.console.people.numbers import Number, checked_number
from interlock.console.people.reading import read_case, read_docket
from interlock.console.runtime import run_async

Wanted = Callable[[Asked], bool]


def _checked(context: click.Context, argument: click.Parameter, text: str | None) -> Number | None:
    return None if text is None else checked_number(context, argument, text)


mine_option = click.option("--mine", is_flag=True, help="Only what you may decide.")


@command()
@click.argument("number", metavar="[N]", required=False, callback=_checked)
@mine_option
@click.option("--plain", is_flag=True, help="Print the list once, also in a terminal.")
@json_option
@reach_options
def inbox(number: Number | None, mine: bool, plain: bool, as_json: bool, **where: Any) -> int:
    """Show what people are asked, the next deadline first; decide about it there.

    In a terminal it stays and follows: open one, or begin with N, see everything, and approve, edit, reject,
    answer. Press ? for the keys. Elsewhere, and with --plain or --json, it prints the list, or N, once.

    Examples:
      interlock inbox
      interlock inbox 42.1
      interlock inbox --mine --json

    """
    if number is not None and mine:
        raise BadInput(f"{number}, or only what is yours? Leave one of them away")
    reach = find(Where(**where))
    once = as_json or plain or not is_interactive()
    if number is not None:
        return run_async(_one(reach, number, once=once, as_json=as_json))
    if once:
        nothing = "nobody waits for you" if mine else "nobody waits for anybody"
        return run_async(_print(reach, lambda _: True, nothing, mine=mine, as_json=as_json))
    return run_async(_live(reach, mine=mine))


async def _one(reach: Reach, number: Number, *, once: bool, as_json: bool) -> int:
    async with connected(reach) as bus:
        case = await read_case(bus, number)
    if once or case.asked.resolved is not None:
        show_once(reach.principal, case, as_json=as_json)
        return Exit.DONE
    return await _live(reach, opens=number)


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
    nothing = "nothing that was done is to be looked at"
    return run_async(_print(find(Where(**where)), is_review, nothing, mine=mine, as_json=as_json))


def is_review(asked: Asked) -> bool:
    """Tell whether it is about something that was done."""
    return asked.said.kind == "review"


async def _print(reach: Reach, wanted: Wanted, nothing: str, *, mine: bool, as_json: bool) -> int:
    async with connected(reach) as bus:
        docket = await read_docket(bus)
    mandate = Mandate(docket, reach.principal, now_ms())
    found = in_order(
        asked for asked in docket.open.values() if wanted(asked) and (not mine or mandate.is_theirs(asked))
    )
    if as_json:
        print_json([fields(mandate, asked) for asked in found])
        return Exit.DONE
    if not found:
        say(nothing)
        return Exit.DONE
    print_rows((HEADER, *(row(mandate, asked) for asked in found)))
    if docket.overflow:
        say(f"and {docket.overflow} more than are shown")
    return Exit.DONE


async def _live(reach: Reach, *, mine: bool = False, opens: Number | None = None) -> int:
    # Textual takes a sixth of a second: only where it draws.
    from interlock.console.people.screen.app import show_inbox  # noqa: PLC0415 - as said above

    async with connected(reach) as bus:
        await show_inbox(bus, reach, mine=mine, opens=opens)
    return Exit.DONE
