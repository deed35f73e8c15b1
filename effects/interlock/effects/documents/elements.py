"""The seam to lxml's element type, which its stubs keep private, in one place."""

from typing import Any, TypeAlias

from lxml import etree

Element: TypeAlias = etree._Element  # noqa: SLF001 - the only name lxml gives to the type of an element


def elements(found: Any) -> list[Element]:
    """Keep the elements of what an XPath found (it may also find strings and numbers)."""
    return [one for one in found if isinstance(one, Element)] if isinstance(found, list) else []


def raw_text(element: Element) -> str:
    """Join the text of an element and of everything below it."""
    return "".join(element.itertext())


def own_line(element: Element) -> int:
    """Tell the raw line at which the element's start tag ends (1 when the parser does not know)."""
    return element.sourceline or 1
