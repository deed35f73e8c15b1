"""The example's bank as a process of its own, which a test may kill and start again at the same address."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import msgspec

from invoice_desk import us
from invoice_desk.bank.orders import Balance, Booking

TOKEN = "let-me-in"
VENDOR = "DE44500105175407324931"


class BankProcess:
    """The bank, its books and its port, which stay the same from one life to the next."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.url = ""
        self._port = 0
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "invoice_desk.bank", str(self.file), "--port", str(self._port)],
            env=os.environ | {"BANK_TOKEN": TOKEN},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        self._port = httpx.URL(self.url).port or 0

    def end(self, number: int = signal.SIGKILL) -> int:
        """Send a signal and wait for the end; return the exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        code = self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code

    def client(self, token: str = TOKEN) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {token}"}, timeout=10)

    def bookings(self) -> list[Booking]:
        with self.client() as client:
            return msgspec.json.decode(client.get("/payments").content, type=list[Booking])

    def balances(self) -> dict[str, int]:
        with self.client() as client:
            accounts = msgspec.json.decode(client.get("/accounts").content, type=list[Balance])
        return {account.iban: account.amount_cents for account in accounts}


@contextlib.contextmanager
def bank_process(file: Path) -> Generator[BankProcess]:
    bank = BankProcess(file)
    bank.start()
    try:
        yield bank
    finally:
        bank.end(signal.SIGTERM)


def transfer(amount_cents: int = 1_250, reference: str = "NO-1", **fields: Any) -> dict[str, Any]:
    order = {
        "debtor_iban": us.IBAN,
        "creditor_iban": VENDOR,
        "amount_cents": amount_cents,
        "reference": reference,
    }
    return order | fields


def pay(client: httpx.Client, key: str, order: dict[str, Any]) -> httpx.Response:
    return client.post("/payments", json=order, headers={"Idempotency-Key": key})


def refund(client: httpx.Client, key: str, payment_key: str) -> httpx.Response:
    return client.post("/refunds", json={"payment_key": payment_key}, headers={"Idempotency-Key": key})
