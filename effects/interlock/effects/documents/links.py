"""Where a document's links lead: what many others point to is where a person would look first."""

import posixpath
import re
from collections.abc import Iterable

LINKS_MAX = 5_000
MARKDOWN_LINK = re.compile(r"\]\(<?([^()\s<>]+)>?(?:\s+\"[^\"\n]*\")?\)")
SCHEME = re.compile(r"[a-zA-Z][\w+.-]*:|//|/")


def targets(file: str, links: Iterable[str]) -> list[str]:
    """Name the files, and the anchors in them (`a/b.html#c`), that links of a file lead to, once each.

    Links to elsewhere and to the file itself are left out.
    """
    found: dict[str, None] = {}
    for link in links:
        if len(found) >= LINKS_MAX:
            break
        path, _, anchor = link.partition("#")
        if not path or SCHEME.match(link):
            continue
        target = posixpath.normpath(posixpath.join(posixpath.dirname(file), path.partition("?")[0]))
        if target != file and not target.startswith(".."):
            found[target] = None
            if anchor:
                found[f"{target}#{anchor}"] = None
    return list(found)


def markdown_links(text: str) -> tuple[str, ...]:
    """List the inline links of a Markdown text."""
    return tuple(dict.fromkeys(MARKDOWN_LINK.findall(text)))[:LINKS_MAX]


def slug(heading: str) -> str:
    """Name the anchor that a Markdown heading gets when it is shown."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
