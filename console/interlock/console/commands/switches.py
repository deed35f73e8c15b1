"""`interlock switches`: what is paused, draining or killed now, and who may let everything go on."""

from collections.abc import Iterator
from typing import Any

import click

from interlock.console.environment import Reach, Where, connected, find
from interlock.console.errors import RefusedBySupervisor
from interlock.console.exits import Exit
from interlock.console.help import Group, command
from interlock.console.lines import said
from interlock.console.options import json_option, reach_options, reason_option
from interlock.console.output import Line, print_json, print_lines, say
from interlock.console.runtime import run_async
from interlock.console.sayings import about, decided, refusal, require_releasers
from interlock.console.stop.lines import because, people, still_needed
from interlock.console.stop.scopes import said_scope, typed
from interlock.console.stop.switchboard import Switch, Switchboard, read_switches
from interlock.console.stop.times import said_moment
from interlock.console.whole import Whole
from interlock.contracts.limits import MAX_RELEASERS

STYLES = {"running": "green", "paused": "yellow", "draining": "yellow", "killed": "red"}

switches = Group(
    "switches",
    default="show",
    help="""Show what is paused, draining or killed, and say who may let everything go on.

    Examples:
      interlock switches
      interlock switches require 2

    """,
)


@command("show")
@json_option
@reach_options
def show(as_json: bool, **where: Any) -> int:
    """Show the switches as they stand: over what, at what, by whom, since and until when, and why.

    Killed tasks are not among them: they have ended, and `interlock tasks` lists them.

    Examples:
      interlock switches show
      interlock switches         the same

    """
    return run_async(_show(find(Where(**where)), as_json=as_json))


async def _show(reach: Reach, *, as_json: bool) -> int:
    async with connected(reach) as bus:
        board = await read_switches(bus)
    if as_json:
        print_json(_fields(board))
        return Exit.DONE
    print_lines(_lines(board))
    return Exit.DONE


def _lines(board: Switchboard) -> Iterator[Line]:
    standing = [board.fleet, *board.switches.values()]
    width = max(len(said_scope(switch.scope)) for switch in standing)
    for switch in standing:
        yield _line(switch, width)
    number = board.rule.people
    who = f"{number} different people have" if number > 1 else "1 person has"
    by = f" (set by {board.rule.by}{because(board.rule.reason)})" if board.rule.by else ""
    yield Line(f"after a kill of everything {who} to resume it{by}", style="dim")
    if board.asked is not None:
        more = still_needed(board.asked)
        yield Line(f"{people(board.asked.by)} asked for that; {more} more needed: interlock resume fleet")
    if len(standing) > 1:
        yield Line(f"to let one go on: interlock resume {typed(standing[-1].scope)}", style="dim")


def _line(switch: Switch, width: int) -> Line:
    label = f"{said_scope(switch.scope):<{width}}  {switch.state:<8}  "
    if not switch.by:
        return Line("", label=label.rstrip())
    times = f"since {said_moment(switch.since_ms)}"
    if switch.until_ms:
        times += f" until {said_moment(switch.until_ms)}"
    return Line(f"by {switch.by} {times}{because(switch.reason)}", label=label, style=STYLES[switch.state])


def _fields(board: Switchboard) -> dict[str, Any]:
    return {
        "fleet": _switch_fields(board.fleet),
        "release": {
            "people": board.rule.people,
            "by": board.rule.by,
            "reason": board.rule.reason,
            "asked": board.asked.by if board.asked else (),
            "still_needed": still_needed(board.asked) if board.asked else 0,
        },
        "switches": [_switch_fields(switch) for switch in board.switches.values()],
    }


def _switch_fields(switch: Switch) -> dict[str, Any]:
    scope = switch.scope
    return {
        "scope": {"kind": scope.kind, "name": scope.name, "task": scope.task, "step": scope.step},
        "state": switch.state,
        "by": switch.by,
        "reason": switch.reason,
        "since_ms": switch.since_ms,
        "until_ms": switch.until_ms,
        "record": switch.record,
    }


@command("require")
@click.argument("number", type=Whole(1, MAX_RELEASERS), metavar="N")
@reason_option
@reach_options
def require(number: int, reason: str, **where: Any) -> int:
    """Let N different people be needed to resume everything after a kill.

    Example:
      interlock switches require 2 --reason "four eyes"

    """
    return run_async(_require(find(Where(**where)), number, reason))


async def _require(reach: Reach, number: int, reason: str) -> int:
    async with connected(reach) as bus:
        seq = await require_releasers(bus, number, reason)
        decision = await decided(bus, 0, seq)
    if decision is None:
        say(f"the rule stands in the log as record {seq}; no supervisor has decided on it yet")
        return Exit.DONE
    if refused := refusal(decision, seq):
        raise RefusedBySupervisor(f"the rule of release: {refused}")
    for fact in about(decision, seq):
        say(said(fact))
    return Exit.DONE


for _command in (show, require):
    switches.add_command(_command)
