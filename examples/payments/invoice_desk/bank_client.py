"""How the desk's tools speak to the bank: patiently, for each order has a key and is booked once.

It asks again while nobody answers. What it cannot find out in time, it says it does not know.
"""

import asyncio
import os
import time
from typing import Any, TypeVar

import httpx
import msgspec

from interlock.effects.errors import Busy, NotAllowed, Refused
from invoice_desk.bank.orders import Balance, Booking

PATIENCE_S = 20.0
ANSWER_S = 5.0
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 0.5
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


class BankClient:
    """The bank, as BANK_URL and BANK_TOKEN name it; only effect workers are told these."""

    def __init__(self, *, patience_s: float = PATIENCE_S) -> None:
        self._url = os.environ.get("BANK_URL", URL)
        self._token = os.environ.get("BANK_TOKEN", "")
        self._patience_s = patience_s

    async def pay(self, order: dict[str, Any], key: str) -> Booking:
        """Pay, once for each key. Raises AlreadyPaid, Refused, NotAllowed, Busy."""
        return await self._call(Booking, "POST", "/payments", body=order, key=key)

    async def refund(self, payment_key: str, key: str) -> Booking:
        """Take a payment back, once. Raises Refused, NotAllowed, Busy."""
        return await self._call(Booking, "POST", "/refunds", body={"payment_key": payment_key}, key=key)

    async def payments(self, *, reference: str = "") -> list[Booking]:
        """Return payments and refunds: all, or those of a reference."""
        query = {"reference": reference} if reference else {}
        return await self._call(list[Booking], "GET", "/payments", query=query)

    async def accounts(self) -> list[Balance]:
        """Return every account."""
        return await self._call(list[Balance], "GET", "/accounts")

    async def _call(
        self,
        kind: type[T],
        method: str,
        path: str,
        *,
        body: Any = None,
        query: dict[str, str] | None = None,
        key: str = "",
    ) -> T:
        headers = {"Authorization": f"Bearer {self._token}", "Idempotency-Key": key}
        until_s, pause_s = time.monotonic() + self._patience_s, FIRST_PAUSE_S
        # Nobody encrypts to a port of this machine, and to load certificates takes longer than to pay.
        verify = self._url.startswith("https:")
        async with httpx.AsyncClient(base_url=self._url, timeout=ANSWER_S, verify=verify) as client:
            while True:
                try:
                    answer = await client.request(method, path, json=body, params=query, headers=headers)
                    if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                        return _read(answer, kind)
                    reason = f"it answers {answer.status_code}"
                except httpx.TransportError as error:
                    reason = str(error) or type(error).__name__
                if time.monotonic() > until_s:
                    raise Busy(f"the bank at {self._url} was asked for {self._patience_s:g} s: {reason}")
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


def _read(answer: httpx.Response, kind: type[T]) -> T:
    if answer.is_success:
        return msgspec.json.decode(answer.content, type=kind)
    refusal = msgspec.json.decode(answer.content, type=_Refusal)
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        raise NotAllowed("the bank does not take our token; set BANK_TOKEN where effect workers are started")
    if refusal.payment is not None:
        raise AlreadyPaid(f"the bank says no: {refusal.error}", refusal.payment)
    raise Refused(f"the bank says no: {refusal.error}")
