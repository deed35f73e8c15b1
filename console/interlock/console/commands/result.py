"""`interlock result`: what a task came to, or where it stands."""

from typing import Any

from interlock.console.conduct import print_outcome
from interlock.console.environment import Reach, Where, connected, find
from interlock.console.follow import read_task
from interlock.console.help import command
from interlock.console.options import json_option, reach_options, task_argument
from interlock.console.runtime import run_async


@command()
@task_argument
@json_option
@reach_options
def result(task: int, as_json: bool, **where: Any) -> int:
    """Print what task N came to: the report, the verdict, what was spent against the budget.

    Exits with 9 while the task is under way, and prints what there is so far.

    Example:
      interlock result 42 --json > result.json

    """
    return run_async(_result(find(Where(**where)), task, as_json=as_json))


async def _result(reach: Reach, task: int, *, as_json: bool) -> int:
    async with connected(reach) as bus:
        return await print_outcome(bus, await read_task(bus, task), as_json=as_json)
