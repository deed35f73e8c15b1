"""Whoever holds the example's books against the log sees a payment that should not be, or is not told."""

from typing import Any

import msgspec
import pytest

from interlock.bus.memory import MemoryServer
from interlock.bus.memory_bus import MemoryBus
from interlock.bus.ports import Record
from interlock.contracts import facts as f
from interlock.contracts.approval import Approval, Statement, digest_of
from interlock.contracts.budget import NOTHING, Budget
from interlock.contracts.decision import Decision
from interlock.contracts.effect import EffectCompleted, EffectRequest, ToolCall
from interlock.contracts.message import Json, Message, encode
from interlock.contracts.subjects import decision_subject, input_subject
from invoice_desk import us
from invoice_desk.audit import Account, account
from invoice_desk.bank.orders import Booking
from invoice_desk.compare import NotStill, one_moment
from invoice_desk.papers import Payment
from invoice_desk.teller import Teller

TASK, EFFECT, OUTCOME = 5, 7, 12
IBAN = "DE44500105175407324931"
LARGE, HUGE = 60_000, 600_000


class Log:
    """A log of one payment, written by hand."""

    def __init__(self, cents: int) -> None:
        self.records: list[Record] = []
        self.arguments: Json = {
            "creditor": "Nordlicht Papier GmbH",
            "creditor_iban": IBAN,
            "amount_cents": cents,
            "reference": "NO-1",
            "invoice": "01.txt",
        }

    def decide(self, *facts: Any) -> None:
        decision = Decision(task=TASK, cause=1, at_ms=1, by="supervisor-1", facts=facts)
        self._append(len(self.records) + 100, decision_subject(TASK), decision)

    def say(self, seq: int, body: Message, *words: str) -> None:
        self._append(seq, input_subject("somebody-1", *words, TASK), body)

    def begin(self, *approvers: str, requester: str = "alice") -> None:
        """Submit, ask, agree and grant."""
        accepted = f.Accepted(
            at_ms=1, goal="Pay.", submitter=requester, tenant="t", priority=5, budget=Budget()
        )
        self.decide(accepted)
        call = ToolCall(tool="pay", arguments=self.arguments)
        self.say(EFFECT, EffectRequest(step="settle-1", attempt=1, key="k", call=call), "agent", "effect")
        asked = f.Escalated(at_ms=1, number=1, kind="approval", summary="pay", effect=EFFECT)
        self.decide(asked, *(self.counted(who) for who in approvers))
        self.grant()

    def counted(self, who: str) -> f.ApprovalCounted:
        statement = Statement(
            task=TASK,
            number=1,
            effect=EFFECT,
            tool="pay",
            arguments=digest_of(self.arguments),
            policies="p",
            verdict="approve",
            by=who,
        )
        approval = Approval(statement=statement, public_key="U", signature="s")
        return f.ApprovalCounted(at_ms=1, number=1, by=who, input=9, approval=approval)

    def grant(self, effect: int = EFFECT, call: ToolCall | None = None) -> None:
        demand = f.Demand(kind="tool", name="pay" if call is None else call.tool)
        self.decide(
            f.EffectGranted(
                effect=effect,
                call=call,
                step="settle-1",
                attempt=1,
                key="k",
                grant=1,
                worker="effects-1",
                reserved=NOTHING,
                demand=demand,
                repeatable=True,
            )
        )

    def complete(self, booking: Booking) -> None:
        paid = Payment(booking.payment, IBAN, booking.amount_cents, "NO-1", booking.key)
        value = msgspec.Raw(msgspec.json.encode(paid))
        self.say(OUTCOME, EffectCompleted(effect=EFFECT, grant=1, value=value), "effect", "completed")
        self.settle("completed", OUTCOME)

    def settle(self, end: Any, outcome: int = 0) -> None:
        self.decide(f.EffectSettled(effect=EFFECT, grant=1, end=end, basis="actual", outcome=outcome))

    def _append(self, seq: int, subject: str, body: Message) -> None:
        self.records.append(Record(seq, 1, subject, encode(body)))


def booked(cents: int, **fields: Any) -> Booking:
    booking = Booking(
        payment=3,
        key=f"{TASK}.{EFFECT}",
        debtor_iban=us.IBAN,
        creditor_iban=IBAN,
        amount_cents=cents,
        reference="NO-1",
    )
    return msgspec.structs.replace(booking, **fields)


def paid_by(*approvers: str, cents: int = LARGE, requester: str = "alice", **fields: Any) -> Account:
    """Return the account of a payment that these have agreed to, booked with these differences."""
    log = Log(cents)
    log.begin(*approvers, requester=requester)
    log.complete(booked(cents))
    return account(log.records, [booked(cents, **fields)])


def test_a_payment_with_its_approvals_is_as_it_should_be() -> None:
    found = paid_by("bob", "carol")
    assert (found.wrong, found.doubtful) == ((), ())
    assert found.logged_cents == found.booked_cents == LARGE
    assert paid_by("bob", "carol", "erin", cents=HUGE).wrong == ()
    assert paid_by(cents=10_000).wrong == ()


@pytest.mark.parametrize(
    ("approvers", "cents", "words"),
    [
        ((), 10_001, "1 of finance, it has 0: nobody"),
        (("bob",), LARGE, "2 of finance, it has 1: bob"),
        (("bob", "alice"), LARGE, "2 of finance, it has 1: alice, bob"),
        (("bob", "dora"), LARGE, "2 of finance, it has 1"),
        (("bob", "bob"), LARGE, "2 of finance, it has 1"),
        (("bob", "carol"), HUGE, "board"),
    ],
)
def test_a_payment_without_its_approvals_is_seen(approvers: tuple[str, ...], cents: int, words: str) -> None:
    (sentence,) = paid_by(*approvers, cents=cents).wrong
    assert words in sentence


