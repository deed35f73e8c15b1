"""How the desk's tools speak to the bank. Who gets no answer does not know what was booked, and says so.

The effect worker asks again with the same key, which is booked once. What is paid, and why, it does not know.
"""

import os
from http import HTTPStatus
from typing import Any, TypeVar

import httpx
import msgspec

from interlock.effects.errors import NotAllowed, Refused, Unsure
from invoice_desk.bank.orders import Booking

ANSWER_S = 5.0
URL = "http://127.0.0.1:8321"

T = TypeVar("T")


class AlreadyPaid(Refused):
    """The bank has booked a payment of this reference to this creditor under another key."""

    def __init__(self, sentence: str, booking: Booking) -> None:
        super().__init__(sentence)
        self.booking = booking


class _Refusal(msgspec.Struct):
    error: str = "it gave no reason"
    payment: Booking | None = None


async def pay(order: dict[str, Any], key: str) -> Booking:
    """Pay, once for each key. Raises AlreadyPaid, Refused, NotAllowed, Unsure."""
    return await _call(Booking, "POST", "/payments", body=order, key=key)


async def refund(payment_key: str, key: str) -> Booking:
    """Take a payment back, once for each key. Raises Refused, NotAllowed, Unsure."""
    return await _call(Booking, "POST", "/refunds", body={"payment_key": payment_key}, key=key)


async def bookings(*, reference: str = "") -> list[Booking]:
    """Return payments and refunds: all, or those of a reference. Raises NotAllowed, Unsure."""
    query = {"reference": reference} if reference else {}
    return await _call(list[Booking], "GET", "/payments", query=query)


async def _call(
    kind: type[T],
    method: str,
    path: str,
    *,
    body: dict[str, Any] | None = None,
    query: dict[str, str] | None = None,
    key: str = "",
) -> T:
    url = os.environ.get("BANK_URL", URL)
    headers = {"Authorization": f"Bearer {os.environ.get('BANK_TOKEN', '')}", "Idempotency-Key": key}
    # Nobody encrypts to a port of this machine, and to load certificates takes longer than to pay.
    verify = url.startswith("https:")
    async with httpx.AsyncClient(base_url=url, timeout=ANSWER_S, verify=verify, trust_env=verify) as client:
        try:
            answer = await client.request(method, path, json=body, params=query, headers=headers)
        # The second where the connection was gone as soon as it stood: uvloop then has no socket to describe.
        except (httpx.TransportError, AttributeError) as error:
            raise Unsure(f"the bank at {url} does not answer: {error or type(error).__name__}") from error
    if answer.is_success:
        return msgspec.json.decode(answer.content, type=kind)
    raise _refused(answer, url)


def _refused(answer: httpx.Response, url: str) -> Refused | NotAllowed | Unsure:
    if answer.is_server_error:
        return Unsure(f"the bank at {url} is out of order: it answers {answer.status_code}")
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        return NotAllowed("the bank does not take our token; set BANK_TOKEN where effect workers are started")
    refusal = msgspec.json.decode(answer.content, type=_Refusal)
    if refusal.payment is not None:
        return AlreadyPaid(f"the bank says no: {refusal.error}", refusal.payment)
    return Refused(f"the bank says no: {refusal.error}")
