"""`interlock keys`: an identity for each person and agent of a local environment."""

import asyncio
import os

import click

from interlock.bus import server
from interlock.bus.permissions import ROLES
from interlock.bus.users import Users
from interlock.console.environment import speaker
from interlock.console.help import command
from interlock.console.options import state_option
from interlock.console.output import out, say
from interlock.console.runtime import run_async
from interlock.console.state import StateFolder, state_folder


@click.group()
def keys() -> None:
    """Give people and agents their own identity."""


@command("create")
@click.argument("principal")
@click.option("--role", type=click.Choice(list(ROLES)), required=True, help="What it may say and hear.")
@state_option
def create(principal: str, role: str, state: str | None) -> int:
    """Make a key for PRINCIPAL, let the server admit it (a running one at once), print its file.

    Example:
      interlock keys create translator-1 --role agent

    """
    return run_async(_create(state_folder(state, os.environ), speaker(principal), role))


async def _create(state: StateFolder, principal: str, role: str) -> int:
    state.make()
    out(str(Users(state.store).admit(principal, role)))
    if state.running():
        await asyncio.to_thread(server.start(state.store).reload)
        say(f"the running server admits {principal} from now on")
    return 0


keys.add_command(create)
