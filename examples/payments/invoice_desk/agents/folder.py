"""What tools tell the agents, as types; what the tools do, the agents do not know."""

from typing import Literal

import msgspec

from invoice_desk.papers import File, Payment


class Listed(msgspec.Struct, frozen=True):
    """One file of the folder, and what this task has made of it so far.

    `held` is what a check has put aside, or a person has dropped; `rejected` what a person would not pay.
    """

    file: File
    state: Literal["open", "paid", "held", "rejected"]
    why: str = ""
    asked_cents: int = 0
    payment: Payment | None = None


class Listing(msgspec.Struct, frozen=True):
    """The folder's files in the order of their names."""

    invoices: tuple[Listed, ...]


class Text(msgspec.Struct, frozen=True):
    """What stands in a file; `problem` is why it cannot be read."""

    file: File
    text: str
    problem: str = ""


class Files(msgspec.Struct, frozen=True):
    """The files in which something stands."""

    files: tuple[File, ...]


class Payments(msgspec.Struct, frozen=True):
    """Payments that the bank has booked, and not taken back."""

    payments: tuple[Payment, ...]
