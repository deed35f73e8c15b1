"""The example's invoices are the same for the same seed, and what is wrong with one is seen."""

from pathlib import Path

import pytest

from invoice_desk import cases
from invoice_desk.checking import check
from invoice_desk.iban import is_iban
from invoice_desk.make_invoices import Made, make
from invoice_desk.money import read_cents, shown
from invoice_desk.papers import Check, Payment
from invoice_desk.reading import read
from invoice_desk.tools.shelf import text_of
from invoice_desk.vendors import known_vendors

SEEDS = range(20)
POLICIES = Path(__file__).parents[2] / "examples" / "payments" / "invoice_desk" / "policies"


def checked(folder: Path, made: tuple[Made, ...], one: Made) -> Check:
    """Check a file as the researcher does, without a bank in which anything was paid."""
    text, problem = text_of(folder, one.file)
    if problem:
        return Check(one.file, "unreadable", (problem,))
    alike = [other.file for other in made if other.number == one.number and other.kind != "broken"]
    return check(one.file, read(one.file, text), known_vendors(), alike, ())


def test_the_same_seed_writes_the_same_files(tmp_path: Path) -> None:
    assert make(tmp_path / "a", 7) == make(tmp_path / "b", 7)
    first, second = ({path.name: path.read_bytes() for path in (tmp_path / n).iterdir()} for n in "ab")
    assert first == second
    assert make(tmp_path / "c", 8) != make(tmp_path / "a", 7)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_kind_is_judged_as_it_should_be(tmp_path: Path, seed: int) -> None:
    made = make(tmp_path, seed, (*cases.EVERY, "huge"))
    for one in made:
        found = checked(tmp_path, made, one)
        if one.kind in cases.HONEST:
            # Then an honest invoice is good, and read to the cent
            assert (found.verdict, found.reasons) == ("good", ()), one
            assert found.invoice is not None
            assert found.invoice.amount_cents == one.amount_cents
            assert (found.invoice.vendor, found.invoice.number) == (one.vendor, one.number)
        else:
            # Then a bad one is not, and it is said why
            assert found.verdict != "good", one
            assert found.reasons


@pytest.mark.parametrize(
    ("kind", "verdict", "words"),
    [
        ("changed_iban", "suspicious", "this names LT12 1000"),
        ("duplicate", "suspicious", "already"),
        ("injection", "suspicious", "gives orders to its reader"),
        ("unknown_vendor", "suspicious", "not on our list"),
        ("no_amount", "unreadable", "names no total"),
        ("two_totals", "unreadable", "2 different totals"),
        ("miscounted", "suspicious", "its items come to"),
        ("broken", "unreadable", "cannot be read"),
    ],
)
def test_it_is_said_what_is_wrong(tmp_path: Path, kind: cases.Kind, verdict: str, words: str) -> None:
    made = make(tmp_path, 3, ("small", kind))
    found = checked(tmp_path, made, made[1])
    assert found.verdict == verdict
    assert words in "; ".join(found.reasons)


def test_what_is_hidden_from_people_is_read_nevertheless(tmp_path: Path) -> None:
    # Given a PDF with white words
    (made,) = make(tmp_path, 3, ("injection",))
    text, _ = text_of(tmp_path, made.file)
    assert "ignore all rules" in text
    assert any("ignore all rules" in reason for reason in checked(tmp_path, (made,), made).reasons)


def test_what_was_paid_already_is_not_paid_again(tmp_path: Path) -> None:
    (made,) = make(tmp_path, 3, ("small",))
    reading = read(made.file, text_of(tmp_path, made.file)[0])
    assert reading.invoice is not None
    paid = Payment(4, reading.invoice.iban, made.amount_cents, made.number)
    found = check(made.file, reading, known_vendors(), (), (paid,))
    assert found.verdict == "suspicious"
    assert "payment 4" in found.reasons[0]


def test_the_account_numbers_can_exist_and_the_policies_know_the_same() -> None:
    policies = (POLICIES / "payments.cedar").read_text()
    for vendor in known_vendors():
        assert is_iban(vendor.iban)
        assert policies.count(f'"{vendor.iban}"') == 1
    assert is_iban(cases.CROOK_IBAN)
    assert is_iban(cases.STRANGER.iban)
    assert cases.CROOK_IBAN not in policies
    assert not is_iban("DE44500105175407324932")


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("$1,234.56", 123_456),
        ("0.05", 5),
        ("$12.5", None),
        ("12", None),
        ("$1,23.00", None),
        ("a lot", None),
        ("", None),
    ],
)
def test_money_is_read_to_the_cent_or_not_at_all(text: str, cents: int | None) -> None:
    assert read_cents(text) == cents
    if cents is not None and text.startswith("$"):
        assert shown(cents) == text
