"""`interlock watch`: a task as it goes, then what it came to."""

from typing import Any

from interlock.console.conduct import print_outcome, show_to_the_end
from interlock.console.environment import Reach, Where, connected, find
from interlock.console.follow import require_task
from interlock.console.help import command
from interlock.console.options import json_option, reach_options, task_argument
from interlock.console.runtime import run_async


@command()
@task_argument
@json_option
@reach_options
def watch(task: int, as_json: bool, **where: Any) -> int:
    """Follow task N from its beginning until it ends or waits for a person, then print what it came to.

    Ctrl-C ends the watching, not the task. The exit code tells how the task ended.

    Example:
      interlock watch 42

    """
    return run_async(_watch(find(Where(**where)), task, as_json=as_json))


async def _watch(reach: Reach, task: int, *, as_json: bool) -> int:
    async with connected(reach) as bus:
        await require_task(bus, task)
        view = await show_to_the_end(bus, task)
        return await print_outcome(bus, view, as_json=as_json)
