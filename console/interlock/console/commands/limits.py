"""`interlock raise`: more budget for a task."""

from typing import Any

import click

from interlock.console.amounts import table
from interlock.console.environment import Reach, Where, connected, find
from interlock.console.errors import BadInput, RefusedBySupervisor
from interlock.console.exits import Exit
from interlock.console.follow import read_task, require_task
from interlock.console.help import command
from interlock.console.options import reach_options, reason_option, task_argument, usd_micros
from interlock.console.output import say
from interlock.console.runtime import run_async
from interlock.console.sayings import decided, refusal
from interlock.console.sayings import raise_limit as say_raise
from interlock.contracts.budget import NOTHING, Amounts

COUNT = click.IntRange(1, 2**50)


@command("raise")
@task_argument
@click.option("--usd", type=float, metavar="USD", help="This many dollars more.")
@click.option("--tokens", type=COUNT, metavar="N", help="This many tokens more.")
@click.option("--model-calls", type=COUNT, metavar="N", help="This many model calls more.")
@click.option("--tool-calls", type=COUNT, metavar="N", help="This many tool calls more.")
@click.option("--wall-s", type=click.IntRange(1, 31_536_000), metavar="S", help="This many seconds more.")
@click.option("--steps", type=COUNT, metavar="N", help="This many steps more.")
@click.option("--replans", type=COUNT, metavar="N", help="This many replans more.")
@reason_option
@reach_options
def raise_limit(task: int, usd: float | None, wall_s: int | None, reason: str, **options: Any) -> int:
    """Add to the budget of task N; a task that was parked for it goes on where it was.

    Example:
      interlock raise 42 --usd 0.50 --tokens 20000 --reason "worth it"

    """
    where = Where(**{name: options.pop(name) for name in Where.__struct_fields__})
    counts: dict[str, int] = {name: count or 0 for name, count in options.items()}
    more = Amounts(spend_usd_micros=usd_micros(usd) or 0, wall_ms=(wall_s or 0) * 1000, **counts)
    if more == NOTHING:
        raise BadInput(
            "nothing to add: name at least one of --usd, --tokens, --model-calls, --tool-calls, --wall-s"
        )
    return run_async(_raise(find(where), task, more, reason))


async def _raise(reach: Reach, task: int, more: Amounts, reason: str) -> int:
    async with connected(reach) as bus:
        await require_task(bus, task)
        seq = await say_raise(bus, task, more, reason)
        decision = await decided(bus, task, seq)
        view = await read_task(bus, task)
    if decision is None:
        say(f"the raise stands in the log as record {seq}; no supervisor has decided on it yet")
        return Exit.DONE
    if refused := refusal(decision, seq):
        raise RefusedBySupervisor(f"task {task}: {refused}")
    say(f"task {task} is {view.status}; spent of its budget:")
    for row in table(view.total, view.budget):
        say(f"  {row.name:<12} {row.spent:>14} of {row.limit}")
    return Exit.DONE
