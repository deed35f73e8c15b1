"""Options for amounts, as people type them; a command gets them in the units of the wire."""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import click

from interlock.console.budgets.dimensions import Dimension, split

Function = Callable[..., Any]


class _Money(click.ParamType[float]):
    """Dollars, such as 0.50; not infinite, not less than a millionth unless nothing."""

    name = "usd"

    def __init__(self, least: float, most: float) -> None:
        self._least = least
        self._most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the dollars or fail with a sentence."""
        try:
            dollars = float(value)
        except ValueError:
            self.fail(f"{value!r} is no amount of dollars, such as 0.50", param, ctx)
        if not math.isfinite(dollars) or not self._least <= dollars <= self._most:
            self.fail(f"{value} is not within {self._least:g} and {self._most:,.0f} dollars", param, ctx)
        if dollars and round(dollars * 1_000_000) == 0:
            self.fail(f"{value} is less than a millionth of a dollar", param, ctx)
        return dollars


def amount_options(
    parameter: str, names: Sequence[str], text: str, *, least: int
) -> Callable[[Function], Any]:
    """Add an option for each name; the command gets those given as `parameter`, by name, as integers."""

    def decorate(function: Function) -> Any:
        def gathering(**arguments: Any) -> Any:
            given = {name: arguments.pop(name) for name in names}
            amounts = {
                name: split(name)[0].inside(value) for name, value in given.items() if value is not None
            }
            return function(**{parameter: amounts}, **arguments)

        gather: Function = functools.wraps(function)(gathering)
        for name in reversed(names):
            gather = _option(name, text, least)(gather)
        return gather

    return decorate


def _option(name: str, text: str, least: int) -> Callable[[Function], Function]:
    dimension, daily = split(name)
    period = " a day" if daily else ""
    return click.option(
        f"--{name.replace('_', '-')}",
        name,
        type=_type_of(dimension, least),
        metavar={"usd": "USD", "wall_s": "S"}.get(dimension.name, "N"),
        help=f"{text.format(dimension.noun)}{period}.",
    )


def _type_of(dimension: Dimension, least: int) -> click.ParamType[Any]:
    if dimension.name == "usd":
        return _Money(0 if least == 0 else 0.000001, dimension.most)
    return click.IntRange(least, dimension.most)
