"""Foreign JSON, taken apart without believing anything about it."""

from typing import Any, cast

import msgspec

from interlock.contracts.message import Json


def as_object(node: Any) -> Json:
    """Return a node that is an object, else an empty one."""
    return cast("Json", node) if isinstance(node, dict) else {}


def as_list(node: Any) -> list[Any]:
    """Return a node that is a list, else an empty one."""
    return msgspec.convert(node, list[Any]) if isinstance(node, list) else []


def as_text(node: Any) -> str:
    """Return a node that is a string, else an empty one."""
    return node if isinstance(node, str) else ""


def as_count(node: Any) -> int | None:
    """Return a node that is a number of things, else None."""
    return node if isinstance(node, int) and not isinstance(node, bool) and 0 <= node < 2**53 else None
