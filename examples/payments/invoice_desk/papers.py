"""What the desk's agents tell each other about an invoice; how they come to it, it does not know."""

from typing import Annotated, Literal

import msgspec

File = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Cents = Annotated[int, msgspec.Meta(ge=1, le=10**11)]

Verdict = Literal["good", "suspicious", "unreadable"]
End = Literal["paid", "held", "refused", "recommended", "dropped"]


class Paper(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """To the researcher: which file to read and check."""

    file: File


class Invoice(msgspec.Struct, frozen=True):
    """What an invoice asks for, in its own words."""

    file: File
    vendor: str
    number: str
    iban: str
    amount_cents: Cents


class Check(msgspec.Struct, frozen=True):
    """From the researcher: whether an invoice is what it should be, and if not, why not."""

    file: File
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    invoice: Invoice | None = None


class Payment(msgspec.Struct, frozen=True):
    """A payment as the bank has booked it; `already` is whether an earlier try had booked it."""

    payment: int
    creditor_iban: str
    amount_cents: Cents
    reference: str
    key: str = ""
    already: bool = False


class Settled(msgspec.Struct, frozen=True):
    """What became of one invoice, and why."""

    file: File
    end: End
    why: str = ""
    asked_cents: int = 0
    payment: Payment | None = None


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """To the executor: settle this file's invoice, or report, with what was settled `before` this plan."""

    do: Literal["settle", "report"]
    file: Annotated[str, msgspec.Meta(max_length=200)] = ""
    before: tuple[Settled, ...] = ()


class Done(msgspec.Struct, frozen=True):
    """From the executor: what became of the invoices, in words and as data."""

    report: str
    settled: tuple[Settled, ...] = ()


class Decision(msgspec.Struct, frozen=True):
    """From a person: what to do with an invoice whose payment somebody has rejected."""

    decision: Literal["pay", "drop"]
    note: str = ""
