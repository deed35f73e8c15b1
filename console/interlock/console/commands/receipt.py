"""`interlock receipt`: what kills came to, as far as anybody observed it."""

from typing import Any

import click

from interlock.bus.ports import Bus
from interlock.console.environment import Reach, Where, connected, find
from interlock.console.errors import BadInput, RefusedBySupervisor
from interlock.console.exits import Exit
from interlock.console.follow import require_task
from interlock.console.help import command
from interlock.console.options import json_option, reach_options
from interlock.console.output import out, print_json, print_lines, say
from interlock.console.runtime import run_async
from interlock.console.stop.documents import receipt_json
from interlock.console.stop.paper import receipt_lines
from interlock.console.stop.receipts import Kill, Receipt, find_kill, gather, receipts_of
from interlock.console.stop.scopes import said_scope
from interlock.console.whole import Whole


@command()
@click.argument("number", type=Whole(1, 2**53), metavar="N")
@click.option("--all", "everything", is_flag=True, help="Every effect and process, not the first 20.")
@json_option
@reach_options
def receipt(number: int, everything: bool, as_json: bool, **where: Any) -> int:
    """Print the receipt of a kill: how fast it was, and what became of each effect and process.

    N is a task, whose receipts are all printed, or the record of a kill. A receipt claims nothing that
    nobody saw. Exits with 9 while there is none yet.

    Examples:
      interlock receipt 42         of task 42
      interlock receipt 61 --all   of the kill that is record 61
      interlock receipt 42 --json

    """
    return run_async(_receipt(find(Where(**where)), number, everything=everything, as_json=as_json))


async def _receipt(reach: Reach, number: int, *, everything: bool, as_json: bool) -> int:
    async with connected(reach) as bus:
        kill = await find_kill(bus, number)
        found = await (_of_task(bus, number) if kill is None else _of_kill(bus, kill))
    if as_json:
        print_json([receipt_json(receipt) for receipt in found])
    for place, receipt in enumerate([] if as_json else found):
        if place:
            out("")
        print_lines(receipt_lines(receipt, everything=everything))
    return Exit.DONE if found else Exit.UNFINISHED


async def _of_kill(bus: Bus, kill: Kill) -> list[Receipt]:
    gathered = await gather(bus, kill)
    if kill.seq in gathered.refused:
        raise RefusedBySupervisor(f"kill of {said_scope(kill.scope)}: {gathered.refused[kill.seq]}")
    found = gathered.receipts.get(kill.seq)
    if found is None:
        say(f"there is no receipt of the kill of {said_scope(kill.scope)} yet")
    return [found] if found else []


async def _of_task(bus: Bus, task: int) -> list[Receipt]:
    await require_task(bus, task)
    gathered = await receipts_of(bus, task)
    if not gathered.receipts and not gathered.halts:
        raise BadInput(f"no kill has touched task {task}, so there is no receipt")
    if missing := gathered.halts - gathered.receipts.keys():
        say(f"there is no receipt yet of the kill in record {', '.join(map(str, sorted(missing)))}")
    return list(gathered.receipts.values())
