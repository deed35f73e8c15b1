"""Which parts of a question's context a policy looks at: nothing else has to be told to Cedar.

Reading a context costs Cedar more than deciding by it. It knows Cedar's JSON of a condition alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

Path = tuple[str, ...]
WHOLE: Path = ()
_DEPTH = 2
_ACCESS = {"left", "attr"}


def looked_at(node: Any) -> frozenset[Path]:
    """Return the paths below `context` that an expression names, two words deep; `WHOLE` is all of it."""
    return frozenset(_paths(node))


def _paths(node: Any) -> Iterator[Path]:
    if isinstance(node, Mapping):
        yield from _paths_of(cast("Mapping[str, Any]", node))
    elif isinstance(node, list):
        for inner in cast("Sequence[Any]", node):
            yield from _paths(inner)


def _paths_of(node: Mapping[str, Any]) -> Iterator[Path]:
    chain = _chain(node)
    if chain is not None:
        yield chain[:_DEPTH]
    else:
        for name, inner in node.items():
            if name != "Value":
                yield from _paths(inner)


def _chain(node: Mapping[str, Any]) -> Path | None:
    """Return the path of an expression such as `context.run.task`, or None when it is another one."""
    if node.get("Var") == "context":
        return WHOLE
    access: dict[str, Any] = node.get(".") or node.get("has") or {}
    if access.keys() != _ACCESS or not isinstance(access["left"], dict):
        return None
    before = _chain(cast("dict[str, Any]", access["left"]))
    return None if before is None else (*before, access["attr"])
