"""How a command's help is laid out: paragraphs are wrapped, examples stay as they are written."""

import inspect
import re
from collections.abc import Callable
from typing import Any

import click

_KEPT = re.compile(r"\n\n(?=\w[^\n]*:\n  )")


def kept(text: str) -> str:
    r"""Mark each paragraph that is a heading with indented lines, with click's `\b`: not to be wrapped."""
    return _KEPT.sub("\n\n\b\n", inspect.cleandoc(text))


class Command(click.Command):
    """A command whose docstring is its help, examples and all."""

    def __init__(self, *args: Any, help: str | None = None, **settings: Any) -> None:  # noqa: A002 - click's name
        super().__init__(*args, **{**settings, "help": kept(help) if help else None})


def command(name: str | None = None, **settings: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a command of a function, as click.command does."""
    return click.command(name, cls=Command, **settings)


class Group(click.Group):
    """A group of commands, one of which is meant where none is named: `interlock budget 42` shows it."""

    def __init__(self, *args: Any, default: str, help: str, **settings: Any) -> None:  # noqa: A002 - click's name
        super().__init__(*args, **{**settings, "help": kept(help)})
        self._default = default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put in the command that is meant."""
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = [self._default, *args]
        return super().parse_args(ctx, args)
