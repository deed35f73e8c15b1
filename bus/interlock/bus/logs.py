"""How every process logs: structlog to standard error, JSON or pretty; not what is worth logging.

Everybody takes `log` from here, and `structlog` where there is something to set up: what it loads is decided
in this one place.
"""

import logging
import sys
from collections.abc import Generator
from contextlib import contextmanager

from interlock.bus.clock import now_ms

__all__ = ["add_time", "configure", "log", "structlog"]

_PRETTY = "pretty"


@contextmanager
def _without(package: str) -> Generator[None]:
    """Let a package that is not loaded yet be none that is there."""
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]  # how Python is told that there is none
    try:
        yield
    finally:
        del sys.modules[package]


# It loads rich wherever that is installed, to draw tracebacks: 7 MiB and 60 ms for each of ten processes.
with _without("rich"):
    import structlog

log = structlog.get_logger()


def configure(style: str, **always: str) -> None:
    """Set up structlog for this process; `always` (principal, role) stands in every line.

    `style` is `pretty` for people at a terminal, anything else is one JSON object a line.
    """
    renderer: structlog.types.Processor
    if style == _PRETTY:
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    else:
        renderer = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            add_time,
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(**always)


def add_time(_logger: object, _method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """Add when it was said, in milliseconds since the epoch."""
    event["time_ms"] = now_ms()
    return event
