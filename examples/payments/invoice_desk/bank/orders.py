"""What the bank is told and tells: payments, refunds, accounts, and why not."""

from typing import Annotated

import msgspec

MOST_CENTS = 10**11
MOST_TEXT_CHARS = 140

Iban = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$")]
Cents = Annotated[int, msgspec.Meta(ge=1, le=MOST_CENTS)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=MOST_TEXT_CHARS)]
Key = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class Transfer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Please pay so much from one account to another."""

    debtor_iban: Iban
    creditor_iban: Iban
    amount_cents: Cents
    reference: Text


class Refund(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Please take back the payment that was booked under this idempotency key."""

    payment_key: Key


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as it stands in the books; `refunded_by` is the entry that took it back (0: none)."""

    payment: int
    key: str
    debtor_iban: str
    creditor_iban: str
    amount_cents: int
    reference: str
    refund_of: int = 0
    refunded_by: int = 0


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """An account and what is on it."""

    iban: str
    owner: str
    amount_cents: int


class NotBooked(Exception):
    """The bank says no; `status` is HTTP's, `booking` the payment that stands in the way."""

    def __init__(self, status: int, sentence: str, booking: Booking | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.booking = booking
