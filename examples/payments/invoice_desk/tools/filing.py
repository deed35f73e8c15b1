"""What tools do with the folder of invoices: list, read, find, put aside. They judge nothing."""

from interlock.effects.errors import Refused
from interlock.effects.tools.tool import Place
from invoice_desk.reading import read
from invoice_desk.tools import bank_client
from invoice_desk.tools.aside import Aside, found_aside, put_aside
from invoice_desk.tools.asked import Files, Hold, Listed, Listing, Named, Nothing, Numbered, Text
from invoice_desk.tools.paying import stands, told
from invoice_desk.tools.shelf import files_in, folder_of, text_of


async def list_invoices(_asked: Nothing, place: Place) -> Listing:
    """List the files, and what this task has paid, put aside, or had to give up of them."""
    folder = folder_of(place.docs, place.roots)
    aside = found_aside(place.workspaces / str(place.task))
    mine = [one for one in await bank_client.bookings() if one.key.startswith(f"{place.task}.")]
    paid = {one.reference: one for one in mine if not one.refund_of}
    listed: list[Listed] = []
    for file in files_in(folder):
        invoice = read(file, text_of(folder, file)[0]).invoice
        booking = paid.pop(invoice.number, None) if invoice is not None else None
        if invoice is None or booking is None or booking.creditor_iban != invoice.iban:
            known = Listed(file=file, state="open")
        elif stands(booking):
            known = Listed(file=file, state="paid", asked_cents=invoice.amount_cents, payment=told(booking))
        else:
            known = Listed(file=file, state="rejected", why=f"payment {booking.payment} of it was taken back")
        if known.state != "paid" and file in aside:
            known = Listed(file=file, state=aside[file].state, why=aside[file].why)
        listed.append(known)
    return Listing(invoices=tuple(listed))


def read_invoice(asked: Named, place: Place) -> Text:
    """Return the text of a file, as much of it as an invoice needs."""
    text, problem = text_of(folder_of(place.docs, place.roots), asked.file)
    return Text(file=asked.file, text=text[:20_000], problem=problem)


def find_invoices(asked: Numbered, place: Place) -> Files:
    """Return the files that are an invoice of this number."""
    folder = folder_of(place.docs, place.roots)
    readings = {file: read(file, text_of(folder, file)[0]).invoice for file in files_in(folder)}
    alike = (file for file, invoice in readings.items() if invoice and invoice.number == asked.number)
    return Files(files=tuple(alike))


def hold_invoice(asked: Hold, place: Place) -> Hold:
    """Put an invoice aside in the task's workspace."""
    if asked.file not in files_in(folder_of(place.docs, place.roots)):
        raise Refused(f"there is no invoice {asked.file!r} in the folder; list_invoices tells their names")
    aside = Aside(asked.file, asked.state, asked.why)
    put_aside(place.workspaces / str(place.task), aside)
    return asked
