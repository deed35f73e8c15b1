"""Where the console's own log lines go: into a file beside its children's, or nowhere."""

import contextlib
import logging
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from interlock.bus.logs import add_time, structlog


def drop_records() -> None:
    """Show nobody the log lines of this process and of the libraries it uses."""
    _configure(structlog.ReturnLoggerFactory(), logging.NullHandler())


@contextlib.contextmanager
def records_in(file: Path) -> Generator[None]:
    """Append the log lines to a file, as JSON, while the context is open."""
    with file.open("a", buffering=1, encoding="utf-8") as paper:
        _configure(structlog.WriteLoggerFactory(file=paper), logging.StreamHandler(paper))
        try:
            yield
        finally:
            drop_records()


def _configure(factory: Callable[..., Any], handler: logging.Handler) -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            add_time,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=factory,
        cache_logger_on_first_use=False,
    )
    # Without a handler, Python would show the warnings of libraries to the person at the terminal.
    logging.getLogger().handlers[:] = [handler]
