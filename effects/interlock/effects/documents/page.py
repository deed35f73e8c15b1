"""HTML as people read it: blocks of collapsed prose with their raw lines, whatever will be asked.

libxml2 tells the line at which a start tag ends; inside a block every newline of the raw text counts one
further line, so that a sentence is placed better than its paragraph.
"""

import msgspec
from lxml import etree

from interlock.effects.documents.canvas import Canvas
from interlock.effects.documents.elements import Element, elements, own_line, raw_text
from interlock.effects.documents.furniture import remove_furniture
from interlock.effects.documents.passages import Context
from interlock.effects.documents.types import Text

HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
BLOCKS = (
    *(
        "p",
        "pre",
        "ul",
        "ol",
        "li",
        "dl",
        "dt",
        "dd",
        "div",
        "section",
        "article",
        "main",
        "blockquote",
        "table",
    ),
    *(
        "thead",
        "tbody",
        "tr",
        "figure",
        "figcaption",
        "details",
        "summary",
        "form",
        "fieldset",
        "address",
        "hr",
    ),
    *("header", "body", *HEADINGS),
)
CONTENT = etree.XPath("//*[@role='main'] | //main")
TITLE = etree.XPath("//title")
NAMES = etree.XPath(".//*[contains(concat(' ', normalize-space(@class), ' '), ' descname ')]")
SIGNATURE_CHARS_MAX = 200
# XML allows no control characters but tab and line ends, and lxml refuses to handle text that holds them.
CONTROLS = bytes(32 if byte < 32 and byte not in (9, 10, 13) else byte for byte in range(256))
ASCII_LIKE = frozenset(
    {"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin-1", "windows-1252", "iso-8859-15"}
)
LINK_SHARE_MAX = 0.7
DEPTH_MAX = 200


def read_page(data: bytes, encoding: str) -> Text:
    """Render an HTML file; an empty one gives an empty Text."""
    data = data.translate(CONTROLS) if encoding.lower() in ASCII_LIKE else data
    parser = etree.HTMLParser(remove_comments=True, remove_pis=True, encoding=encoding, huge_tree=True)
    root = etree.fromstring(data, parser) if data.strip() else None
    reader = _Reader()
    if root is None:
        return reader.canvas.finish("")
    titles = elements(TITLE(root))
    title = " ".join(raw_text(titles[0]).split()) if titles else ""
    links: dict[str, None] = {}
    for body in elements(CONTENT(root))[:1] or elements(root.findall("body")) or [root]:
        remove_furniture(body)
        reader.visit(body, 0)
        links.update(dict.fromkeys(link.get("href") or "" for link in body.iter("a")))
    return msgspec.structs.replace(reader.canvas.finish(title or reader.title), links=tuple(links))


def _symbol(term: Element) -> tuple[str, str]:
    """Tell the name that a term defines, qualified by its id where that fits, and its signature."""
    signature = " ".join(raw_text(term).split())[:SIGNATURE_CHARS_MAX]
    names = elements(NAMES(term))
    name = " ".join(raw_text(names[0]).split()) if names else signature.partition("(")[0].strip()
    identity = term.get("id") or ""
    qualified = (
        identity if name and identity.endswith(f".{name}") and len(identity.split(".")[0]) > 1 else name
    )
    if qualified != name and qualified not in signature:
        signature = signature.replace(name, qualified, 1)
    return qualified, signature


class _Reader:
    def __init__(self) -> None:
        self.canvas = Canvas()
        self.title = ""
        self._sections: list[tuple[int, str]] = []
        self._number = 0
        self._context = Context(0)

    def visit(self, element: Element, depth: int) -> None:
        tag = element.tag
        if tag == "pre":
            self.canvas.preformatted(raw_text(element), own_line(element), self._context)
        elif tag in HEADINGS:
            self._heading(element, HEADINGS[str(tag)])
        elif tag == "dl":
            self._definitions(element, depth)
        elif tag == "tr":
            self._row(element)
        elif depth > DEPTH_MAX or next(element.iterdescendants(*BLOCKS), None) is None:
            self._paragraph(element)
        else:
            self._container(element, depth)

    def _container(self, element: Element, depth: int) -> None:
        run, line = element.text or "", own_line(element)
        for child in element:
            if child.tag in BLOCKS or next(child.iterdescendants(*BLOCKS), None) is not None:
                self.canvas.prose(run, line, self._context)
                self.visit(child, depth + 1)
                run, line = child.tail or "", own_line(child)
            else:
                run = f"{run}{raw_text(child)}{child.tail or ''}"
        self.canvas.prose(run, line, self._context)

    def _paragraph(self, element: Element) -> None:
        raw = raw_text(element)
        linked = sum(len(raw_text(link)) for link in element.iter("a"))
        listed = linked > LINK_SHARE_MAX * len(raw.strip())
        self.canvas.prose(raw, own_line(element), self._context, indexed=not listed)

    def _row(self, element: Element) -> None:
        cells = [" ".join(raw_text(cell).split()) for cell in element if cell.tag in ("td", "th")]
        self.canvas.prose(" | ".join(cells), own_line(element), self._context)

    def _heading(self, element: Element, level: int) -> None:
        words = " ".join(raw_text(element).split())
        self.title = self.title or words
        self._sections = [(above, name) for above, name in self._sections if above < level] + [(level, words)]
        section = element.getparent()
        anchor = element.get("id") or (section.get("id") if section is not None else None) or ""
        self._enter(tuple(name for _, name in self._sections), (), anchor)
        self.canvas.prose(raw_text(element), own_line(element), self._context, indexed=False)

    def _definitions(self, element: Element, depth: int) -> None:
        outside = self._context
        symbols: tuple[str, ...] = ()
        described = True
        for child in element:
            if child.tag != "dt":
                self.visit(child, depth + 1)
                described = True
                continue
            if described:
                symbols = ()
            symbol, signature = _symbol(child)
            symbols = (*symbols, symbol) if symbol else symbols
            if described or self._context is outside:
                self._enter((*outside.heading, signature), symbols, child.get("id") or "")
            else:
                self._context = msgspec.structs.replace(self._context, symbols=symbols)
            described = False
            self.canvas.prose(raw_text(child), own_line(child), self._context)
        self._number += 1
        self._context = msgspec.structs.replace(outside, number=self._number)

    def _enter(self, heading: tuple[str, ...], symbols: tuple[str, ...], anchor: str) -> None:
        self._number += 1
        self._context = Context(self._number, heading, symbols, anchor)
