"""`python -m invoice_desk FOLDER`: opens the desk and keeps it open, until Ctrl-C."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from invoice_desk.desk import CANNOT_OPEN, NO_MODEL, POLICIES, open_desk
from invoice_desk.people import PEOPLE


async def keep_open(folder: Path, policies: Path, model: str) -> int:
    """Keep the desk open until it is told to stop, or cannot go on."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with open_desk(folder, policies=policies, model=model) as desk:
        for line in (
            f"the desk is open: export INTERLOCK_STATE={desk.local.state.root}",
            f"invoices go into {desk.invoices}, the bank is at {desk.bank.url}",
            f"people: {', '.join(person.name for person in PEOPLE)}; speak as one with --as NAME",
        ):
            print(line, flush=True)  # noqa: T201 - for people
        waiting = [asyncio.ensure_future(stopped.wait()), asyncio.ensure_future(desk.local.failed())]
        done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for each in pending:
            each.cancel()
        if waiting[1] in done:
            print(waiting[1].result())  # noqa: T201 - for people
            return 1
    return 0


def main() -> int:
    """Read the command line and open the desk."""
    parser = argparse.ArgumentParser(prog="python -m invoice_desk", description="Open the invoice desk.")
    parser.add_argument("folder", type=Path, help="where invoices, books and state stand")
    parser.add_argument("--policies", type=Path, default=POLICIES, help="a folder of policies of your own")
    parser.add_argument("--model", default=NO_MODEL, help="a model, where your own agents ask one")
    arguments = parser.parse_args()
    try:
        return asyncio.run(
            keep_open(arguments.folder.absolute(), arguments.policies.absolute(), arguments.model)
        )
    except CANNOT_OPEN as error:
        sys.stderr.write(f"the desk cannot be opened: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
