"""The example's bank books each order once, balances to the cent, and forgets nothing when it is killed."""

import queue
import random
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.examples.bank import VENDOR, BankProcess, bank_process, pay, refund, transfer

from invoice_desk import us
from invoice_desk.bank.books import CAPITAL, Books
from invoice_desk.bank.orders import NotBooked, Refund, Transfer

KILLS = 6


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[BankProcess]:
    with bank_process(tmp_path / "books.db") as process:
        yield process


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    opened = Books(tmp_path / "books.db")
    opened.open_account(us.IBAN, us.NAME, 10_000)
    yield opened
    opened.close()


def test_the_same_key_and_order_are_one_payment(bank: BankProcess) -> None:
    with bank.client() as client:
        # When the same is asked for twice
        first, second = (pay(client, "1.2", transfer()) for _ in range(2))
        # Then it is booked once, and the answer is the same
        assert (first.status_code, second.status_code) == (201, 200)
        assert first.json() == second.json()
    assert bank.balances() == {CAPITAL: -10_000_000, us.IBAN: 10_000_000 - 1_250, VENDOR: 1_250}


def test_the_same_key_with_another_order_is_refused(bank: BankProcess) -> None:
    with bank.client() as client:
        pay(client, "1.2", transfer())
        # When the key comes again with one cent more
        answer = pay(client, "1.2", transfer(1_251))
        # Then nothing is booked
        assert answer.status_code == 409
        assert "take a new one" in answer.json()["error"]
        assert refund(client, "1.2", "1.2").status_code == 409
    assert len(bank.bookings()) == 1


def test_a_reference_is_paid_to_a_creditor_once(bank: BankProcess) -> None:
    with bank.client() as client:
        paid = pay(client, "1.2", transfer()).json()
        answer = pay(client, "3.4", transfer())
        assert answer.status_code == 409
        assert answer.json()["payment"] == paid
        # When the first was refunded, it may be paid again
        assert refund(client, "5.6", "1.2").status_code == 201
        assert pay(client, "3.4", transfer()).status_code == 201


def test_a_refund_takes_back_all_of_it_once(bank: BankProcess) -> None:
    with bank.client() as client:
        pay(client, "1.2", transfer())
        first, again = (refund(client, "1.3", "1.2") for _ in range(2))
        assert (first.status_code, again.status_code) == (201, 200)
        assert refund(client, "1.4", "1.2").status_code == 409
        assert refund(client, "1.5", "9.9").status_code == 404
        assert refund(client, "1.6", "1.3").status_code == 404
        assert refund(client, "1.7", f"opening {us.IBAN}").status_code == 404
    assert bank.balances() == {CAPITAL: -10_000_000, us.IBAN: 10_000_000, VENDOR: 0}
    paid, taken_back = bank.bookings()
    assert paid.refunded_by == taken_back.payment
    assert taken_back.refund_of == paid.payment


@pytest.mark.parametrize(
    ("order", "status", "words"),
    [
        (transfer(10_000_001), 422, "not enough money"),
        (transfer(0), 422, "no order"),
        (transfer(-5), 422, "no order"),
        (transfer(creditor_iban="DE44500105175407324932"), 422, "check digits"),
        (transfer(debtor_iban=VENDOR), 404, "no account of this bank"),
        (transfer(debtor_iban=CAPITAL), 422, "no order"),
        (transfer(reference=""), 422, "no order"),
        (transfer(remark="more"), 422, "no order"),
        ({}, 422, "no order"),
    ],
)
def test_bad_orders_are_refused_with_a_sentence(
    bank: BankProcess, order: dict[str, object], status: int, words: str
) -> None:
    with bank.client() as client:
        answer = pay(client, "1.2", order)
    assert answer.status_code == status
    assert words in answer.json()["error"]
    assert bank.bookings() == []


def test_only_who_has_the_token_is_answered(bank: BankProcess) -> None:
    with bank.client("guess") as stranger:
        assert pay(stranger, "1.2", transfer()).status_code == 401
        assert stranger.get("/payments").status_code == 401
    with bank.client() as client:
        assert client.get("/safe").status_code == 404
        assert client.post("/safe", headers={"Idempotency-Key": "1"}).status_code == 404
        assert client.post("/payments", json=transfer()).status_code == 400
        assert pay(client, "1.2", transfer(reference="x" * 20_000)).status_code == 413


def test_many_at_once_are_booked_once_each(bank: BankProcess) -> None:
    # Given eight clients that all send the same ten orders
    def send() -> None:
        with bank.client() as client:
            for number in range(10):
                pay(client, f"1.{number}", transfer(100 + number, f"NO-{number}"))

    clients = [threading.Thread(target=send) for _ in range(8)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert [one.amount_cents for one in sorted(bank.bookings(), key=lambda one: one.key)] == list(
        range(100, 110)
    )


def test_what_was_answered_outlives_a_kill(bank: BankProcess) -> None:
    # Given somebody who pays one order after the other, each again until it is answered
    chance = random.Random(7)
    answered: dict[str, int] = {}
    told: queue.SimpleQueue[str] = queue.SimpleQueue()
    stop = threading.Event()

    def keep_paying() -> None:
        number = 0
        with bank.client() as client:
            while not stop.is_set():
                try:
                    answer = pay(client, f"1.{number}", transfer(1 + number, f"NO-{number}"))
                except httpx.TransportError:
                    stop.wait(0.02)
                    continue
                assert answer.status_code in {200, 201}
                answered[f"1.{number}"] = answer.json()["amount_cents"]
                told.put(f"1.{number}")
                number += 1

    payer = threading.Thread(target=keep_paying)
    payer.start()
    # When the bank is killed again and again, in the middle of it
    for _ in range(KILLS):
        for _ in range(chance.randrange(3, 30)):
            told.get(timeout=10)
        bank.end()
        bank.start()
    stop.set()
    payer.join()
    # Then the books hold each order once, and all that were answered
    booked = {one.key: one.amount_cents for one in bank.bookings()}
    assert len(booked) == len(bank.bookings())
    assert answered.items() <= booked.items()
    assert bank.balances()[VENDOR] == sum(booked.values())
    assert sum(bank.balances().values()) == 0


def test_a_booking_that_cannot_be_finished_leaves_nothing(books: Books, tmp_path: Path) -> None:
    # Given books in which no posting can be written any more
    order = Transfer(debtor_iban=us.IBAN, creditor_iban=VENDOR, amount_cents=5, reference="NO-1")
    with sqlite3.connect(tmp_path / "books.db") as other:
        other.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON posting BEGIN SELECT raise(ABORT, 'broken'); END"
        )
    # When something is paid
    with pytest.raises(sqlite3.IntegrityError):
        books.pay(order, "1.2")
    # Then there is no trace of it, and it can be paid when they are mended
    assert books.bookings() == ()
    with sqlite3.connect(tmp_path / "books.db") as other:
        other.execute("DROP TRIGGER broken")
    assert books.pay(order, "1.2")[1]


def test_the_account_is_opened_once(books: Books) -> None:
    books.open_account(us.IBAN, us.NAME, 10_000)
    assert {one.iban: one.amount_cents for one in books.balances()} == {CAPITAL: -10_000, us.IBAN: 10_000}
    with pytest.raises(NotBooked):
        books.refund(Refund(payment_key=f"opening {us.IBAN}"), "1.2")
