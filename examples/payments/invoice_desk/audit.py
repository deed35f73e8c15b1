"""Holds the bank's books against the log: each payment granted, agreed to, made once, and told as it was.

What was taken back has to be what a person had taken back.

It trusts neither agents nor policies: from the log it reads who agreed to exactly which arguments. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from interlock.bus.ports import Record
from interlock.contracts import facts as f
from interlock.contracts.approval import digest_of
from interlock.contracts.decision import Decision
from interlock.contracts.effect import EffectCompleted, EffectRequest, ToolCall
from interlock.contracts.inputs import read_record
from interlock.contracts.message import Json, decode
from interlock.contracts.subjects import DECISIONS
from invoice_desk.bank.orders import Booking
from invoice_desk.money import shown
from invoice_desk.papers import Payment
from invoice_desk.people import PEOPLE

ONE_ABOVE_CENTS = 10_000
TWO_ABOVE_CENTS = 50_000
BOARD_ABOVE_CENTS = 500_000


class Effect(msgspec.Struct):
    """What the log says of one payment that an agent has asked for."""

    task: int
    effect: int
    arguments: Json
    granted: bool = False
    end: str = ""
    payment: Payment | None = None
    agreed: dict[str, str] = {}

    @property
    def key(self) -> str:
        """Return the key under which the bank books it."""
        return f"{self.task}.{self.effect}"


class Undoing(msgspec.Struct):
    """What the log says of one payment that a person has had taken back; `undoes` is the payment's key."""

    key: str
    undoes: str
    done: bool = False


class Account(msgspec.Struct, frozen=True):
    """What log and books come to; `wrong` is empty where they agree, `doubtful` what nobody could be told.

    `returned_cents` is what the bank has taken back.
    """

    wrong: tuple[str, ...]
    logged_cents: int
    booked_cents: int
    returned_cents: int
    doubtful: tuple[Booking, ...]
    effects: Mapping[str, Effect]


class Reading:
    """The log, read record by record."""

    def __init__(self) -> None:
        self.effects: dict[int, Effect] = {}
        self.undoings: dict[int, Undoing] = {}
        self.submitters: dict[int, str] = {}
        self._asked: dict[tuple[int, int], int] = {}
        self._told: dict[int, Payment] = {}

    def read(self, record: Record) -> None:
        """Take one record; they come in the order of the log."""
        if record.subject.startswith(DECISIONS.removesuffix(">")):
            decision = decode(Decision, record.data)
            for fact in decision.facts:
                self._decided(decision.task, fact)
            return
        said = read_record(record.seq, record.time_ms, record.subject, record.data)
        match said.body:
            case EffectRequest(call=ToolCall(tool="pay", arguments=arguments)):
                self.effects[said.seq] = Effect(said.task, said.seq, arguments)
            case EffectCompleted(effect=effect, value=value) if effect in self.effects:
                self._told[said.seq] = msgspec.json.decode(value, type=Payment)
            case _:
                pass

    def _decided(self, task: int, fact: f.Fact) -> None:
        match fact:
            case f.Accepted():
                self.submitters[task] = fact.submitter
            case f.Escalated() if fact.effect in self.effects:
                self._asked[task, fact.number] = fact.effect
            case f.ArgumentsEdited() if (task, fact.number) in self._asked:
                self.effects[self._asked[task, fact.number]].arguments = fact.arguments
            case f.ApprovalCounted() if (task, fact.number) in self._asked:
                effect = self.effects[self._asked[task, fact.number]]
                effect.agreed = effect.agreed | {fact.by: fact.approval.statement.arguments}
            case f.EffectGranted(call=ToolCall(tool="refund", arguments=arguments)):
                self.undoings[fact.effect] = Undoing(f"{task}.{fact.effect}", arguments["key"])
            case f.EffectSettled(end="completed") if fact.effect in self.undoings:
                self.undoings[fact.effect].done = True
            case f.EffectGranted() if fact.effect in self.effects:
                self.effects[fact.effect].granted = True
            case f.EffectSettled() if fact.effect in self.effects:
                self.effects[fact.effect].end = fact.end
                self.effects[fact.effect].payment = self._told.get(fact.outcome)
            case _:
                pass


