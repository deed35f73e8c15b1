"""What tools do at the bank: pay, take back, look. Whether they may, others have decided."""

from interlock.effects.tools.tool import Place
from invoice_desk import us
from invoice_desk.bank.orders import Booking
from invoice_desk.tools import bank_client
from invoice_desk.tools.asked import Paid, Pay, Payments, Referenced, Refund


async def pay(asked: Pay, place: Place) -> Paid:
    """Pay once, whatever happens on the way: the bank knows this effect's key, and each reference once."""
    order = {
        "debtor_iban": us.IBAN,
        "creditor_iban": asked.creditor_iban,
        "amount_cents": asked.amount_cents,
        "reference": asked.reference,
    }
    try:
        return told(await bank_client.pay(order, place.key))
    except bank_client.AlreadyPaid as error:
        # An attempt of this task that was cut off has come through after all.
        if error.booking.key.startswith(f"{place.task}."):
            return told(error.booking, already=True)
        raise


async def refund(asked: Refund, place: Place) -> Paid:
    """Take a payment back, once."""
    return told(await bank_client.refund(asked.key, place.key))


async def find_payments(asked: Referenced, _place: Place) -> Payments:
    """Return the payments of a reference that stand."""
    booked = await bank_client.bookings(reference=asked.reference)
    return Payments(payments=tuple(told(one) for one in booked if stands(one)))


def told(booking: Booking, *, already: bool = False) -> Paid:
    """Return a booking as tools tell it."""
    return Paid(
        payment=booking.payment,
        creditor_iban=booking.creditor_iban,
        amount_cents=booking.amount_cents,
        reference=booking.reference,
        key=booking.key,
        already=already,
    )


def stands(booking: Booking) -> bool:
    """Tell whether a booking is a payment that was not taken back."""
    return not booking.refund_of and not booking.refunded_by
