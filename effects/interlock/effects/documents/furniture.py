"""What stands on an HTML page without being its text: navigation, scripts, permalinks."""

from lxml import etree

from interlock.effects.documents.elements import Element, elements

TAGS = etree.XPath(
    ".//nav | .//script | .//style | .//noscript | .//template | .//footer | .//svg | .//button"
)
# Highlighted code is full of spans with classes: only those that may be links to elsewhere are looked at.
MARKED = etree.XPath(
    ".//*[@role]"
    " | .//*[@class and not(self::span or self::code or self::em or self::a or self::p or self::dd)]"
    " | .//a[contains(@class, 'link')] | .//span[contains(@class, 'link')]"
)
BREAKS = etree.XPath(".//br")
ROLES = frozenset({"navigation", "search", "contentinfo", "banner", "menu", "complementary"})
CLASSES = frozenset(
    {
        *(
            "headerlink",
            "sphinxsidebar",
            "related",
            "footer",
            "toctree-wrapper",
            "toctree",
            "toc",
            "contents",
        ),
        *("sidebar", "navbar", "breadcrumb", "breadcrumbs", "table-of-contents", "skip-link", "cookie"),
        *("anchor-link", "edit-link", "viewcode-link", "copybtn", "localtoc", "sphinxsidebarwrapper"),
    }
)
NEVER_FURNITURE = frozenset({"body", "html", "main", "article", "section", "p", "dd"})


def remove_furniture(root: Element) -> None:
    """Take the furniture out, keeping the text that follows it; `br` becomes a line end."""
    doomed = elements(TAGS(root))
    for element in elements(MARKED(root)):
        classes = (element.get("class") or "").split()
        if element.get("role") in ROLES or not CLASSES.isdisjoint(classes):
            doomed.append(element)
    for element in doomed:
        if element.tag not in NEVER_FURNITURE:
            _drop(element)
    for element in elements(BREAKS(root)):
        element.tail = f"\n{element.tail or ''}"


def _drop(element: Element) -> None:
    parent = element.getparent()
    if parent is None:
        return
    previous = element.getprevious()
    if element.tail and previous is not None:
        previous.tail = f"{previous.tail or ''}{element.tail}"
    elif element.tail:
        parent.text = f"{parent.text or ''}{element.tail}"
    element.tail = None
    parent.remove(element)