def account(records: Iterable[Record], bookings: Sequence[Booking]) -> Account:
    """Compare the whole log with the whole of the bank's payments."""
    reading = Reading()
    for record in records:
        reading.read(record)
    paid = [booking for booking in bookings if not booking.refund_of]
    effects = {effect.key: effect for effect in reading.effects.values()}
    told = {effect.payment.payment: effect.payment for effect in effects.values() if effect.payment}
    wrong: list[str] = []
    for booking in paid:
        wrong += _unlike(booking, effects.get(booking.key), reading.submitters)
    wrong += _never_booked(effects.values(), {booking.payment: booking for booking in paid})
    doubtful = [booking for booking in paid if booking.payment not in told]
    wrong += [_untold(one) for one in doubtful if _ended(effects.get(one.key))]
    wrong += _taken_back(bookings, reading.undoings.values())
    return Account(
        wrong=tuple(wrong),
        logged_cents=sum(payment.amount_cents for payment in told.values()),
        booked_cents=sum(booking.amount_cents for booking in paid),
        returned_cents=sum(booking.amount_cents for booking in bookings if booking.refund_of),
        doubtful=tuple(doubtful),
        effects=effects,
    )


def _unlike(booking: Booking, effect: Effect | None, submitters: Mapping[int, str]) -> list[str]:
    """Return what is wrong with a payment by what the log says of its effect."""
    name = f"payment {booking.payment} ({booking.key}, {shown(booking.amount_cents)})"
    if effect is None or not effect.granted:
        return [f"{name} was never granted"]
    asked = effect.arguments
    booked = (booking.creditor_iban, booking.amount_cents, booking.reference)
    if booked != (asked["creditor_iban"], asked["amount_cents"], asked["reference"]):
        return [f"{name} is not what was granted: {asked}"]
    lacking = _lacking(effect, booking.amount_cents, submitters.get(effect.task, ""))
    return [f"{name} was made without {lacking}"] if lacking else []


def _lacking(effect: Effect, cents: int, submitter: str) -> str:
    """Say whose agreement is missing: of different people, none the requester, to these very arguments."""
    groups = {person.name: person.groups for person in PEOPLE}
    digest = digest_of(effect.arguments)
    agreed = [who for who, what in effect.agreed.items() if what == digest and who != submitter]
    finance = sum("finance" in groups.get(who, ()) for who in agreed)
    needed = (cents > ONE_ABOVE_CENTS) + (cents > TWO_ABOVE_CENTS)
    if finance < needed:
        return f"{needed} of finance, it has {finance}: {', '.join(sorted(effect.agreed)) or 'nobody'}"
    if cents > BOARD_ABOVE_CENTS and not any("board" in groups.get(who, ()) for who in agreed):
        return "board"
    return ""


def _never_booked(effects: Iterable[Effect], booked: Mapping[int, Booking]) -> list[str]:
    """Return what the log calls paid, and the bank does not know so."""
    wrong: list[str] = []
    for effect in effects:
        told = effect.payment
        found = booked.get(told.payment) if told is not None else None
        if effect.end == "completed" and told is None:
            wrong.append(f"effect {effect.key} was completed, and does not say what was paid")
        elif told is not None and (found is None or found.amount_cents != told.amount_cents):
            wrong.append(f"effect {effect.key} tells of payment {told.payment}, the bank of {found}")
    return wrong


def _taken_back(bookings: Sequence[Booking], undoings: Iterable[Undoing]) -> list[str]:
    """Return what the bank has taken back and nobody wanted, or the log calls taken back and the bank not."""
    paid = {booking.payment: booking for booking in bookings if not booking.refund_of}
    wanted = {undoing.key: undoing for undoing in undoings}
    back = {booking.key: paid[booking.refund_of] for booking in bookings if booking.refund_of}
    wrong = [
        f"payment {payment.payment} was taken back ({key}), and nobody wanted that"
        for key, payment in back.items()
        if key not in wanted or wanted[key].undoes != payment.key
    ]
    missing = [undoing.key for undoing in wanted.values() if undoing.done and undoing.key not in back]
    return wrong + [
        f"effect {key} has taken a payment back, and the bank does not know of it" for key in missing
    ]


def _ended(effect: Effect | None) -> bool:
    return effect is not None and effect.end in {"completed", "failed"}


def _untold(booking: Booking) -> str:
    return f"payment {booking.payment} ({booking.key}) was made, and its effect does not tell of it"
