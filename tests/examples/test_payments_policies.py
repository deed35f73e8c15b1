"""The example's policies say what their sentences say: who may pay what, and who must agree."""

from typing import Any

import pytest
from click.testing import CliRunner

from interlock.console.commands.policy import policy
from interlock.contracts.facts import PoliciesSet
from interlock.contracts.people import Need
from interlock.contracts.presence import Risk
from interlock.supervisor.core.policy.question import Question, Run
from interlock.supervisor.core.policy.rulings import rule_on
from interlock.supervisor.core.ruling import Ruling
from interlock.supervisor.policies import read_folder
from invoice_desk import cases
from invoice_desk.desk import POLICIES
from invoice_desk.vendors import known_vendors

WHEN_MS = 1_795_000_000_000
ONE, TWO = Need(role="finance"), Need(role="finance", quorum=2)
BOARD = Need(role="board")


@pytest.fixture(scope="module")
def policies() -> PoliciesSet:
    bundle = read_folder(POLICIES, WHEN_MS)
    return PoliciesSet(at_ms=0, by="supervisor-1", digest=bundle.digest, bundle=bundle)


def ruled(policies: PoliciesSet, cents: int, *, role: str = "executor", **changes: Any) -> Ruling:
    """Say what is ruled of a payment to the first vendor, but for these changes."""
    vendor = known_vendors()[0]
    arguments: dict[str, Any] = {
        "creditor": vendor.name,
        "creditor_iban": vendor.iban,
        "amount_cents": cents,
        "reference": "NO-1",
        "invoice": "01.txt",
    }
    return asked(policies, "pay", "irreversible", arguments | changes, role)


def asked(
    policies: PoliciesSet, tool: str, risk: Risk, arguments: dict[str, Any], role: str = "executor"
) -> Ruling:
    run = Run(autonomy=4, untrusted=True, task=42, submitter="alice")
    question = Question(
        agent=f"{role}-1", role=role, name=tool, risk=risk, run=run, user="alice", arguments=arguments
    )
    return rule_on(policies, question)


@pytest.mark.parametrize(
    ("cents", "needs"),
    [
        (1, ()),
        (10_000, ()),
        (10_001, (ONE,)),
        (50_000, (ONE,)),
        (50_001, (TWO,)),
        (500_000, (TWO,)),
        (500_001, (BOARD, TWO)),
        (1_000_000, (BOARD, TWO)),
    ],
)
def test_who_must_agree_follows_from_the_amount(
    policies: PoliciesSet, cents: int, needs: tuple[Need, ...]
) -> None:
    ruling = ruled(policies, cents)
    assert ruling.allowed
    assert ruling.needs == needs
    assert not ruling.requester_may
    assert all(rule.says for rule in ruling.rules)


def test_no_payment_is_greater_than_the_ceiling(policies: PoliciesSet) -> None:
    ruling = ruled(policies, 1_000_001)
    assert (ruling.allowed, ruling.forbidden, ruling.rule) == (False, True, "policy.ceiling")


@pytest.mark.parametrize("iban", [cases.CROOK_IBAN, cases.STRANGER.iban, "", "DE44 5001 0517 5407 3249 31"])
def test_an_account_that_is_not_on_the_list_is_never_paid(policies: PoliciesSet, iban: str) -> None:
    for cents in (1, 60_000):
        ruling = ruled(policies, cents, creditor_iban=iban)
        assert (ruling.allowed, ruling.forbidden) == (False, True)
        assert ruling.rule == "policy.known-accounts-only"


@pytest.mark.parametrize("role", ["planner", "researcher", "reviewer", "somebody"])
def test_nobody_but_the_executor_pays(policies: PoliciesSet, role: str) -> None:
    assert not ruled(policies, 1, role=role).allowed


@pytest.mark.parametrize(
    "changes", [{"amount_cents": "1"}, {"amount_cents": 1.5}, {"creditor_iban": None}, {"more": True}]
)
def test_arguments_of_another_form_are_denied(policies: PoliciesSet, changes: dict[str, Any]) -> None:
    assert not ruled(policies, 1, **changes).allowed


def test_a_refund_takes_one_of_finance(policies: PoliciesSet) -> None:
    paid: dict[str, Any] = {
        "creditor": "Nordlicht Papier GmbH",
        "creditor_iban": known_vendors()[0].iban,
        "amount_cents": 900,
        "reference": "NO-1",
        "invoice": "01.txt",
    }
    assert asked(policies, "refund", "irreversible", paid | {"key": "42.7"}).needs == (ONE,)


def test_looking_and_putting_aside_take_nobody(policies: PoliciesSet) -> None:
    assert asked(policies, "find_payments", "read", {"reference": "NO-1"}).needs == ()
    held = {"file": "01.txt", "state": "held", "why": "It is suspicious."}
    assert asked(policies, "hold_invoice", "write", held) == Ruling(allowed=True)
    # And what nobody has thought of is not allowed
    assert not asked(policies, "write_file", "write", {"path": "a", "text": "b"}).allowed


def test_the_cases_beside_them_hold() -> None:
    told = CliRunner().invoke(policy, ["test", str(POLICIES)])
    assert told.exit_code == 0, told.output
