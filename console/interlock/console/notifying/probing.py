"""Sends one test over a channel, once and without patience; it knows nothing of the log."""

from interlock.console.notifying.couriers import ATTEMPT_S, Courier
from interlock.console.notifying.errors import NotDelivered
from interlock.console.notifying.notice import Notice
from interlock.console.notifying.patience import once


async def probe(courier: Courier, at_ms: int) -> str:
    """Deliver a test; return why it did not arrive, empty when it did."""
    notice = Notice(id=f"0.0.test-{at_ms}", what="test", at_ms=at_ms, number="0.0", kind="test")
    try:
        await once(lambda: courier.deliver(notice), ATTEMPT_S)
    except NotDelivered as error:
        return str(error)
    return ""
