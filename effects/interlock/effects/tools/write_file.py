"""The tool that writes a text file into the task's workspace; it can reach nothing else."""

from typing import Annotated

from pydantic import Field

from interlock.contracts import limits
from interlock.effects.tools.tool import Place, Strict, Tool, Traits
from interlock.effects.tools.workspace import write

TEXT_CHARS_MAX = 200_000


class WriteFile(Strict):
    """Which file, and what shall stand in it."""

    path: Annotated[str, Field(min_length=1, max_length=limits.MAX_PATH_CHARS)]
    text: Annotated[str, Field(max_length=TEXT_CHARS_MAX)]


class Written(Strict):
    """What stands there now."""

    path: str
    sha256: str
    size_bytes: int


def _write_file(asked: WriteFile, place: Place) -> Written:
    content = asked.text.encode("utf-8", errors="replace")
    digest = write(place.workspaces / str(place.task), asked.path, content, place.leave)
    return Written(path=asked.path, sha256=digest, size_bytes=len(content))


WRITE_FILE = Tool(
    "write_file",
    _write_file,
    asks=WriteFile,
    tells=Written,
    traits=Traits(risk="write", repeatable=True, target="path"),
    asks_leave=True,
    description="Write a text file into the task's workspace, replacing what stood under that name.",
)
