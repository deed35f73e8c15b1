"""The example's tools pay once whatever happens, say what they do not know, and keep to their folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from tests.examples.bank import TOKEN, VENDOR, BankProcess, bank_process, pay, refund, transfer

from interlock.effects.errors import NoDocuments, NotAllowed, Refused, Unfit, Unsure
from interlock.effects.tools.outside import with_those_of
from interlock.effects.tools.tool import AnyTool, Place
from invoice_desk import tools
from invoice_desk.make_invoices import Made, make
from invoice_desk.tools.shelf import text_of

TASK = 42
PAY = {
    "creditor": "Nordlicht Papier GmbH",
    "creditor_iban": VENDOR,
    "amount_cents": 1_250,
    "reference": "NO-1",
    "invoice": "01.txt",
}


@pytest.fixture
def bank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BankProcess]:
    with bank_process(tmp_path / "books.db") as process:
        monkeypatch.setenv("BANK_URL", process.url)
        monkeypatch.setenv("BANK_TOKEN", TOKEN)
        yield process


@pytest.fixture
def made(tmp_path: Path) -> tuple[Made, ...]:
    return make(tmp_path / "docs", 3, ("small", "small", "duplicate", "broken"))


@pytest.fixture
def place(tmp_path: Path, made: tuple[Made, ...]) -> Place:
    """Where a task works that has a folder of four invoices."""
    assert made
    return Place(
        task=TASK,
        docs=str(tmp_path / "docs"),
        roots=(tmp_path / "docs",),
        workspaces=tmp_path / "workspaces",
        cache=tmp_path / "cache",
        key=f"{TASK}.7",
    )


async def run(tool: AnyTool, arguments: dict[str, Any], place: Place) -> Any:
    told = await tool.run_waiting(arguments, place) if tool.waits else tool.run(arguments, place)
    return msgspec.json.decode(told)


def under(place: Place, key: str) -> Place:
    return msgspec.structs.replace(place, key=key)


def test_an_effect_worker_can_carry_them() -> None:
    found = with_those_of(["invoice_desk.tools"], [])
    offers = {name: tool.offer() for name, tool in found.items()}
    assert {name for name, offer in offers.items() if offer.risk == "irreversible"} == {"pay", "refund"}
    assert {name for name, offer in offers.items() if offer.untrusted} == {"read_invoice"}
    assert (offers["pay"].target, offers["pay"].undo) == ("creditor_iban", "refund")


async def test_a_payment_is_made_once_for_a_key(bank: BankProcess, place: Place) -> None:
    first, again = [await run(tools.PAY, PAY, place) for _ in range(2)]
    assert first == again
    assert [one.key for one in bank.bookings()] == [place.key]


async def test_what_an_attempt_that_was_cut_off_has_paid_is_not_paid_again(
    bank: BankProcess, place: Place
) -> None:
    first = await run(tools.PAY, PAY, place)
    again = await run(tools.PAY, PAY, under(place, f"{TASK}.9"))
    assert again == first | {"already": True}
    # And what another task has paid is refused
    with pytest.raises(Refused, match="payment 2"):
        await run(tools.PAY, PAY, msgspec.structs.replace(place, task=43, key="43.9"))
    assert len(bank.bookings()) == 1


async def test_a_refund_takes_the_payment_of_a_key_back(bank: BankProcess, place: Place) -> None:
    await run(tools.PAY, PAY, place)
    await run(tools.REFUND, PAY | {"key": place.key}, under(place, f"{TASK}.9"))
    assert (await run(tools.FIND_PAYMENTS, {"reference": "NO-1"}, place)) == {"payments": []}
    assert bank.balances()[VENDOR] == 0


async def test_a_bank_that_does_not_answer_leaves_it_unsure(bank: BankProcess, place: Place) -> None:
    bank.end()
    with pytest.raises(Unsure, match="does not answer"):
        await run(tools.PAY, PAY, place)
    bank.start()
    assert await run(tools.PAY, PAY, place)


async def test_a_connection_that_is_gone_as_soon_as_it_stands_leaves_it_unsure(
    bank: BankProcess, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given what comes of it under uvloop, about once in a thousand times
    async def trip(*_: Any, **__: Any) -> None:
        raise AttributeError("'NoneType' object has no attribute 'getpeername'")

    with monkeypatch.context() as gone:
        gone.setattr(httpx.AsyncClient, "request", trip)
        with pytest.raises(Unsure, match="does not answer"):
            await run(tools.PAY, PAY, place)
    assert bank.bookings() == []
    assert await run(tools.PAY, PAY, place)


async def test_a_wrong_token_is_said_plainly(
    bank: BankProcess, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BANK_TOKEN", "guess")
    with pytest.raises(NotAllowed, match="BANK_TOKEN"):
        await run(tools.PAY, PAY, place)
    assert bank.bookings() == []


@pytest.mark.parametrize(
    "wrong", [{"amount_cents": 0}, {"creditor_iban": "DE"}, {"more": 1}, {"reference": ""}]
)
async def test_what_is_no_payment_never_reaches_the_bank(
    bank: BankProcess, place: Place, wrong: dict[str, Any]
) -> None:
    with pytest.raises(Unfit):
        await run(tools.PAY, PAY | wrong, place)
    assert bank.bookings() == []


async def test_the_listing_tells_what_a_task_has_made_of_each(
    bank: BankProcess, place: Place, made: tuple[Made, ...]
) -> None:
    # Given a first invoice that this task has paid, and one that it has put aside
    first, second, *_ = made
    order = transfer(first.amount_cents, first.number)
    with bank.client() as client:
        pay(client, place.key, order)
    held = {"file": second.file, "state": "rejected", "why": "Not before January."}
    await run(tools.HOLD_INVOICE, held, place)
    # When it asks what there is
    listed = (await run(tools.LIST_INVOICES, {}, place))["invoices"]
    # Then the copy of the paid one is still open
    assert [(one["file"], one["state"]) for one in listed] == [
        (first.file, "paid"),
        (second.file, "rejected"),
        (made[2].file, "open"),
        (made[3].file, "open"),
    ]
    assert listed[0]["payment"]["amount_cents"] == listed[0]["asked_cents"] == first.amount_cents
    assert listed[1]["why"] == "Not before January."
    # And of another task nothing was made yet
    other = msgspec.structs.replace(place, task=43)
    assert {one["state"] for one in (await run(tools.LIST_INVOICES, {}, other))["invoices"]} == {"open"}
    # And what was taken back is for people to decide, until they have
    with bank.client() as client:
        refund(client, "42.8", place.key)
    taken_back = (await run(tools.LIST_INVOICES, {}, place))["invoices"][0]
    assert (taken_back["state"], "was taken back" in taken_back["why"]) == ("rejected", True)
    await run(tools.HOLD_INVOICE, {"file": first.file, "state": "held", "why": "Dropped."}, place)
    assert (await run(tools.LIST_INVOICES, {}, place))["invoices"][0]["why"] == "Dropped."


async def test_what_cannot_be_read_is_told_and_breaks_nothing(place: Place, made: tuple[Made, ...]) -> None:
    text = await run(tools.READ_INVOICE, {"file": made[3].file}, place)
    assert (text["text"], "cannot be read" in text["problem"]) == ("", True)
    found = await run(tools.FIND_INVOICES, {"number": made[0].number}, place)
    assert found["files"] == [made[0].file, made[2].file]


@pytest.mark.parametrize("name", ["../books.db", "nothing.txt", "/etc/passwd"])
async def test_nothing_outside_the_folder_is_read_or_put_aside(place: Place, name: str) -> None:
    with pytest.raises(Refused, match="no invoice"):
        await run(tools.READ_INVOICE, {"file": name}, place)
    with pytest.raises(Refused, match="no invoice"):
        await run(tools.HOLD_INVOICE, {"file": name, "state": "held", "why": "…"}, place)
    assert not place.workspaces.exists()


async def test_a_folder_that_may_not_be_read_is_none(place: Place, tmp_path: Path) -> None:
    for docs in ("", str(tmp_path), str(tmp_path / "nowhere")):
        with pytest.raises(NoDocuments):
            await run(tools.READ_INVOICE, {"file": "01.txt"}, msgspec.structs.replace(place, docs=docs))


def test_an_invoice_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "big.txt").write_text("x" * 2_000_001)
    text, problem = text_of(tmp_path, "big.txt")
    assert text == ""
    assert "at most" in problem
