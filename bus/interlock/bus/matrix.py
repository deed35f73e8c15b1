"""Draws the table of permissions for the docs, from the very table that tickets are made of; decides nothing.

`python -m interlock.bus.matrix docs/identity.md` writes it between the marks of that page.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from interlock.bus.permissions import ROLES, Permissions

BEGIN = "<!-- permissions: drawn by `make diagrams` -->"
END = "<!-- end of permissions -->"

_KINDS: tuple[tuple[str, Callable[[Permissions], tuple[str, ...]]], ...] = (
    ("may publish", lambda permissions: permissions.publish),
    ("may hear", lambda permissions: permissions.subscribe),
)


def written(page: str) -> str:
    """Return the page with the table as it is now; raise ValueError where its marks are missing."""
    before, after = page.index(BEGIN) + len(BEGIN), page.index(END)
    return f"{page[:before]}\n\n{_tables()}\n{page[after:]}"


def _tables() -> str:
    return "\n".join(_table(title, of) for title, of in _KINDS)


def _table(title: str, of: Callable[[Permissions], tuple[str, ...]]) -> str:
    patterns = dict.fromkeys(pattern for permissions in ROLES.values() for pattern in of(permissions))
    lines = [f"| {title} | {' | '.join(ROLES)} |", f"|---|{':-:|' * len(ROLES)}"]
    for pattern in patterns:
        marks = ("●" if pattern in of(permissions) else "" for permissions in ROLES.values())
        lines.append(f"| `{pattern.replace('{principal}', '«me»')}` | {' | '.join(marks)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(written(path.read_text(encoding="utf-8")), encoding="utf-8")
