"""What the desk's tools are asked and what they tell, as types that are checked both ways."""

from typing import Annotated, Literal

from pydantic import Field

from interlock.effects.tools.tool import Strict

FileName = Annotated[str, Field(min_length=1, max_length=200)]
Iban = Annotated[str, Field(pattern=r"^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$")]
Cents = Annotated[int, Field(ge=1, le=10**11)]
Line = Annotated[str, Field(min_length=1, max_length=140)]


class Pay(Strict):
    """Whom to pay, where, how much, and for which invoice."""

    creditor: Line
    creditor_iban: Iban
    amount_cents: Cents
    reference: Line
    invoice: FileName


class Refund(Pay):
    """The payment that is to be taken back, and the key under which it was made."""

    key: Line


class Paid(Strict):
    """What the bank has booked; `already` is whether an earlier try of this task had."""

    payment: int
    creditor_iban: str
    amount_cents: int
    reference: str
    key: str
    already: bool = False


class Nothing(Strict):
    """Nothing needs to be said."""


class Listed(Strict):
    """A file of the folder, and what this task has made of it so far."""

    file: str
    state: Literal["open", "paid", "held", "rejected"]
    why: str = ""
    asked_cents: int = 0
    payment: Paid | None = None


class Listing(Strict):
    """The folder's files in the order of their names."""

    invoices: tuple[Listed, ...]


class Named(Strict):
    """Which file."""

    file: FileName


class Text(Strict):
    """What stands in a file; `problem` is why it cannot be read."""

    file: str
    text: str
    problem: str = ""


class Numbered(Strict):
    """Which invoice number."""

    number: Line


class Files(Strict):
    """The files that are an invoice of that number."""

    files: tuple[str, ...]


class Referenced(Strict):
    """Which reference."""

    reference: Line


class Payments(Strict):
    """Payments that the bank has booked, and not taken back."""

    payments: tuple[Paid, ...]


class Hold(Strict):
    """Which invoice is put aside, and why."""

    file: FileName
    state: Literal["held", "rejected"]
    why: Annotated[str, Field(min_length=1, max_length=500)]
