"""`interlock notify`: tell people outside that they are asked, by webhook, chat and e-mail."""

import asyncio
import os
from pathlib import Path
from typing import Any

import click

from interlock.bus import logs
from interlock.bus.clock import now_ms
from interlock.console.environment import Reach, Where, connected, find
from interlock.console.exits import Exit
from interlock.console.help import command
from interlock.console.notifying.couriers import read_couriers
from interlock.console.notifying.notifier import notifying
from interlock.console.notifying.places import file_named, positions_of
from interlock.console.notifying.probing import probe
from interlock.console.notifying.settings import said_channel
from interlock.console.options import reach_options
from interlock.console.output import out, say
from interlock.console.runtime import run_async


@command()
@click.argument("file", required=False, metavar="[FILE]")
@click.option("--check", is_flag=True, help="Say what the file sets, or what is wrong in it; nothing else.")
@click.option("--test", is_flag=True, help="Send one test over every channel, and say what came of it.")
@reach_options
def notify(file: str | None, check: bool, test: bool, **where: Any) -> int:
    """Tell people outside that they are asked, as FILE says  [$INTERLOCK_NOTIFY], until Ctrl-C.

    Told is what is asked, moved to somebody else, and decided, from now on, or from where it was last time.
    Never told are arguments, goals, answers and names of people.

    Examples:
      interlock notify notify.toml
      interlock notify notify.toml --check
      interlock notify notify.toml --test

    """
    path = file_named(file, os.environ)
    if check:
        return run_async(_check(path))
    if test:
        return run_async(_test(path))
    return run_async(_notify(find(Where(**where)), path, where["state"]))


async def _check(path: Path) -> int:
    file, couriers = read_couriers(path, os.environ)
    for name, courier in couriers.items():
        await courier.close()
        out(f"{name}: {said_channel(file.channels[name])}")
    if not file.url:
        say("no links: the file names no url, so the command that opens each is told")
    return Exit.DONE


async def _test(path: Path) -> int:
    _, couriers = read_couriers(path, os.environ)
    silent = False
    for name, courier in couriers.items():
        reason = await probe(courier, now_ms())
        await courier.close()
        out(f"{name}: {reason or 'arrived'}")
        silent = silent or bool(reason)
    return Exit.UNREACHABLE if silent else Exit.DONE


async def _notify(reach: Reach, path: Path, state: str | None) -> int:
    # What is told, and given up, is all there is to see.
    logs.configure("pretty")
    positions = positions_of(reach.principal, os.environ, state)
    async with connected(reach) as bus, notifying(bus, path, os.environ, positions) as broken:
        say(f"telling as {path} says, until Ctrl-C")
        try:
            await broken
        except asyncio.CancelledError:
            # Ctrl-C and SIGTERM are how a person ends this command, so it has done what it was asked.
            say("nobody is told any more")
    return Exit.DONE
