"""Keeps the processes' logs out of the way, and hears of the ones that tell of a defect."""

import sys
import traceback
from collections.abc import Callable, Generator, MutableMapping
from contextlib import contextmanager
from typing import Any

from interlock.bus.logs import structlog

DEFECTS = frozenset(
    {
        "not_decided",
        "bus_handler_failed",
        "dispatch_lost_handler_failed",
        "effect_broke",
        "handler_raised",
    }
)
WARNING = 30


@contextmanager
def listening(on_defect: Callable[[str], None]) -> Generator[None]:
    """Log nothing; call `on_defect` with a sentence for whatever tells of a defect."""

    def collect(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        if event.get("event") in DEFECTS:
            on_defect(_sentence(event))
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(
        processors=[collect],
        wrapper_class=structlog.make_filtering_bound_logger(WARNING),
        cache_logger_on_first_use=False,
    )
    try:
        yield
    finally:
        structlog.configure(**before)


def _sentence(event: MutableMapping[str, Any]) -> str:
    failure = event.get("exc_info")
    if failure is True:
        failure = sys.exc_info()[1]
    where = "".join(traceback.format_exception(failure)[-3:]) if isinstance(failure, BaseException) else ""
    said = ", ".join(f"{name} {value}" for name, value in event.items() if name not in {"event", "exc_info"})
    return f"{event.get('event')} ({said}) {' '.join(where.split())}"
