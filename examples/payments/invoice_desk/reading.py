"""Reading an invoice by rules: labels and their values, line after line. No model, no guesses.

Whatever else stands on the paper is data that nobody obeys. Whether the invoice is honest, it does not know.
"""

import re

import msgspec

from invoice_desk.iban import plain
from invoice_desk.money import read_cents, shown
from invoice_desk.papers import Invoice

MOST_CHARS = 20_000

_LABELS = {
    "vendor": re.compile(r"^From:\s*(.+)$", re.MULTILINE),
    "number": re.compile(r"^Invoice number:\s*([A-Z0-9][A-Z0-9-]{1,30})$", re.MULTILINE),
    "iban": re.compile(r"^Pay to IBAN:\s*([A-Z0-9 ]{15,42})$", re.MULTILINE),
    "total": re.compile(r"^Total:\s*(.+)$", re.MULTILINE),
}
_ITEM = re.compile(r"^\d+ x .+ at (\S+) = (\S+)$", re.MULTILINE)
_TAX = re.compile(r"^Tax:\s*(.+)$", re.MULTILINE)
_ORDERS = re.compile(
    r"ignore (?:all|any|every|the|previous)[^.\n]*(?:rule|instruction|polic)\w*|pay (?:this )?(?:now|at once)"
    r"|you are (?:an?|the) (?:ai|agent|assistant)",
    re.IGNORECASE,
)


class Reading(msgspec.Struct, frozen=True):
    """What could be read, and what is wrong with the paper itself; `orders` are words meant for an agent."""

    invoice: Invoice | None
    problems: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()


def read(file: str, text: str) -> Reading:
    """Read the text of an invoice's file."""
    text = text[:MOST_CHARS]
    found = {label: _values(pattern, text) for label, pattern in _LABELS.items()}
    problems = [*_missing(found), *_doubled(found)]
    totals = [cents for total in found["total"] if (cents := read_cents(total)) is not None]
    if found["total"] and len(totals) < len(found["total"]):
        problems.append("the total is no amount of money")
    orders = tuple(match[0] for match in _ORDERS.finditer(text))
    if problems:
        return Reading(None, tuple(problems), orders)
    invoice = Invoice(
        file=file,
        vendor=found["vendor"][0],
        number=found["number"][0],
        iban=plain(found["iban"][0]),
        amount_cents=totals[0],
    )
    return Reading(invoice, _miscounted(text, invoice.amount_cents), orders)


def _values(pattern: re.Pattern[str], text: str) -> list[str]:
    """Return the different values of a label, in the order in which they stand there."""
    return list(dict.fromkeys(match[1].strip() for match in pattern.finditer(text)))


def _missing(found: dict[str, list[str]]) -> list[str]:
    return [f"it names no {label}" for label, values in found.items() if not values]


def _doubled(found: dict[str, list[str]]) -> list[str]:
    return [f"it names {len(values)} different {label}s" for label, values in found.items() if values[1:]]


def _miscounted(text: str, total_cents: int) -> tuple[str, ...]:
    """Say when the items and the tax do not come to the total."""
    amounts = [read_cents(item[2]) for item in _ITEM.finditer(text)]
    amounts += [read_cents(tax[1]) for tax in _TAX.finditer(text)]
    counted = [amount for amount in amounts if amount is not None]
    if len(counted) < len(amounts) or not counted:
        return ("its items cannot be added up",)
    if sum(counted) != total_cents:
        return (f"its items come to {shown(sum(counted))}, its total says {shown(total_cents)}",)
    return ()
