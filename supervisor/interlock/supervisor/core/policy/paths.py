"""Which parts of a question's context a policy looks at: nothing else has to be told to Cedar.

Reading a context costs Cedar more than deciding by it. It knows Cedar's JSON of a condition alone.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[str, ...]
WHOLE: Path = ()
_DEPTH = 2
_ACCESS = {"left", "attr"}


def looked_at(node: Any) -> frozenset[Path]:
    """Return the paths below `context` that an expression names, two words deep; the empty path is all of it."""
    return frozenset(_paths(node))


def _paths(node: Any) -> Iterator[Path]:
    if isinstance(node, Mapping):
        chain = _chain(node)
        if chain is not None:
            yield chain[:_DEPTH]
        elif node.get("Var") == "context":
            yield WHOLE
        else:
            for name, inner in node.items():
                if name != "Value":
                    yield from _paths(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _paths(inner)


def _chain(node: Mapping[str, Any]) -> Path | None:
    """Return the path of an expression such as `context.run.task`, or None when it is another."""
    words: list[str] = []
    while True:
        access = node.get(".", node.get("has"))
        if not isinstance(access, Mapping) or access.keys() != _ACCESS:
            break
        words.append(access["attr"])
        node = access["left"]
    return tuple(reversed(words)) if words and node.get("Var") == "context" else None
