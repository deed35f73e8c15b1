"""`python -m invoice_desk.compare FOLDER`: whether the bank's books and the log of an open desk agree."""

import argparse
import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from interlock.bus.ports import Bus, Record
from interlock.console.environment import Where, connected, find
from interlock.contracts.subjects import EVERYTHING
from invoice_desk import teller, us
from invoice_desk.audit import Account, account
from invoice_desk.bank.orders import Booking
from invoice_desk.desk import STATE, TELLER
from invoice_desk.money import shown
from invoice_desk.people import OPERATOR

MOST_LOOKS = 50


class NotStill(Exception):
    """Something was booked whenever log and books were looked at."""


class Moment(msgspec.Struct, frozen=True):
    """The log, the bank's books and what is on our account, as of one moment."""

    records: list[Record]
    bookings: list[Booking]
    balance_cents: int


async def one_moment(bus: Bus, bank: teller.Teller) -> Moment:
    """Read log and books of one moment, while payments may be made. Raises NotStill."""
    bookings = await bank.bookings()
    for _ in range(MOST_LOOKS):
        records = [record async for record in bus.history([EVERYTHING])]
        balance_cents = await bank.balance_cents()
        before, bookings = bookings, await bank.bookings()
        # Only then is all of it in the log that was booked, and all of it booked that the log tells of.
        if before == bookings:
            return Moment(records, bookings, balance_cents)
    raise NotStill(f"the bank has booked something in each of {MOST_LOOKS} looks; compare when less is paid")


async def compared(bus: Bus, bank: teller.Teller) -> tuple[Account, bool]:
    """Hold the bank's books against the log; return the account, and whether they agree to the cent."""
    moment = await one_moment(bus, bank)
    found = account(moment.records, moment.bookings)
    left_cents = us.OPENING_CENTS - found.booked_cents + found.returned_cents
    told_cents = found.logged_cents + sum(one.amount_cents for one in found.doubtful)
    agree = told_cents == found.booked_cents and moment.balance_cents == left_cents
    return found, agree and not found.wrong


def lines(found: Account) -> Iterator[str]:
    """Yield what was found, for people."""
    for one in found.doubtful:
        yield f"in doubt by the log, and booked by the bank: payment {one.payment}, key {one.key}"
    doubtful_cents = sum(one.amount_cents for one in found.doubtful)
    yield f"log: {shown(found.logged_cents)} paid, {shown(doubtful_cents)} in doubt and found at the bank"
    back = f", {shown(found.returned_cents)} of it taken back" if found.returned_cents else ""
    yield f"bank: {shown(found.booked_cents)} paid{back}"
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
    try:
        return asyncio.run(look(parser.parse_args().folder.absolute()))
    except NotStill as failure:
        print(failure, file=sys.stderr)  # noqa: T201 - for people
        return 1


if __name__ == "__main__":
    sys.exit(main())
