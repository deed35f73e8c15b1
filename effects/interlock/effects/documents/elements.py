"""The seam to lxml's element type, which its stubs keep private, in one place."""

from collections.abc import Iterator
from typing import Any, TypeAlias, cast

from lxml import etree

Element: TypeAlias = etree._Element  # noqa: SLF001 - lxml has no other name  # pyright: ignore[reportPrivateUsage]


def elements(found: Any) -> list[Element]:
    """Keep the elements of what an XPath found (it may also find strings and numbers)."""
    several = cast("list[object]", found) if isinstance(found, list) else []
    return [one for one in several if isinstance(one, Element)]


def raw_text(element: Element) -> str:
    """Join the text of an element and of everything below it."""
    return "".join(cast("Iterator[str]", element.itertext()))


def own_line(element: Element) -> int:
    """Tell the raw line at which the element's start tag ends (1 when the parser does not know)."""
    line: object = element.sourceline
    return line if isinstance(line, int) else 1
