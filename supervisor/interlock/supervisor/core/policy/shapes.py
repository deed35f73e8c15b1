"""The shape of arguments: their names and kinds of values, which is all that a schema speaks of.

Whether arguments fit follows from their shape alone, so that it has to be looked at once for each. Here JSON
becomes what Cedar reads; what Cedar cannot hold exactly is unfit.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, TypeAlias, cast

Shape: TypeAlias = str | tuple[Any, ...]

_LEAST, _MOST = -(2**63), 2**63 - 1
_PLACES = -4
_WITNESSES: dict[str, Any] = {"Bool": False, "Long": 0, "String": "x"}


class Unfit(ValueError):
    """A value that no policy can look at; the sentence says which."""


def shape_of(value: Any, where: str = "arguments") -> Shape:
    """Return the shape of a JSON value; raise Unfit for what Cedar cannot hold."""
    match value:
        case bool():
            return "Bool"
        case int():
            if not _LEAST <= value <= _MOST:
                raise Unfit(f"{where} is too large a number")
            return "Long"
        case str():
            return "String"
        case float():
            decimal_of(value, where)
            return "decimal"
        case list():
            inner = cast("Sequence[Any]", value)
            return ("Set", *sorted({shape_of(each, f"{where}[]") for each in inner}, key=str))
        case dict():
            return ("Record", *_fields(cast("dict[str, Any]", value), where))
        case _:
            raise Unfit(f"{where} is null within a list")


def _fields(value: dict[str, Any], where: str) -> list[tuple[str, Shape]]:
    for name in value:
        if name.startswith("__"):
            raise Unfit(f"{where} has the name {name!r}, which means something else to policies")
    return [
        (name, shape_of(value[name], f"{where}.{name}")) for name in sorted(value) if value[name] is not None
    ]


def as_cedar(value: Any) -> Any:
    """Return a JSON value that has a shape as Cedar reads it: floats are decimals, null is left out."""
    match value:
        case float():
            return _decimal(decimal_of(value, "a number"))
        case list():
            return [as_cedar(each) for each in cast("Sequence[Any]", value)]
        case dict():
            fields = cast("dict[str, Any]", value)
            return {name: as_cedar(inner) for name, inner in fields.items() if inner is not None}
        case _:
            return value


def witness(shape: Shape) -> Any:
    """Return a value of a shape, as Cedar reads it."""
    if isinstance(shape, str):
        return _decimal("0.0") if shape == "decimal" else _WITNESSES[shape]
    kind, *inner = shape
    if kind == "Set":
        return [witness(each) for each in inner]
    return {name: witness(each) for name, each in inner}


def written(shape: Shape) -> str:
    """Write a shape as a schema would."""
    if isinstance(shape, str):
        return shape
    kind, *inner = shape
    if kind == "Set":
        return f"Set<{' or '.join(map(written, inner))}>"
    return f"{{{', '.join(f'{name}: {written(each)}' for name, each in inner)}}}"


def decimal_of(value: float, where: str) -> str:
    """Return a number as Cedar writes decimals: with one to four places; raise Unfit for others."""
    exact = Decimal(str(value))
    exponent = exact.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < _PLACES or abs(exact) >= Decimal(2**63) / 10_000:
        raise Unfit(f"{where} is {value}: a decimal has at most four places")
    return f"{exact:f}" if exponent < 0 else f"{exact:f}.0"


def _decimal(text: str) -> Any:
    return {"__extn": {"fn": "decimal", "arg": text}}
