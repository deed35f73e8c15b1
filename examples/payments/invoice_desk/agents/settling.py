"""What became of an invoice, in words: for people, for the report, and for who looks later. Pure."""

from collections.abc import Iterable

from invoice_desk.money import shown
from invoice_desk.papers import Done, Settled


def done(settled: Iterable[Settled]) -> Done:
    """Return the executor's answer about these invoices."""
    every = tuple(settled)
    paid = [one.payment for one in every if one.payment is not None]
    total = f"{len(paid)} paid, {shown(sum(payment.amount_cents for payment in paid))} in all."
    lines = [f"- {_line(one)}" for one in every]
    return Done("\n".join(("# Invoices", "", *lines, "", total)) + "\n", every)


def _line(one: Settled) -> str:
    if one.payment is None:
        return f"{one.file}: {one.end}. {one.why}".rstrip()
    paid = one.payment
    words = f"{one.file}: {shown(paid.amount_cents)} paid to {paid.creditor_iban} as payment {paid.payment}"
    if paid.amount_cents != one.asked_cents:
        words += f" (a person changed it from {shown(one.asked_cents)})"
    return f"{words}."
