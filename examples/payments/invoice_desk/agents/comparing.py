"""Whether the books of the bank hold what was settled, and nothing else of it. Pure."""

from collections.abc import Iterable, Sequence

from invoice_desk.money import shown
from invoice_desk.papers import Invoice, Payment, Settled


def differences(
    settled: Iterable[Settled], invoices: Iterable[Invoice], booked: Sequence[Payment]
) -> tuple[str, ...]:
    """Return what does not fit, in sentences: payments that are missing, doubled, or to somebody else.

    Another amount than the invoice's is a person's doing: agents cannot change what they have asked for.
    """
    asked = {invoice.file: invoice for invoice in invoices}
    wrong = (_difference(one, asked.get(one.file), booked) for one in settled if one.payment is not None)
    return tuple(difference for difference in wrong if difference)


def _difference(one: Settled, invoice: Invoice | None, booked: Sequence[Payment]) -> str:
    paid = one.payment
    assert paid is not None
    if invoice is not None and (paid.creditor_iban, paid.reference) != (invoice.iban, invoice.number):
        return f"{one.file}: payment {paid.payment} went to {paid.creditor_iban} for {paid.reference}"
    of_it = [p for p in booked if (p.creditor_iban, p.reference) == (paid.creditor_iban, paid.reference)]
    if [p.payment for p in of_it] != [paid.payment]:
        return f"{one.file}: the bank has {len(of_it)} payments of {paid.reference}, not one"
    if of_it[0].amount_cents != paid.amount_cents:
        return f"{one.file}: the bank has booked {shown(of_it[0].amount_cents)}"
    return ""
