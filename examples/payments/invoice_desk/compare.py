"""`python -m invoice_desk.compare FOLDER`: whether the bank's books and the log of an open desk agree."""

import argparse
import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

from interlock.bus.ports import Bus
from interlock.console.environment import Where, connected, find
from interlock.contracts.subjects import EVERYTHING
from invoice_desk import teller, us
from invoice_desk.audit import Account, account
from invoice_desk.desk import STATE, TELLER
from invoice_desk.money import shown
from invoice_desk.people import OPERATOR


async def compared(bus: Bus, bank: teller.Teller) -> tuple[Account, bool]:
    """Hold the bank's books against the log; return the account, and whether they agree to the cent."""
    records = [record async for record in bus.history([EVERYTHING])]
    bookings = await bank.bookings()
    found = account(records, bookings)
    refunded_cents = sum(one.amount_cents for one in bookings if one.refund_of)
    left_cents = us.OPENING_CENTS - found.booked_cents + refunded_cents
    told_cents = found.logged_cents + sum(one.amount_cents for one in found.doubtful)
    agree = told_cents == found.booked_cents and await bank.balance_cents() == left_cents
    return found, agree and not found.wrong


def lines(found: Account) -> Iterator[str]:
    """Yield what was found, for people."""
    for one in found.doubtful:
        yield f"in doubt by the log, and booked by the bank: payment {one.payment}, key {one.key}"
    doubtful_cents = sum(one.amount_cents for one in found.doubtful)
    yield f"log: {shown(found.logged_cents)} paid, {shown(doubtful_cents)} in doubt and found at the bank"
    yield f"bank: {shown(found.booked_cents)} paid"
    yield from found.wrong


async def look(folder: Path) -> int:
    """Print whether they agree; return the exit code."""
    bank = teller.read(folder / TELLER)
    async with connected(find(Where(state=str(folder / STATE), principal=OPERATOR))) as bus:
        found, agree = await compared(bus, bank)
    for line in lines(found):
        print(line)  # noqa: T201 - for people
    print("they agree to the cent" if agree else "they do not agree")  # noqa: T201 - for people
    return 0 if agree else 1


def main() -> int:
    """Read the command line, and compare."""
    parser = argparse.ArgumentParser(description="Hold the bank's books against the log.")
    parser.add_argument("folder", type=Path, help="the folder of an open desk")
    return asyncio.run(look(parser.parse_args().folder.absolute()))


if __name__ == "__main__":
    sys.exit(main())
