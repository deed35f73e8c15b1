"""`interlock limits`: the limits that tasks share, shown, set by hand, or kept by a file."""

import asyncio
from pathlib import Path
from typing import Any

import click

from interlock.bus.clock import now_ms
from interlock.console.amount_options import amount_options
from interlock.console.budgets.book import read_book
from interlock.console.budgets.dimensions import LIMIT_NAMES, said_budget
from interlock.console.budgets.file import read_file
from interlock.console.budgets.numbers import is_limited
from interlock.console.budgets.paper import table
from interlock.console.budgets.setting import changed, set_and_tell
from interlock.console.budgets.shared import FLEET, NAMED, Change, all_standing, scope_named
from interlock.console.budgets.statement import scope_json, state_accounts
from interlock.console.budgets.watch import watched
from interlock.console.environment import Reach, Where, connected, find
from interlock.console.errors import BadInput
from interlock.console.exits import Exit
from interlock.console.help import Group, command
from interlock.console.options import json_option, reach_options, reason_option
from interlock.console.output import out, print_json, say
from interlock.console.runtime import run_async
from interlock.contracts.control import SetLimits

limits = Group(
    "limits",
    default="show",
    help="""Show and set the limits that tasks share: of the fleet, of a tenant, of a role.

    Examples:
      interlock limits
      interlock limits set tenant acme --usd-per-day 2
      interlock limits check limits.toml

    """,
)
scope_argument = click.argument("scope", type=click.Choice([FLEET, *NAMED]))
name_argument = click.argument("name", default="", metavar="[NAME]")
file_argument = click.argument("file", metavar="FILE")


@command("show")
@click.option("--all", "everything", is_flag=True, help="Also what has no limits.")
@json_option
@reach_options
def show(everything: bool, as_json: bool, **where: Any) -> int:
    """Show all shared limits, and what counts against them.

    What is spent and reserved in total, and today (UTC).

    Examples:
      interlock limits show
      interlock limits            the same

    """
    return run_async(_show(find(Where(**where)), everything=everything, as_json=as_json))


async def _show(reach: Reach, *, everything: bool, as_json: bool) -> int:
    async with connected(reach) as bus:
        book = await read_book(bus)
        setters = await all_standing(bus)
    at_ms = max(now_ms(), book.latest_ms)
    accounts = sorted(book.state.shared.items(), key=lambda item: _rank(item[0]))
    wanted = [(scope, account) for scope, account in accounts if everything or is_limited(account)]
    statement = state_accounts(book, wanted, at_ms)
    if as_json:
        shown = [scope_json(scope, explained=False) for scope in statement]
        print_json({"at_ms": at_ms, "scopes": shown})
        return Exit.DONE
    for line in table(statement):
        out(line)
    for scope, account in wanted:
        stands = setters.get(scope)
        if stands is not None and is_limited(account):
            why = f": {stands.limits.reason}" if stands.limits.reason else ""
            say(f"{scope}: set by {stands.by}, record {stands.seq}{why}")
    if not wanted:
        say("tasks share no limits; set one: interlock limits set tenant NAME --usd-per-day 5")
    return Exit.DONE


def _rank(scope: str) -> tuple[int, str]:
    return (FLEET, *NAMED).index(scope.split(maxsplit=1)[0]), scope


@command("set")
@scope_argument
@name_argument
@amount_options("given", LIMIT_NAMES, "At most so many {}", least=0)
@click.option(
    "--none",
    "freed",
    multiple=True,
    type=click.Choice([name.replace("_", "-") for name in LIMIT_NAMES]),
    metavar="LIMIT",
    help="No limit there any more, such as --none usd-per-day; may be repeated.",
)
@click.option("--only", is_flag=True, help="What is not named has no limit any more, instead of keeping it.")
@reason_option
@reach_options
def set_scope(
    scope: str,
    name: str,
    given: dict[str, int],
    freed: tuple[str, ...],
    only: bool,
    reason: str,
    **where: Any,
) -> int:
    """Set limits of the fleet, a tenant or a role.

    Those not named stay. In total means from the beginning of the log; a day begins at midnight UTC. Tasks
    that waited for these limits go on; a limit below what is spent already stops what needs more.

    Examples:
      interlock limits set fleet --usd-per-day 20
      interlock limits set tenant acme --usd 10 --usd-per-day 2 --tokens-per-day 50000
      interlock limits set role executor --tool-calls-per-day 500 --none tool-calls

    """
    wanted = scope_named(scope, name)
    open_names = [name.replace("-", "_") for name in freed]
    if not given and not open_names and not only:
        raise BadInput(
            f"which limit of the {wanted}? Name one, such as --usd-per-day 5, or --none usd-per-day"
        )
    if twice := [name for name in open_names if name in given]:
        raise BadInput(f"--{twice[0].replace('_', '-')} and --none of the same: name one of them")
    return run_async(_set(find(Where(**where)), wanted, changed(given, open_names, reason, only=only)))


@command("unset")
@scope_argument
@name_argument
@reason_option
@reach_options
def unset_scope(scope: str, name: str, reason: str, **where: Any) -> int:
    """Free the fleet, a tenant or a role of its limits.

    Example:
      interlock limits unset tenant acme

    """
    wanted = scope_named(scope, name)
    return run_async(_set(find(Where(**where)), wanted, lambda _stands: SetLimits(reason=reason)))


async def _set(reach: Reach, scope: str, change: Change) -> int:
    async with connected(reach) as bus:
        for line in await set_and_tell(bus, scope, change):
            say(line)
    return Exit.DONE


@command("check")
@file_argument
def check(file: str) -> int:
    """Say what a limits file sets, or what is wrong in it.

    Changes nothing.

    Example:
      interlock limits check deploy/limits.toml

    """
    read = read_file(Path(file).expanduser())
    for scope, wanted in read.items():
        out(f"{scope}: {said_budget(wanted.total, wanted.day)}")
    if not read:
        out("no limits")
    return Exit.DONE


@command("watch")
@file_argument
@reach_options
def watch(file: str, **where: Any) -> int:
    """Keep the limits as FILE says, and follow its changes.

    Until Ctrl-C. What is wrong in a changed file is said, and the limits stay as they are. `interlock up
    --limits FILE` does the same by itself.

    Example:
      interlock limits watch deploy/limits.toml --url nats://nats.example:4222 --key operator.nk --as operator

    """
    path = Path(file).expanduser().absolute()
    read_file(path)
    return run_async(_watch(find(Where(**where)), path))


async def _watch(reach: Reach, path: Path) -> int:
    async with watched(reach, path, say) as watching:
        say(f"the limits are as {path} says; following it until Ctrl-C")
        try:
            await watching
        except asyncio.CancelledError:
            # Ctrl-C and SIGTERM are how a person ends this command, so it has done what it was asked.
            say(f"the limits stay; {path} is not followed any more")
    return Exit.DONE


for _command in (show, set_scope, unset_scope, check, watch):
    limits.add_command(_command)
