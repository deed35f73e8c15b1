"""Adds to a task's budget, waits for the decision, and says whether the task goes on."""

from interlock.bus.ports import Bus
from interlock.console.budgets.dimensions import TABLE, said_budget, said_more
from interlock.console.budgets.lacks import remedy, said_lack
from interlock.console.errors import RefusedBySupervisor
from interlock.console.follow import read_task
from interlock.console.sayings import decided, raise_limit, refusal
from interlock.console.views import TaskView
from interlock.contracts import facts as f
from interlock.contracts.budget import Amounts


async def raise_and_tell(bus: Bus, task: int, more: Amounts, reason: str = "") -> list[str]:
    """Raise a task's budget; return what it did in lines. Raises RefusedBySupervisor or BusError."""
    seq = await raise_limit(bus, task, more, reason)
    decision = await decided(bus, task, seq)
    if decision is None:
        return [f"the raise stands in the log as record {seq}; no supervisor has decided on it yet"]
    if refused := refusal(decision, seq):
        raise RefusedBySupervisor(f"task {task}: {refused}")
    view = await read_task(bus, task)
    now = said_budget(view.budget)
    lines = [f"task {task} may use {said_more(more)} more; its limits are now {now}"]
    useless = [d for d in TABLE if getattr(more, d.field) and getattr(view.budget, d.field) is None]
    if useless:
        names = " and ".join(dimension.noun for dimension in useless)
        lines.append(f"it had no limit of {names}: there the raise changes nothing")
    resumed = any(isinstance(fact, f.Resumed) for fact in decision.facts)
    return [*lines, _stands(view, resumed=resumed)]


def _stands(view: TaskView, *, resumed: bool) -> str:
    if view.status == "parked" and view.lack is not None:
        still = "it still lacks something and stays parked" if resumed else "it is parked"
        return f"{still}: {said_lack(view.lack)}; to go on: {remedy(view.task, view.lack)}"
    if view.status == "parked":
        other = f"it stays parked, not for its budget: {view.reason}"
        return f"{other}; to go on: interlock resume task {view.task}"
    if view.status == "paused":
        return f"it stays paused; to go on: interlock resume task {view.task}"
    if view.has_ended:
        return f"it went on, and is {view.status}" if resumed else f"it is {view.status} meanwhile"
    return "it goes on where it was" if resumed else "it was not parked, and works on"
