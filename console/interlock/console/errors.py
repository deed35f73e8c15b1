"""What a person can be told when a command does not do what was asked; each carries its exit code."""

from interlock.console.exits import Exit


class ConsoleError(Exception):
    """A command ends here; the sentence says what was wrong, where, and what to do next."""

    code = Exit.INTERNAL


class BadInput(ConsoleError):
    """What was typed does not do; nothing was started."""

    code = Exit.USAGE


class NotRunning(ConsoleError):
    """No environment runs here, or it did not start."""

    code = Exit.UNREACHABLE


class RefusedBySupervisor(ConsoleError):
    """The supervisor heard it and said no."""

    code = Exit.REJECTED


class GaveUp(ConsoleError):
    """A process died too often, so everything was stopped."""

    code = Exit.UNREACHABLE


class Unreadable(ConsoleError):
    """The log holds what this program cannot make sense of."""
