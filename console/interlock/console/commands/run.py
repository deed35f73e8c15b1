"""`interlock run`: a goal in, a report out; starts what it needs and leaves nothing behind."""

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import click
import msgspec

from interlock.console.conduct import print_outcome, show_to_the_end
from interlock.console.environment import Reach, connected, reach_local, speaker
from interlock.console.errors import BadInput, GaveUp
from interlock.console.help import command
from interlock.console.issuers import check_issuer
from interlock.console.local import Wish, held_private, started
from interlock.console.options import (
    budget_options,
    checked_folder,
    checked_goal,
    checked_limits,
    checked_models,
    checked_task,
    json_option,
    limits_option,
    model_option,
    rank_options,
    state_option,
    task_budget,
)
from interlock.console.output import say
from interlock.console.policies.named import check_policies
from interlock.console.processes import GUARD, SERVICES
from interlock.console.runtime import run_async
from interlock.console.sayings import submit
from interlock.console.state import StateFolder, state_folder
from interlock.console.tools import check_tools
from interlock.contracts.task import Submit

Failed = Callable[[], Awaitable[GaveUp]]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What `run` was asked to do, checked."""

    task: Submit
    docs: Path
    model: str
    state: StateFolder
    limits: Path | None
    out: Path | None
    as_json: bool


@command()
@click.argument("goal")
@click.option("--docs", required=True, metavar="DIR", help="The folder of documents to work with.")
@budget_options
@model_option
@limits_option
@click.option("--out", metavar="FILE", help="Write the report to FILE as well.")
@json_option
@state_option
@rank_options
def run(
    goal: str, docs: str, model: str, out: str | None, as_json: bool, state: str | None, **options: Any
) -> int:
    """Reach GOAL from a folder of documents, here and now.

    Uses the environment that runs in the state directory when it may read DIR; else starts one, and stops it
    afterwards. Shows what every process does, then the report, the reviewer's verdict and what was spent.
    Ctrl-C kills the task, stops everything and exits with 130.

    Example:
      interlock run "How are errors handled?" --docs ./docs --budget-usd 0.50 --out report.md

    """
    folder = checked_folder(docs)
    models = checked_models(model, os.environ)
    check_tools(os.environ)
    check_policies(os.environ)
    check_issuer(os.environ)
    task = checked_task(
        Submit(
            goal=checked_goal(goal),
            docs=str(folder),
            budget=task_budget(options),
            model=models.partition(",")[0],
            tenant=options["tenant"],
            priority=options["priority"],
        )
    )
    order = Order(
        task=task,
        docs=folder,
        model=models,
        state=state_folder(state, os.environ),
        limits=checked_limits(options["limits"]),
        out=_checked_out(out),
        as_json=as_json,
    )
    return run_async(_run(order))


def _checked_out(out: str | None) -> Path | None:
    if out is None:
        return None
    path = Path(out).expanduser().absolute()
    target = path if path.exists() else path.parent
    if path.is_dir() or not target.exists() or not os.access(target, os.W_OK):
        raise BadInput(f"--out: {out} cannot be written; name a file in a folder that exists and is yours")
    return path


async def _run(order: Order) -> int:
    async with _environment(order) as (reach, failed), connected(reach) as bus:

        async def work() -> int:
            task = await submit(bus, order.task)
            view = await show_to_the_end(bus, task, own=True)
            return await print_outcome(bus, view, as_json=order.as_json, out_file=order.out)

        return await unless_failed(work(), failed)


@contextlib.asynccontextmanager
async def _environment(order: Order) -> AsyncGenerator[tuple[Reach, Failed]]:
    """Yield how to reach an environment that may read the documents: the running one, or a private one."""
    principal = speaker(None)
    server = order.state.running()
    if server and not server.private and _admits(server.docs, order.docs):
        instead = f"; its limits hold, not those of {order.limits}" if order.limits else ""
        say(f"using the environment that runs in {order.state.root}{instead}")
        yield reach_local(order.state, server, principal), _never
        return
    with held_private(order.state) as state:
        say(f"starting nats-server, {', '.join((GUARD, *(service.name for service in SERVICES)))}")
        wish = Wish(
            docs=(order.docs,), model=order.model, person=principal, private=True, limits=order.limits
        )
        began_s = asyncio.get_running_loop().time()
        async with started(state, wish, dict(os.environ)) as local:
            say(f"all are up after {asyncio.get_running_loop().time() - began_s:.1f} s")
            yield reach_local(state, local.note, principal), local.failed


def _admits(roots: tuple[str, ...], folder: Path) -> bool:
    return any(folder.is_relative_to(root) for root in roots)


async def _never() -> GaveUp:
    forever: asyncio.Future[GaveUp] = asyncio.get_running_loop().create_future()
    return await forever


async def unless_failed(work: Coroutine[Any, Any, int], failed: Failed) -> int:
    """Do the work, but raise the environment's failure as soon as it cannot go on."""
    doing, failing = asyncio.ensure_future(work), asyncio.ensure_future(failed())
    try:
        await asyncio.wait({doing, failing}, return_when=asyncio.FIRST_COMPLETED)
        if failing.done() and not doing.done():
            raise failing.result()
        return doing.result()
    finally:
        failing.cancel()
        if not doing.done():
            doing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await doing
