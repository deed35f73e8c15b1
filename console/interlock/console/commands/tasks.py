"""`interlock tasks`: the tasks of an environment."""

from collections import OrderedDict
from typing import Any

import click

from interlock.bus.ports import Bus
from interlock.console.amounts import usd
from interlock.console.environment import Reach, Where, connected, find
from interlock.console.exits import Exit
from interlock.console.help import command
from interlock.console.options import json_option, reach_options
from interlock.console.output import print_json, print_rows, say
from interlock.console.projection import fold
from interlock.console.runtime import run_async
from interlock.console.views import TaskView
from interlock.console.whole import Whole
from interlock.contracts.decision import Decision
from interlock.contracts.message import decode
from interlock.contracts.subjects import DECISIONS, decided_task

MAX_TASKS = 10_000
GOAL_CHARS = 60
FEW = 3


@command()
@click.option("--last", type=Whole(1, MAX_TASKS), default=30, show_default=True, help="Only the newest N.")
@json_option
@reach_options
def tasks(last: int, as_json: bool, **where: Any) -> int:
    """List the tasks, the newest first: number, status, seconds, money, who asked, goal.

    Example:
      interlock tasks --last 10

    """
    return run_async(_tasks(find(Where(**where)), last, as_json=as_json))


async def _tasks(reach: Reach, last: int, *, as_json: bool) -> int:
    async with connected(reach) as bus:
        views = await newest(bus, last)
    if as_json:
        print_json([_fields(view) for view in views])
        return Exit.DONE
    if not views:
        say('no tasks yet; hand one in with: interlock submit "…"')
        return Exit.DONE
    header = f"{'task':>7}  {'status':<10} {'time':>9} {'money':>9}  {'from':<12} goal"
    print_rows((header, *map(_line, views)))
    return Exit.DONE


async def newest(bus: Bus, last: int) -> list[TaskView]:
    """Return the newest tasks of the log, the newest first; never more than `last` are held."""
    views: OrderedDict[int, TaskView] = OrderedDict()
    async for record in bus.history([DECISIONS]):
        task = decided_task(record.subject)
        if not task or (views and len(views) >= last and task < min(views)):
            continue
        view = views.setdefault(task, TaskView(task=task))
        fold(view, decode(Decision, record.data))
        if len(views) > last:
            del views[min(views)]
    return sorted(views.values(), key=lambda view: -view.task)


def _line(view: TaskView) -> str:
    goal = " ".join((view.goal or view.reason).split())
    goal = goal if len(goal) <= GOAL_CHARS else f"{goal[: GOAL_CHARS - 1]}…"
    waits = ", ".join(str(asked.number) for asked in view.waits_for[:FEW])
    goal = f"[waits for people: {waits}] {goal}" if waits else goal
    money = usd(view.spent.spend_usd_micros)
    return f"{view.task:>7}  {view.status:<10} {view.seconds:>7.1f} s {money:>9}  {view.submitter:<12} {goal}"


def _fields(view: TaskView) -> dict[str, Any]:
    return {
        "task": view.task,
        "status": view.status,
        "reason": view.reason,
        "goal": view.goal,
        "submitter": view.submitter,
        "tenant": view.tenant,
        "seconds": round(view.seconds, 3),
        "spent_usd_micros": view.spent.spend_usd_micros,
        "waits_for": [str(asked.number) for asked in view.waits_for],
    }
