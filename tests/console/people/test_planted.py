"""What was planted is shown as what is real, word for word, until it is decided; then it is told."""

import json

import pytest
from msgspec.structs import replace
from tests.console.conftest import BEGAN_MS, accepted, decision
from tests.console.people.conftest import Desk
from tests.console.people.examples import ASKED_MS, DEADLINE_MS, POLICIES, entitled, payment
from tests.console.people.test_commands import counts, resolves

from interlock.console.exits import Exit
from interlock.console.lines import said
from interlock.console.people.asked import Asked
from interlock.console.people.docket import Docket
from interlock.console.people.listing import fields, row, urgency
from interlock.console.people.mandate import Mandate
from interlock.console.people.numbers import Number
from interlock.console.people.paper import block
from interlock.console.people.reading import Case
from interlock.console.projection import fold
from interlock.console.views import TaskView
from interlock.contracts import facts as f
from interlock.contracts.people import PlantCanary, VerdictKind
from interlock.contracts.policy import Policies

Captured = pytest.CaptureFixture[str]
REAL, PLANTED = 1, 2
PLANT = PlantCanary(role="finance", tool="pay")


def canary(number: int = PLANTED) -> f.Escalated:
    """Return the same payment as the core plants it: with no effect, and with who has planted it excluded."""
    asked = payment(number)
    excluded = (*asked.excluded, "ada")
    return replace(asked, effect=0, key="", blocks=False, excluded=excluded, canary=True)


def closed(verdict: VerdictKind = "rejected", *by: str, number: int = PLANTED) -> f.Resolved:
    return f.Resolved(at_ms=ASKED_MS, number=number, verdict=verdict, by=by or ("bob",), input=60)


def held(*facts: f.AnyFact) -> Docket:
    docket = Docket()
    policies = f.PoliciesSet(at_ms=1, by="s", digest=POLICIES, bundle=Policies())
    docket.take(decision(policies, entitled("bob", "finance"), entitled("olga", roles=("operator",))))
    docket.take(decision(*facts, task=42))
    return docket


def shown(docket: Docket, asked: Asked, who: str) -> str:
    """Return everything that is shown of something, without its number."""
    mandate = Mandate(docket, who, ASKED_MS + 60_000)
    lines = [f"{line.label}{line.text}" for line in block(Case(asked, docket, "pay them"), mandate)]
    listed = json.dumps(fields(mandate, asked))
    return "\n".join((*lines, row(mandate, asked), listed)).replace(str(asked.number), "42.N")


@pytest.mark.parametrize("who", ["bob", "dora", "olga", "mallory"])
def test_nobody_can_tell_it_from_a_real_one_by_what_is_shown(who: str) -> None:
    docket = held(payment(REAL), canary())
    real, planted = (docket.open[Number(42, number)] for number in (REAL, PLANTED))
    assert shown(docket, planted, who) == shown(docket, real, who)
    assert urgency(planted)[:3] == urgency(real)[:3]


def test_nor_when_it_has_moved_and_was_edited() -> None:
    def around(number: int, excluded: tuple[str, ...]) -> tuple[f.AnyFact, ...]:
        arguments = {"amount_cents": 1}
        return (
            f.EscalationMoved(at_ms=ASKED_MS, number=number, desk="operator", deadline_ms=DEADLINE_MS),
            f.ArgumentsEdited(
                at_ms=ASKED_MS,
                number=number,
                by="bob",
                input=55,
                arguments=arguments,
                digest="a",
                excluded=excluded,
            ),
        )

    docket = held(payment(REAL), canary(), *around(REAL, ("dora",)), *around(PLANTED, ("dora", "ada")))
    real, planted = (docket.open[Number(42, number)] for number in (REAL, PLANTED))
    assert shown(docket, planted, "olga") == shown(docket, real, "olga")


def test_the_line_of_the_fact_and_the_view_of_the_task_are_the_same() -> None:
    assert said(canary(REAL)) == said(payment(REAL))
    views = [TaskView(task=42), TaskView(task=42)]
    for view, fact in zip(views, (payment(REAL), canary(REAL)), strict=True):
        fold(view, decision(accepted(), at_ms=BEGAN_MS))
        fold(view, decision(fact, at_ms=BEGAN_MS + 1))
    real, planted = views
    assert planted.effects == real.effects
    assert planted.steps == real.steps
    assert [asked.number for asked in planted.waits_for] == [asked.number for asked in real.waits_for]
    # And when it is decided there never was such an effect
    fold(planted, decision(closed(number=REAL), at_ms=BEGAN_MS + 2))
    assert planted.effects == {}
    assert (planted.steps["pay"].effects, planted.waits_for) == (0, [])


@pytest.mark.parametrize(
    ("verdict", "sentence"),
    [
        ("rejected", "was rejected by bob; it was planted to see who looks, and was caught"),
        ("approved", "was approved by bob; it was planted to see who looks, and was let through"),
        ("void", "it was planted to see who looks, and nobody decided"),
    ],
)
def test_what_it_was_is_told_when_it_is_decided(verdict: VerdictKind, sentence: str) -> None:
    docket = held(payment(REAL), canary(), closed(verdict), closed(verdict, number=REAL))
    real, planted = (docket.decided[Number(42, number)] for number in (REAL, PLANTED))
    assert sentence in shown(docket, planted, "bob")
    assert "[planted]" in shown(docket, planted, "bob")
    assert '"planted": true' in shown(docket, planted, "bob")
    assert '"planted": false' in shown(docket, real, "bob")
    assert "it was planted" not in shown(docket, real, "bob")


@pytest.mark.parametrize(
    ("words", "verdict", "sentence"),
    [
        (("reject", "{n}", "who is that?"), "rejected", "and was caught"),
        (("approve", "{n}"), "approved", "and was let through: nothing is carried out"),
    ],
)
def test_who_decides_learns_at_once_what_it_was(
    desk: Desk, capsys: Captured, words: tuple[str, ...], verdict: VerdictKind, sentence: str
) -> None:
    desk.asks(canary(1))
    desk.decides = resolves(verdict)
    assert desk.type(*words) == Exit.DONE
    told = capsys.readouterr()
    assert sentence in told.err
    assert "planted" not in told.out


def test_the_first_of_two_does_not_learn_it(desk: Desk, capsys: Captured) -> None:
    desk.asks(canary(1))
    desk.decides = counts
    assert desk.type("approve", "{n}") == Exit.WAITING
    assert "planted" not in "".join(capsys.readouterr())


def test_the_story_of_the_task_hides_who_plants_until_it_is_decided(desk: Desk, capsys: Captured) -> None:
    # Given a request that ada has planted
    seq = desk.terminal.say("ada", "control", "canary", PLANT, "task", desk.task)
    desk.asks(replace(canary(1), input=seq))
    # When somebody reads the story, then it is a request
    assert desk.type("show", str(desk.task)) == Exit.DONE
    story = capsys.readouterr().out
    assert "asks people (number 1" in story
    for word in ("ada", "canary", "plant"):
        assert word not in story
    # And when it is decided the story says what it was
    desk.asks(closed(number=1))
    assert desk.type("show", str(desk.task)) == Exit.DONE
    assert f"number 1 was planted (record {seq})" in capsys.readouterr().out
