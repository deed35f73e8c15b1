"""How people decide, counted from decisions."""

from typing import Any

import pytest
from tests.console.conftest import decision

from interlock.console.fatigue.figures import HOUR_MS, Figures, figures_of
from interlock.console.fatigue.habits import MOST_KEPT
from interlock.console.fatigue.ledger import Ledger, Said
from interlock.console.fatigue.worries import worries
from interlock.contracts import facts as f
from interlock.contracts.approval import Approval, Statement
from interlock.contracts.people import EscalationKind, VerdictKind

STATEMENT = Statement(
    task=42, number=1, effect=1, tool="pay", arguments="", policies="", verdict="approve", by="x"
)
APPROVAL = Approval(statement=STATEMENT, public_key="U", signature="s")


def asked(number: int = 1, at_ms: int = 0, kind: EscalationKind = "approval", **more: Any) -> f.Escalated:
    return f.Escalated(at_ms=at_ms, number=number, kind=kind, summary="pay", desk="finance", **more)


def agreed(by: str, at_ms: int, number: int = 1, seq: int = 0) -> f.ApprovalCounted:
    return f.ApprovalCounted(at_ms=at_ms, number=number, by=by, input=seq, approval=APPROVAL)


def edited(by: str, at_ms: int, number: int = 1, seq: int = 0) -> f.ArgumentsEdited:
    return f.ArgumentsEdited(at_ms=at_ms, number=number, by=by, input=seq, arguments={}, digest="")


def over(verdict: VerdictKind, *by: str, at_ms: int = 9_000, number: int = 1) -> f.Resolved:
    return f.Resolved(at_ms=at_ms, number=number, verdict=verdict, by=by)


def folded(*facts: f.AnyFact, words: dict[int, Said] | None = None, since_ms: int = 0) -> Ledger:
    ledger = Ledger(words or {}, since_ms)
    for fact in facts:
        ledger.fold(decision(fact, at_ms=getattr(fact, "at_ms", 10_000)))
    return ledger


def of(ledger: Ledger, who: str) -> Figures:
    return figures_of(who, ledger.people[who], HOUR_MS)


def test_each_of_two_who_agree_has_decided_once_and_from_when_it_was_asked() -> None:
    ledger = folded(asked(), agreed("alice", 2_000), agreed("bob", 6_000), over("approved", "alice", "bob"))
    assert of(ledger, "alice").verdicts == of(ledger, "bob").verdicts == {"approved": 1}
    assert (of(ledger, "alice").median_s, of(ledger, "bob").median_s) == (2.0, 6.0)


def test_from_when_the_desk_was_asked_that_decides() -> None:
    moved = f.EscalationMoved(at_ms=5_000, number=1, desk="controllers")
    assert of(folded(asked(), moved, over("rejected", "bob")), "bob").median_s == 4.0


def test_an_edit_counts_once_for_its_editor_and_those_who_agree_to_it_as_such() -> None:
    ledger = folded(
        asked(),
        agreed("alice", 1_000, seq=1),
        edited("bob", 2_000, seq=2),
        agreed("bob", 2_000, seq=2),
        agreed("alice", 3_000, seq=3),
        over("edited", "bob", "alice"),
    )
    assert of(ledger, "bob").verdicts == {"edited": 1}
    assert of(ledger, "alice").verdicts == {"approved": 2}


@pytest.mark.parametrize("verdict", ["rejected", "answered", "raised", "resumed", "aborted"])
def test_any_other_verdict_is_of_whoever_said_it(verdict: VerdictKind) -> None:
    assert of(folded(asked(), over(verdict, "bob")), "bob").verdicts == {verdict: 1}


def test_what_nobody_decided_counts_for_nobody() -> None:
    assert not folded(asked(), over("expired"), asked(2), over("void", number=2)).people


