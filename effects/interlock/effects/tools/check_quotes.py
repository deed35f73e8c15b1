"""The tool that tells which quotations stand in their source, character for character, and where."""

from typing import Annotated

from pydantic import Field

from interlock.contracts import limits
from interlock.effects.documents.quotation import find_quote
from interlock.effects.tools.docs import docs_folder, plainly
from interlock.effects.tools.tool import Place, Strict, Tool, Traits

QUOTES_MAX = limits.MAX_CLAIMS * limits.MAX_CITATIONS


class Quote(Strict):
    """A quotation and where it is said to stand."""

    quote: Annotated[str, Field(min_length=1, max_length=limits.MAX_QUOTE_CHARS)]
    file: Annotated[str, Field(min_length=1, max_length=limits.MAX_PATH_CHARS)]
    line: Annotated[int, Field(ge=1)] = 1


class CheckQuotes(Strict):
    """The quotations to look up."""

    quotes: Annotated[tuple[Quote, ...], Field(max_length=QUOTES_MAX)]


class CheckedQuote(Strict):
    """Whether it stands there; `line` is where it begins (0: nowhere in that file)."""

    quote: str
    file: str
    line: int
    stands: bool
    page: int | None = None


class Checked(Strict):
    """What became of each quotation, in the order of the question."""

    results: tuple[CheckedQuote, ...]


def _check_quotes(asked: CheckQuotes, place: Place) -> Checked:
    checked: list[CheckedQuote] = []
    with plainly():
        folder = docs_folder(place.docs, place.roots)
        for one in asked.quotes:
            found = find_quote(folder, one.file, one.quote, one.line)
            checked.append(
                CheckedQuote(
                    quote=one.quote,
                    file=one.file,
                    line=found.line if found else 0,
                    stands=found is not None,
                    page=found.page if found else None,
                )
            )
    return Checked(results=tuple(checked))


CHECK_QUOTES = Tool(
    "check_quotes",
    _check_quotes,
    asks=CheckQuotes,
    tells=Checked,
    traits=Traits(risk="read", repeatable=True),
    description="Tell which quotations stand in their source, character for character, and in which line.",
)