def test_approvals_of_other_arguments_do_not_count() -> None:
    # Given two who have agreed to less than what is then granted
    log = Log(LARGE)
    log.begin("bob", "carol")
    more = log.arguments | {"amount_cents": LARGE + 1}
    log.decide(
        f.ArgumentsEdited(at_ms=1, number=1, by="bob", input=10, arguments=more, digest=digest_of(more))
    )
    log.complete(booked(LARGE + 1))
    (sentence,) = account(log.records, [booked(LARGE + 1)]).wrong
    assert "2 of finance, it has 0" in sentence


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"amount_cents": LARGE + 1}, "not what was granted"),
        ({"creditor_iban": "LT121000011101001000"}, "not what was granted"),
        ({"key": "1.2"}, "never granted"),
        ({"payment": 4}, "tells of payment 3"),
    ],
)
def test_a_booking_that_is_not_the_payment_is_seen(fields: dict[str, Any], words: str) -> None:
    found = paid_by("bob", "carol", **fields)
    assert any(words in sentence for sentence in found.wrong)


def test_a_second_payment_of_one_grant_is_seen() -> None:
    log = Log(LARGE)
    log.begin("bob", "carol")
    log.complete(booked(LARGE))
    found = account(log.records, [booked(LARGE), booked(LARGE, payment=4)])
    assert any("payment 4" in sentence for sentence in found.wrong)
    assert found.booked_cents == 2 * LARGE


def test_what_a_kill_left_in_doubt_is_neither_wrong_nor_hidden() -> None:
    log = Log(LARGE)
    log.begin("bob", "carol")
    log.settle("aborted")
    found = account(log.records, [booked(LARGE)])
    assert found.wrong == ()
    assert [one.payment for one in found.doubtful] == [3]
    assert (found.logged_cents, found.booked_cents) == (0, LARGE)
    # And where it was not booked, nothing is
    assert account(log.records, []).doubtful == ()


def test_a_payment_that_the_log_has_never_heard_of_is_seen() -> None:
    log = Log(LARGE)
    log.begin("bob", "carol")
    log.complete(booked(LARGE))
    found = account(log.records, [booked(LARGE), booked(LARGE, payment=4, key="1.2")])
    (sentence,) = found.wrong
    assert "payment 4" in sentence
    assert "never granted" in sentence


REFUND = 9


def log_of_undoing(undoes: str = f"{TASK}.{EFFECT}", *, done: bool = True) -> Log:
    """Return a log in which a payment was made, and a person has had one of this key taken back."""
    log = Log(LARGE)
    log.begin("bob", "carol")
    log.complete(booked(LARGE))
    call = ToolCall(tool="refund", arguments=log.arguments | {"key": undoes})
    log.grant(effect=REFUND, call=call)
    if done:
        log.decide(f.EffectSettled(effect=REFUND, grant=2, end="completed", basis="actual"))
    return log


TAKEN_BACK = booked(LARGE, refunded_by=4)
RETURN = booked(LARGE, payment=4, key=f"{TASK}.{REFUND}", refund_of=3)


def test_what_a_person_has_had_taken_back_is_as_it_should_be() -> None:
    found = account(log_of_undoing().records, [TAKEN_BACK, RETURN])
    assert (found.wrong, found.returned_cents) == ((), LARGE)
    # And one of which nobody knows yet whether it was done may stand there, or not
    waiting = log_of_undoing(done=False)
    assert account(waiting.records, [TAKEN_BACK, RETURN]).wrong == ()
    assert account(waiting.records, [booked(LARGE)]).wrong == ()


@pytest.mark.parametrize(
    ("log", "bookings", "words"),
    [
        (log_of_undoing(), [booked(LARGE)], "the bank does not know of it"),
        (log_of_undoing("5.6"), [TAKEN_BACK, RETURN], "nobody wanted that"),
        (log_of_undoing(), [TAKEN_BACK, RETURN, msgspec.structs.replace(RETURN, key="5.8")], "nobody wanted"),
    ],
)
def test_a_payment_that_was_taken_back_otherwise_is_seen(
    log: Log, bookings: list[Booking], words: str
) -> None:
    (sentence,) = account(log.records, bookings).wrong
    assert words in sentence


class Busy(Teller, frozen=True):
    """A bank that books something whenever it was looked at, so many times."""

    made: list[Booking]
    times: int

    async def bookings(self, task: int = 0) -> list[Booking]:
        assert not task
        found = list(self.made)
        if len(found) < self.times:
            self.made.append(booked(LARGE, payment=len(found) + 1))
        return found

    async def balance_cents(self) -> int:
        return -sum(one.amount_cents for one in self.made)


async def test_books_and_log_are_looked_at_again_until_they_are_of_one_moment() -> None:
    bus = MemoryBus(MemoryServer(lambda: 1), "dora")
    moment = await one_moment(bus, Busy("", "", [], times=3))
    assert [one.payment for one in moment.bookings] == [1, 2, 3]
    assert moment.balance_cents == -3 * LARGE
    # And not without end
    with pytest.raises(NotStill, match="compare when less is paid"):
        await one_moment(bus, Busy("", "", [], times=1_000))


def test_a_payment_that_failed_by_the_log_and_stands_in_the_books_is_seen() -> None:
    log = Log(LARGE)
    log.begin("bob", "carol")
    log.settle("failed")
    assert "does not tell of it" in account(log.records, [booked(LARGE)]).wrong[0]