def test_planted_requests_are_caught_or_missed_and_count_like_others() -> None:
    ledger = folded(
        asked(1, canary=True),
        over("rejected", "alice"),
        asked(2, canary=True),
        agreed("bob", 1_000, number=2),
        over("approved", "bob", number=2),
        asked(3, canary=True),
        over("expired", number=3),
        asked(4, canary=True),
    )
    alice, bob = of(ledger, "alice"), of(ledger, "bob")
    assert (alice.planted_caught, alice.planted_missed, alice.verdicts) == (1, 0, {"rejected": 1})
    assert (bob.planted_caught, bob.planted_missed, bob.verdicts) == (0, 1, {"approved": 1})
    planted = ledger.planted
    assert (planted.shown, planted.caught, planted.missed, planted.unanswered) == (4, 1, 1, 1)


def test_what_comes_when_it_is_over_is_late_and_other_refusals_are_not() -> None:
    words = {7: Said("bob", (42, 1)), 8: Said("carol", (42, 2)), 9: Said("dave", (42, 9))}
    refused = [f.Refused(input=seq, reason="no") for seq in (7, 8, 9, 10)]
    ledger = folded(asked(), asked(2), over("rejected", "alice"), *refused, words=words)
    assert {who: habits.late for who, habits in ledger.people.items()} == {"alice": 0, "bob": 1}


def test_what_was_before_does_not_count() -> None:
    words = {7: Said("bob", (42, 1))}
    facts = (asked(canary=True), over("rejected", "alice", at_ms=5_000))
    ledger = folded(*facts, asked(2), over("rejected", "alice", number=2), words=words, since_ms=6_000)
    assert of(ledger, "alice").decided == 1
    assert ledger.planted.shown == ledger.planted.caught == 0


def test_the_busiest_hour_is_any_sixty_minutes() -> None:
    ledger = Ledger({})
    minutes = [0, 50, 59, 60, 61, 109, 119, 300]
    for number, minute in enumerate(minutes):
        ledger.people["bob"].decided("approved", minute * 60_000, 1_000 * (number + 1))
    figures = figures_of("bob", ledger.people["bob"], 10 * HOUR_MS)
    assert figures.busiest_hour == 5
    assert figures.per_hour == 0.8
    assert (figures.median_s, figures.p90_s) == (4.5, 7.3)


def test_no_more_is_kept_than_so_much() -> None:
    habits = Ledger({}).people["bob"]
    for at_ms in range(MOST_KEPT + 5):
        habits.decided("approved", at_ms, 1)
    assert len(habits.said_ms) == len(habits.took_ms) == MOST_KEPT
    assert habits.verdicts["approved"] == MOST_KEPT + 5


def pressed(
    yes: int, no: int = 0, *, took_ms: int = 2_000, apart_ms: int = HOUR_MS, late: int = 0
) -> Figures:
    ledger = Ledger({})
    habits = ledger.people["bob"]
    for place in range(yes + no):
        habits.decided("approved" if place < yes else "rejected", place * apart_ms, took_ms)
    habits.late = late
    return of(ledger, "bob")


@pytest.mark.parametrize(
    ("figures", "sentences"),
    [
        (pressed(9), []),
        (pressed(25), ["bob approved 100 % of 25, half of them within 2 s"]),
        (pressed(25, took_ms=60_000), ["bob approved 100 % of 25"]),
        (pressed(20, 5), ["bob decided half of 25 within 2 s"]),
        (pressed(20, 5, took_ms=60_000), []),
        (
            pressed(30, 5, took_ms=60_000, apart_ms=1_000),
            ["bob decided 35 in one hour: more than anybody can look at"],
        ),
        (
            pressed(10, 5, took_ms=60_000, late=4),
            ["bob came too late 4 times: who else could be asked?"],
        ),
    ],
)
def test_what_deserves_a_look_is_said(figures: Figures, sentences: list[str]) -> None:
    assert worries(figures) == sentences


def test_what_was_let_through_is_said_however_little_was_decided() -> None:
    ledger = folded(asked(canary=True), over("approved", "bob"))
    assert worries(of(ledger, "bob")) == ["bob let 1 of 1 planted requests through"]
