"""The bank's books: double entry in SQLite, each booking durable before it is answered.

One transaction books a payment with its key: after a crash both stand there, or neither. It does not know
who may ask.
"""

import hashlib
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

import msgspec

from invoice_desk.bank.orders import Balance, Booking, NotBooked, Refund, Transfer
from invoice_desk.iban import is_iban

CAPITAL = "CAPITAL"
BUSY_S = 5.0

_TABLES = """
CREATE TABLE IF NOT EXISTS account (iban TEXT PRIMARY KEY, owner TEXT NOT NULL, ours INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS entry (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    request TEXT NOT NULL,
    debtor TEXT NOT NULL,
    creditor TEXT NOT NULL,
    amount_cents INTEGER NOT NULL CHECK (amount_cents > 0),
    reference TEXT NOT NULL,
    refund_of INTEGER UNIQUE REFERENCES entry (number)
);
CREATE TABLE IF NOT EXISTS posting (
    entry INTEGER NOT NULL REFERENCES entry (number),
    account TEXT NOT NULL REFERENCES account (iban),
    amount_cents INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS posting_of_account ON posting (account);
CREATE INDEX IF NOT EXISTS entry_by_reference ON entry (reference);
"""
_BOOKING = """
SELECT entry.number, entry.key, entry.debtor, entry.creditor, entry.amount_cents, entry.reference,
       coalesce(entry.refund_of, 0), coalesce(refund.number, 0)
FROM entry LEFT JOIN entry AS refund ON refund.refund_of = entry.number
"""


