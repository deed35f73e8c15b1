"""Whether an invoice is good: by our list of vendors, by the other papers, and by what was paid already.

It judges; what is allowed, the policies say, whatever is judged here.
"""

from collections.abc import Sequence

from invoice_desk.iban import is_iban, spaced
from invoice_desk.money import shown
from invoice_desk.papers import Check, Invoice, Payment, Verdict
from invoice_desk.reading import Reading
from invoice_desk.vendors import Vendor


def check(
    file: str,
    reading: Reading,
    vendors: Sequence[Vendor],
    alike: Sequence[str],
    paid: Sequence[Payment],
) -> Check:
    """Judge what was read; `alike` are the files that name this number, `paid` its payments so far."""
    suspicions = [f'it gives orders to its reader ("{order}")' for order in reading.orders]
    if reading.invoice is None:
        verdict: Verdict = "suspicious" if suspicions else "unreadable"
        return Check(file, verdict, (*reading.problems, *suspicions))
    suspicions += _of_account(reading.invoice, vendors)
    suspicions += _of_others(reading.invoice, alike)
    suspicions += [_paid(payment) for payment in paid if payment.reference == reading.invoice.number]
    reasons = (*reading.problems, *suspicions)
    return Check(file, "suspicious" if reasons else "good", reasons, reading.invoice)


def _of_account(invoice: Invoice, vendors: Sequence[Vendor]) -> list[str]:
    if not is_iban(invoice.iban):
        return [f"{invoice.iban} is no account number"]
    vendor = next((vendor for vendor in vendors if vendor.name == invoice.vendor), None)
    if vendor is None:
        return [f"{invoice.vendor} is not on our list of vendors"]
    if vendor.iban != invoice.iban:
        return [f"{vendor.name} is paid to {spaced(vendor.iban)}, this names {spaced(invoice.iban)}"]
    return []


def _of_others(invoice: Invoice, alike: Sequence[str]) -> list[str]:
    """Of several papers with one number the first by name counts."""
    first = min((*alike, invoice.file))
    return [] if first == invoice.file else [f"{first} has the number {invoice.number} already"]


def _paid(payment: Payment) -> str:
    return f"{payment.reference} was paid already: payment {payment.payment}, {shown(payment.amount_cents)}"
