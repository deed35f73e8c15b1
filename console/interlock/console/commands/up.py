"""`interlock up`: everything on this machine, until Ctrl-C."""

import asyncio
import os
from pathlib import Path

import click

from interlock.console.environment import speaker
from interlock.console.exits import Exit
from interlock.console.help import command
from interlock.console.issuers import check_issuer
from interlock.console.local import Local, Wish, held, started
from interlock.console.options import (
    checked_channels,
    checked_folder,
    checked_limits,
    checked_models,
    limits_option,
    model_option,
    notify_option,
    state_option,
)
from interlock.console.output import say
from interlock.console.policies.named import check_policies
from interlock.console.runtime import run_async
from interlock.console.state import StateFolder, state_folder
from interlock.console.tools import check_tools
from interlock.console.whole import Whole

DEFAULT_PORT = 4222


@command()
@click.option(
    "--port", type=Whole(0, 65_535), default=DEFAULT_PORT, show_default=True, help="0: any free one."
)
@click.option(
    "--docs", multiple=True, metavar="DIR", help="A folder that tasks may read; may be repeated  [.]"
)
@model_option
@limits_option
@notify_option
@state_option
def up(
    port: int,
    docs: tuple[str, ...],
    model: str,
    limits: str | None,
    notify: str | None,
    state: str | None,
) -> int:
    """Start everything on this machine and stay, until Ctrl-C.

    Starts nats-server, the supervisor, an effect worker and the four agents, each a process of its own, and
    starts them again when they die. Only the effect worker is given the keys of models; with --notify a
    notifier tells people outside, and is given the secrets of its channels.

    Example:
      interlock up --docs ./docs --docs ~/papers --limits limits.toml

    """
    check_tools(os.environ)
    check_policies(os.environ)
    check_issuer(os.environ)
    wish = Wish(
        docs=tuple(checked_folder(folder) for folder in docs or (".",)),
        model=checked_models(model, os.environ),
        person=speaker(None),
        port=port,
        limits=checked_limits(limits),
        channels=checked_channels(notify, os.environ),
    )
    return run_async(_up(state_folder(state, os.environ), wish))


async def _up(folder: StateFolder, wish: Wish) -> int:
    with held(folder) as state:
        try:
            async with started(state, wish, dict(os.environ)) as local:
                for line in _welcome(local, wish.docs):
                    say(line)
                raise await local.failed()
        except asyncio.CancelledError:
            # Ctrl-C and SIGTERM are how a person ends this command, so it has done what it was asked.
            say("everything has stopped")
            return Exit.DONE


def _welcome(local: Local, docs: tuple[Path, ...]) -> list[str]:
    pids = ", ".join(f"{name} {pid}" for name, pid in local.launcher.pids.items())
    principal = speaker(None)
    return [
        f"up at {local.note.url} (nats-server {local.server.pid}, {pids})",
        f"model: {local.note.model}; tasks may read: {', '.join(map(str, docs))}",
        f"state and logs: {local.state.root}",
        f'submit a goal: interlock submit "…" --docs {docs[0]}',
        f'or from any NATS client: request interlock.in.{principal}.task.submit with {{"goal": "…"}}',
        "what people are asked: interlock inbox",
        "stop everything: Ctrl-C",
    ]
