"""`python -m invoice_desk.demo`: a day at the desk, in less than a minute.

Exits with 0 only when everything was as it should be.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from interlock.bus.ports import Bus
from interlock.console.environment import connected, reach_local
from interlock.contracts import facts as f
from invoice_desk.compare import compared, lines
from invoice_desk.demo import scenes
from invoice_desk.demo.stage import Stage, quick_policies
from invoice_desk.demo.watch import NotSeen, watching
from invoice_desk.desk import CANNOT_OPEN, POLICIES, open_desk
from invoice_desk.people import OPERATOR, PEOPLE

SCENES = (scenes.small, scenes.large, scenes.edit, scenes.rejection, scenes.expired, scenes.kill)


async def play(root: Path) -> int:
    """Play all scenes at a desk in this folder; return the exit code."""
    began_s = time.monotonic()
    policies = quick_policies(POLICIES, root / "policies")
    print("opening the desk: a bank, a NATS server, the supervisor, an effect worker, four agents")  # noqa: T201 - a demo prints
    async with open_desk(root, policies=policies) as desk:
        reach = reach_local(desk.local.state, desk.local.note, OPERATOR)
        async with connected(reach) as bus, watching(bus) as watch:
            stage = Stage(desk, watch)
            for person in PEOPLE:
                stage.tell(
                    f"{person.name}: {', '.join(person.roles)}, of {', '.join(person.groups) or 'no group'}"
                )
            for scene in SCENES:
                try:
                    await scene(stage)
                except NotSeen as error:
                    stage.check(False, str(error))
            _decisions(stage)
            await _books(stage, bus)
    stage.title(
        f"{len(stage.wrong)} things were not as they should be, in {time.monotonic() - began_s:.0f} s"
    )
    return 1 if stage.wrong else 0


def _decisions(stage: Stage) -> None:
    """Tell who has decided what."""
    stage.title("Who decided what")
    for task, resolved in stage.watch.every(f.Resolved):
        by = ", ".join(resolved.by) or "nobody"
        why = f": {resolved.reason}" if resolved.reason else ""
        stage.tell(f"{task}.{resolved.number} {resolved.verdict} by {by}{why}")


async def _books(stage: Stage, bus: Bus) -> None:
    """Hold the bank's books against the log."""
    stage.title("At the end of the day: the books of the bank and the log")
    found, agree = await compared(bus, stage.desk.teller)
    for line in lines(found):
        stage.tell(line)
    stage.check(agree, "they agree to the cent")


def main() -> int:
    """Play the day."""
    parser = argparse.ArgumentParser(
        description="A day at the invoice desk, with people who follow a script."
    )
    parser.add_argument("--folder", type=Path, help="where everything stands afterwards  [nowhere]")
    folder: Path | None = parser.parse_args().folder
    with tempfile.TemporaryDirectory(prefix="invoice-desk-") as nowhere:
        try:
            return asyncio.run(play(folder.absolute() if folder else Path(nowhere)))
        except CANNOT_OPEN as error:
            sys.stderr.write(f"the desk cannot be opened: {error}\n")
            return 1


if __name__ == "__main__":
    sys.exit(main())
