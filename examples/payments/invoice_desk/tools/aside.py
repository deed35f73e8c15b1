"""What a task has put aside, in its own workspace: which invoice, and why. Durable before it is told."""

from pathlib import Path
from typing import Literal

import msgspec

from interlock.effects.tools.workspace import write

State = Literal["held", "rejected"]


class Aside(msgspec.Struct, frozen=True):
    """An invoice that was checked and held, or that a person would not pay."""

    file: str
    state: State
    why: str


def put_aside(workspace: Path, aside: Aside) -> None:
    """Put an invoice aside; what was said of it before is replaced."""
    write(workspace, f"aside/{aside.file}.json", msgspec.json.encode(aside))


def found_aside(workspace: Path) -> dict[str, Aside]:
    """Return what was put aside, by file."""
    notes = sorted((workspace / "aside").glob("[!.]*.json"))
    read = (msgspec.json.decode(note.read_bytes(), type=Aside) for note in notes)
    return {aside.file: aside for aside in read}
