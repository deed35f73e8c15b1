"""How every process logs: structlog to standard error, JSON or pretty; not what is worth logging."""

import logging
import sys

import structlog

from interlock.bus.clock import now_ms

_PRETTY = "pretty"


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
            _add_time,
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(**always)


def _add_time(_logger: object, _method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    event["time_ms"] = now_ms()
    return event
