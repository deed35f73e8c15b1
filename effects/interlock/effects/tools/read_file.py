"""The tool that reads lines of one of the task's documents, as they may be quoted."""

from typing import Annotated

from pydantic import Field

from interlock.contracts import limits
from interlock.effects.documents.quotation import read_slice
from interlock.effects.tools.docs import docs_folder, plainly
from interlock.effects.tools.tool import Place, Strict, Tool, Traits

LINES_DEFAULT = 200
LINE_MAX = 10_000_000


class ReadFile(Strict):
    """Which document (as search names it), from which line to which; the first is 1."""

    file: Annotated[str, Field(min_length=1, max_length=limits.MAX_PATH_CHARS)]
    first_line: Annotated[int, Field(ge=1, le=LINE_MAX)] = 1
    last_line: Annotated[int, Field(ge=1, le=LINE_MAX)] = LINES_DEFAULT


class Lines(Strict):
    """The text; `last_line` is where it really ends, `last_line_of_file` how far the document goes."""

    file: str
    first_line: int
    last_line: int
    text: str
    last_line_of_file: int


def _read_file(asked: ReadFile, place: Place) -> Lines:
    with plainly():
        lines = read_slice(
            docs_folder(place.docs, place.roots), asked.file, asked.first_line, asked.last_line
        )
    return Lines(
        file=lines.file,
        first_line=lines.first_line,
        last_line=lines.last_line,
        text=lines.text,
        last_line_of_file=lines.last_line_of_file,
    )


READ_FILE = Tool(
    "read_file",
    _read_file,
    asks=ReadFile,
    tells=Lines,
    traits=Traits(risk="read", repeatable=True, untrusted=True, target="file"),
    description="Read lines of one of the task's documents.",
)
