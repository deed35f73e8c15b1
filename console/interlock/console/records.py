"""Where the console's own log lines go: into a file beside its children's, or nowhere."""

import logging
from pathlib import Path

import structlog

from interlock.bus.clock import now_ms


def write_records(file: Path | None = None) -> None:
    """Send this process's log lines to `file` as JSON, or drop them."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _add_time,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=_into(file) if file else structlog.ReturnLoggerFactory(),
        cache_logger_on_first_use=False,
    )


def _into(file: Path) -> structlog.WriteLoggerFactory:
    return structlog.WriteLoggerFactory(file=file.open("a", buffering=1))


def _add_time(_logger: object, _method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    event["time_ms"] = now_ms()
    return event
