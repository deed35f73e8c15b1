"""The program `interlock`: finds the command, and turns every ending into one sentence and one exit code.

It imports a command only when it is called: `interlock --help` must answer at once.
"""

import errno
import importlib
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import click

from interlock.console.commands.table import COMMANDS
from interlock.console.errors import ConsoleError
from interlock.console.exits import MEANINGS, Exit
from interlock.console.help import kept
from interlock.contracts.version import DISTRIBUTION

HELP = """\
Run teams of AI agents that cannot run away.

Try it:
  interlock run "What does the guide say about errors?" --docs ./docs

Each command explains itself: interlock run --help. NO_COLOR=1 turns colours off; output that is not
for a terminal is plain. The state directory is --state DIR, else $INTERLOCK_STATE, else
~/.local/state/interlock.
"""
EXIT_CODES = "\b\nExit codes:\n" + "\n".join(f"  {code.value:>3}  {MEANINGS[code]}" for code in Exit)


class LazyGroup(click.Group):
    """A group that knows its commands by name and line until one is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in the order of the table, which is the order in which a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        """Import and return one command."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module = importlib.import_module(f"interlock.console.commands.{entry.module}")
        command: click.Command = getattr(module, entry.attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """Write the list of commands from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.purpose) for name, entry in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    epilog=EXIT_CODES,
    help=kept(HELP),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(DISTRIBUTION, prog_name="interlock", message="%(prog)s %(version)s")
def interlock() -> None:
    """Do nothing before the command."""


def main(arguments: list[str] | None = None) -> None:
    """Run the program and exit with its code."""
    _open_what_is_closed()
    sys.exit(call(arguments))


def _open_what_is_closed() -> None:
    """Put nothing in place of standard streams that are closed: a connection would take their number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nothing = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 - as long as this runs
            setattr(sys, name, nothing)


def call(arguments: list[str] | None = None) -> int:
    """Run the program and return its exit code; a person never sees a traceback for bad input."""
    try:
        answer: Any = interlock.main(arguments, prog_name="interlock", standalone_mode=False)
        return int(answer) if isinstance(answer, int) else Exit.DONE
    except (click.Abort, KeyboardInterrupt):
        return Exit.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.DONE
    except Exception as error:  # noqa: BLE001 - the last resort: whatever it is, a person gets one sentence
        return _explain(error)


def _context_name(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return context.command_path if isinstance(context, click.Context) else "interlock"


def _explain(error: Exception) -> int:
    """Say what an error means, or admit a defect."""
    from interlock.bus.errors import (  # noqa: PLC0415 - only when something went wrong
        BusError,
        MalformedKey,
        MayNotSay,
    )
    from interlock.contracts.errors import ContractError  # noqa: PLC0415 - the same

    who, sentence, code = "interlock", str(error), Exit.USAGE
    match error:
        case click.exceptions.NoArgsIsHelpError():
            click.echo(error.format_message(), err=True)
            return Exit.USAGE
        case click.ClickException():
            who, sentence = _context_name(error), error.format_message()
        case ConsoleError():
            code = error.code
        case UnicodeEncodeError(reason="surrogates not allowed"):
            sentence = f"{error.object[:60]!r} is not valid UTF-8 text"
        case MalformedKey() | ContractError():
            pass
        case MayNotSay():
            sentence, code = f"{sentence}: that takes another role; see: interlock keys list", Exit.REJECTED
        case BusError():
            code = Exit.UNREACHABLE
        case OSError(errno=errno.ENOSPC):
            sentence, code = "what takes the output has no room: free some, or print elsewhere", Exit.INTERNAL
        case _:
            return _admit(error)
    return _say(who, sentence, code)


def _admit(error: Exception) -> int:
    if os.environ.get("INTERLOCK_TRACEBACK"):
        traceback.print_exception(error)
    sentence = f"a defect: {type(error).__name__}: {error}; INTERLOCK_TRACEBACK=1 shows where"
    return _say("interlock", sentence, Exit.INTERNAL)


def _say(who: str, sentence: str, code: int) -> int:
    click.echo(f"{who}: {' '.join(sentence.split())}", err=True)
    return code