class Books:
    """The books in one file; safe to use from any thread."""

    def __init__(self, file: Path) -> None:
        self._lock = Lock()
        self._database = sqlite3.connect(file, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute("PRAGMA foreign_keys = ON")
        self._database.executescript(_TABLES)

    def open_account(self, iban: str, owner: str, amount_cents: int) -> None:
        """Open one of our own accounts with money on it, once; opened before, nothing changes."""
        with self._writing():
            self._add_account(CAPITAL, "the bank", ours=True)
            self._add_account(iban, owner, ours=True)
            key = f"opening {iban}"
            if self._one("entry.key = ?", key) is None:
                deposit = Transfer(
                    debtor_iban=CAPITAL, creditor_iban=iban, amount_cents=amount_cents, reference="opening"
                )
                self._book(deposit, key)

    def pay(self, order: Transfer, key: str) -> tuple[Booking, bool]:
        """Book a payment; return it, and whether it is new. Raises NotBooked.

        The same key and order again are the same payment. A reference is paid to a creditor once: a second
        payment of it is refused, unless the first was refunded.
        """
        with self._writing():
            known = self._known(key, order)
            if known is not None:
                return known, False
            if not is_iban(order.creditor_iban):
                raise NotBooked(
                    422, f"{order.creditor_iban} is no account number: its check digits are wrong"
                )
            self._refuse_second(order)
            if order.amount_cents > self._amount_of_ours(order.debtor_iban):
                raise NotBooked(422, f"there is not enough money on {order.debtor_iban}")
            self._add_account(order.creditor_iban, "at another bank", ours=False)
            return self._book(order, key), True

    def refund(self, order: Refund, key: str) -> tuple[Booking, bool]:
        """Take a payment back; return the refund, and whether it is new. Raises NotBooked."""
        with self._writing():
            known = self._known(key, order)
            if known is not None:
                return known, False
            paid = self._one("entry.key = ?", order.payment_key)
            if paid is None or paid.refund_of or paid.debtor_iban == CAPITAL:
                raise NotBooked(404, f"no payment was booked under the key {order.payment_key}")
            if paid.refunded_by:
                raise NotBooked(409, f"payment {paid.payment} was refunded already, by {paid.refunded_by}")
            back = Transfer(
                debtor_iban=paid.creditor_iban,
                creditor_iban=paid.debtor_iban,
                amount_cents=paid.amount_cents,
                reference=paid.reference,
            )
            return self._book(back, key, request=order, refund_of=paid.payment), True

    def bookings(self, *, key: str = "", reference: str = "") -> tuple[Booking, ...]:
        """Return payments and refunds in order: all, those of a reference, or the one under a key."""
        with self._lock:
            return self._many("entry.debtor != ? AND ? IN ('', entry.key) AND ? IN ('', entry.reference)",
                              CAPITAL, key, reference)  # fmt: skip

    def balances(self) -> tuple[Balance, ...]:
        """Return every account with what is on it; together they are nothing, or the books are wrong."""
        with self._lock:
            rows = self._database.execute(
                "SELECT iban, owner, coalesce(sum(amount_cents), 0) FROM account"
                " LEFT JOIN posting ON account = iban GROUP BY iban ORDER BY iban"
            ).fetchall()
        return tuple(Balance(iban=iban, owner=owner, amount_cents=cents) for iban, owner, cents in rows)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    @contextmanager
    def _writing(self) -> Generator[None]:
        """Hold the books for one transaction, which ends whole or leaves nothing."""
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    def _known(self, key: str, order: Transfer | Refund) -> Booking | None:
        row = self._database.execute("SELECT request FROM entry WHERE key = ?", (key,)).fetchone()
        if row is not None and row[0] != _digest(order):
            raise NotBooked(409, f"the key {key} was used for something else: take a new one")
        return None if row is None else self._one("entry.key = ?", key)

    def _refuse_second(self, order: Transfer) -> None:
        same = self._many("entry.reference = ? AND entry.creditor = ?", order.reference, order.creditor_iban)
        paid = next((one for one in same if not one.refund_of and not one.refunded_by), None)
        if paid is not None:
            sentence = f"{order.reference} was paid to {order.creditor_iban} already: payment {paid.payment}"
            raise NotBooked(409, sentence, paid)

    def _amount_of_ours(self, iban: str) -> int:
        row = self._database.execute(
            "SELECT (SELECT sum(amount_cents) FROM posting WHERE account = iban) FROM account"
            " WHERE ours AND iban = ?",
            (iban,),
        ).fetchone()
        if row is None or iban == CAPITAL:
            raise NotBooked(404, f"{iban} is no account of this bank")
        return int(row[0] or 0)

    def _add_account(self, iban: str, owner: str, *, ours: bool) -> None:
        self._database.execute("INSERT OR IGNORE INTO account VALUES (?, ?, ?)", (iban, owner, ours))

    def _book(
        self, order: Transfer, key: str, *, request: Transfer | Refund | None = None, refund_of: int = 0
    ) -> Booking:
        number = self._database.execute(
            "INSERT INTO entry (key, request, debtor, creditor, amount_cents, reference, refund_of)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                key,
                _digest(request or order),
                order.debtor_iban,
                order.creditor_iban,
                order.amount_cents,
                order.reference,
                refund_of or None,
            ),
        ).lastrowid
        sides = ((order.debtor_iban, -order.amount_cents), (order.creditor_iban, order.amount_cents))
        self._database.executemany(
            "INSERT INTO posting VALUES (?, ?, ?)", [(number, *side) for side in sides]
        )
        booked = self._one("entry.number = ?", number)
        assert booked is not None
        return booked

    def _one(self, where: str, *values: Any) -> Booking | None:
        return next(iter(self._many(where, *values)), None)

    def _many(self, where: str, *values: Any) -> tuple[Booking, ...]:
        rows = self._database.execute(f"{_BOOKING} WHERE {where} ORDER BY entry.number", values).fetchall()
        return tuple(Booking(**dict(zip(Booking.__struct_fields__, row, strict=True))) for row in rows)


def _digest(order: Transfer | Refund) -> str:
    return hashlib.sha256(msgspec.json.encode(order)).hexdigest()
