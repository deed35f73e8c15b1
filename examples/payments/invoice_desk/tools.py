"""The desk's tools, for effect workers: INTERLOCK_TOOLS=invoice_desk.tools.

They read the folder and speak to the bank. What may be paid, policies and people decide.
"""

from typing import Annotated, Literal

from pydantic import Field

from interlock.effects.errors import Refused
from interlock.effects.tools.tool import Place, Strict, Tool
from invoice_desk import bank_client, us
from invoice_desk.aside import Aside, found_aside, put_aside
from invoice_desk.bank.orders import Booking
from invoice_desk.reading import read
from invoice_desk.shelf import files_in, folder_of, text_of

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


async def _pay(asked: Pay, place: Place) -> Paid:
    """Pay once, whatever happens on the way: the bank knows this effect's key, and each reference once."""
    order = {
        "debtor_iban": us.IBAN,
        "creditor_iban": asked.creditor_iban,
        "amount_cents": asked.amount_cents,
        "reference": asked.reference,
    }
    try:
        return _paid(await bank_client.pay(order, place.key))
    except bank_client.AlreadyPaid as error:
        # An attempt of this task that was cut off has come through after all.
        if error.booking.key.startswith(f"{place.task}."):
            return _paid(error.booking, already=True)
        raise


async def _refund(asked: Refund, place: Place) -> Paid:
    return _paid(await bank_client.refund(asked.key, place.key))


async def _find_payments(asked: Referenced, _place: Place) -> Payments:
    booked = await bank_client.bookings(reference=asked.reference)
    return Payments(payments=tuple(_paid(one) for one in booked if _stands(one)))


async def _list_invoices(_asked: Nothing, place: Place) -> Listing:
    folder = folder_of(place.docs, place.roots)
    aside = found_aside(place.workspaces / str(place.task))
    mine = [one for one in await bank_client.bookings() if one.key.startswith(f"{place.task}.")]
    paid = {one.reference: one for one in mine if _stands(one)}
    listed: list[Listed] = []
    for file in files_in(folder):
        invoice = read(file, text_of(folder, file)[0]).invoice
        booking = paid.pop(invoice.number, None) if invoice is not None else None
        if invoice is not None and booking is not None and booking.creditor_iban == invoice.iban:
            payment = _paid(booking)
            listed.append(Listed(file=file, state="paid", asked_cents=invoice.amount_cents, payment=payment))
        elif file in aside:
            listed.append(Listed(file=file, state=aside[file].state, why=aside[file].why))
        else:
            listed.append(Listed(file=file, state="open"))
    return Listing(invoices=tuple(listed))


def _read_invoice(asked: Named, place: Place) -> Text:
    text, problem = text_of(folder_of(place.docs, place.roots), asked.file)
    return Text(file=asked.file, text=text[:20_000], problem=problem)


def _find_invoices(asked: Numbered, place: Place) -> Files:
    folder = folder_of(place.docs, place.roots)
    readings = {file: read(file, text_of(folder, file)[0]).invoice for file in files_in(folder)}
    alike = (file for file, invoice in readings.items() if invoice and invoice.number == asked.number)
    return Files(files=tuple(alike))


def _hold_invoice(asked: Hold, place: Place) -> Hold:
    if asked.file not in files_in(folder_of(place.docs, place.roots)):
        raise Refused(f"there is no invoice {asked.file!r} in the folder; list_invoices tells their names")
    aside = Aside(asked.file, asked.state, asked.why)
    put_aside(place.workspaces / str(place.task), aside)
    return asked


def _paid(booking: Booking, *, already: bool = False) -> Paid:
    return Paid(
        payment=booking.payment,
        creditor_iban=booking.creditor_iban,
        amount_cents=booking.amount_cents,
        reference=booking.reference,
        key=booking.key,
        already=already,
    )


def _stands(booking: Booking) -> bool:
    return not booking.refund_of and not booking.refunded_by


PAY = Tool(
    "pay",
    _pay,
    asks=Pay,
    tells=Paid,
    traits=Traits(risk="irreversible", repeatable=True, target="creditor_iban", undo="refund"),
    description="Pay an invoice from our account; each reference once.",
)
REFUND = Tool(
    "refund",
    _refund,
    asks=Refund,
    tells=Paid,
    traits=Traits(risk="irreversible", repeatable=True, target="creditor_iban"),
    description="Take a payment back.",
)
LIST_INVOICES = Tool(
    "list_invoices",
    _list_invoices,
    asks=Nothing,
    tells=Listing,
    traits=Traits(risk="read", repeatable=True),
    description="Tell which invoices the folder holds, and what this task has made of each.",
)
READ_INVOICE = Tool(
    "read_invoice",
    _read_invoice,
    asks=Named,
    tells=Text,
    traits=Traits(risk="read", repeatable=True, untrusted=True),
    description="Tell the text of an invoice.",
)
FIND_INVOICES = Tool(
    "find_invoices",
    _find_invoices,
    asks=Numbered,
    tells=Files,
    traits=Traits(risk="read", repeatable=True),
    description="Tell which files of the folder are an invoice of a number.",
)
FIND_PAYMENTS = Tool(
    "find_payments",
    _find_payments,
    asks=Referenced,
    tells=Payments,
    traits=Traits(risk="read", repeatable=True),
    description="Tell the payments of a reference that the bank has booked.",
)
HOLD_INVOICE = Tool(
    "hold_invoice",
    _hold_invoice,
    asks=Hold,
    tells=Hold,
    traits=Traits(risk="write", repeatable=True, target="file"),
    description="Put an invoice aside, in the task's workspace, with the reason.",
)
