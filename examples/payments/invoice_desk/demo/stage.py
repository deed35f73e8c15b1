"""What a scene has at hand: the desk, its log, people who type commands, and a list of what was not so.

What is played, it does not know.
"""

import asyncio
import shlex
import sys
from pathlib import Path
from typing import Literal

import msgspec

from invoice_desk.cases import Kind
from invoice_desk.demo.watch import Watch
from invoice_desk.desk import Desk
from invoice_desk.make_invoices import Made, make

COMMAND_S = 20.0
GOAL = "Pay the invoices of this folder."

Shown = Literal["all", "end", "nothing"]


class Said(msgspec.Struct, frozen=True):
    """What a command came to."""

    code: int
    output: str


class Stage:
    """The desk and everybody at it."""

    def __init__(self, desk: Desk, watch: Watch) -> None:
        self.desk = desk
        self.watch = watch
        self.wrong: list[str] = []

    def title(self, text: str) -> None:
        """Say what comes next."""
        print(f"\n== {text}")  # noqa: T201 - a demo prints

    def tell(self, text: str) -> None:
        """Say what is seen."""
        print(f"   {text}")  # noqa: T201 - a demo prints

    def check(self, fits: bool, sentence: str) -> None:
        """Say that something is so; what is not so is remembered."""
        print(f"   {'ok ' if fits else 'NOT'} {sentence}")  # noqa: T201 - a demo prints
        if not fits:
            self.wrong.append(sentence)

    async def types(self, person: str, *words: str, shown: Shown = "end") -> Said:
        """Let a person run `interlock` with these words, as at a terminal; show all of it, or how it ends."""
        print(f"   {person}$ interlock {shlex.join(words)}")  # noqa: T201 - a demo prints
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "interlock.console",
            *words,
            "--as",
            person,
            "--state",
            str(self.desk.local.state.root),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(COMMAND_S):
            output, _ = await process.communicate()
        said = Said(process.returncode or 0, output.decode().strip())
        lines = {"all": said.output.splitlines(), "end": _end(said.output), "nothing": []}
        for line in lines[shown]:
            print(f"      {line}")  # noqa: T201 - a demo prints
        return said

    async def submits(self, name: str, seed: int, kinds: tuple[Kind, ...]) -> tuple[int, tuple[Made, ...]]:
        """Let alice put invoices into a folder and hand it in; return the task and what is in the folder."""
        made = make(self.desk.invoices / name, seed, kinds)
        said = await self.types("alice", "submit", GOAL, "--docs", str(self.desk.invoices / name))
        return int(said.output.splitlines()[-1]), made


def quick_policies(shipped: Path, folder: Path) -> Path:
    """Copy the policies, with a board that has three seconds instead of a day."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in shipped.iterdir():
        (folder / path.name).write_text(path.read_text("utf-8"), "utf-8")
    routing = (folder / "routing.toml").read_text("utf-8")
    slow = 'role = "board"           # on their own for the whole day, or not at all\nafter_s = 28_800'
    assert slow in routing
    (folder / "routing.toml").write_text(routing.replace(slow, 'role = "board"\nafter_s = 3'), "utf-8")
    return folder


def _end(output: str) -> list[str]:
    """Return what a command came to: its last line that is not indented, with those below it."""
    lines = output.splitlines()
    begins = [at for at, line in enumerate(lines) if line and not line.startswith(" ")]
    return lines[begins[-1] :] if begins else lines
