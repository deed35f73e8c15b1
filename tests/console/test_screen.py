import io

import msgspec
import pytest
from rich.console import Console
from tests.console.conftest import accepted, decision, granted, settled
from tests.console.people.examples import question

from interlock.console.amounts import said_amounts, usd
from interlock.console.conduct import next_steps
from interlock.console.projection import fold
from interlock.console.screen import LiveScreen
from interlock.console.views import TaskView
from interlock.contracts import facts as f
from interlock.contracts.budget import Amounts
from interlock.contracts.plan import PlannedStep
from interlock.contracts.step import Progress

ASSIGNED = f.StepAssigned(at_ms=1, step="facts-1", attempt=1, principal="researcher-1", deadline_ms=0)
PLANNED = f.Planned(steps=(PlannedStep(id="facts-1", role="researcher", title="look it up"),))
ASKED = question(1, 50, step="facts-1")


def drawn(*facts: f.AnyFact, progress: tuple[Progress, ...] = ()) -> str:
    """Return what a terminal shows at the end."""
    paper = io.StringIO()
    screen = LiveScreen(Console(file=paper, width=100, force_terminal=True, color_system=None))
    view = TaskView(task=42)
    with screen:
        for fact in facts:
            fold(view, shown := decision(fact))
            screen.on_decision(view, shown)
        for said in progress:
            screen.on_progress(view, "facts-1", said)
    return paper.getvalue()


def test_a_row_says_who_does_what_and_what_it_cost() -> None:
    picture = drawn(accepted(), PLANNED, ASSIGNED, granted(50, "facts-1"), settled(50, tokens=1234))
    assert "task 42 · working" in picture
    row = next(line for line in picture.splitlines() if "researcher-1" in line and "▶" in line)
    for word in ("facts-1", "look it up", "offline/extractive", "1,234 tokens"):
        assert word in row
    assert "1,234 / 200,000" in picture


def test_a_models_answer_is_shown_as_it_comes() -> None:
    pieces = tuple(Progress(principal="researcher-1", text=text, tokens=True) for text in ("It ", "stops"))
    assert "… It stops" in drawn(accepted(), PLANNED, ASSIGNED, progress=pieces)


def test_a_question_is_shown_with_how_to_answer_it() -> None:
    picture = drawn(accepted(), PLANNED, ASSIGNED, ASKED)
    assert "which edition?" in picture
    assert "interlock answer 42.1 TEXT" in picture


def test_before_the_first_decision_the_screen_says_what_it_waits_for() -> None:
    assert "waiting for the supervisor" in drawn()


@pytest.mark.parametrize(
    ("fact", "advice"),
    [
        (f.Parked(at_ms=0, kind="budget", reason="tokens"), "interlock budget raise 42 --usd 0.50"),
        (f.Parked(at_ms=0, kind="review", reason="look"), "interlock resume task 42"),
        (ASKED, "interlock answer 42.1 TEXT"),
    ],
)
def test_a_task_that_waits_for_a_person_says_what_the_person_can_do(fact: f.AnyFact, advice: str) -> None:
    view = TaskView(task=42)
    fold(view, decision(accepted(), PLANNED, ASSIGNED, fact))
    assert any(advice in line for line in next_steps(view))


@pytest.mark.parametrize(
    ("micros", "text"),
    [(0, "$0"), (500_000, "$0.50"), (125, "$0.000125"), (1_000_000, "$1"), (12_345_678, "$12.345678")],
)
def test_money_has_as_many_digits_as_it_needs(micros: int, text: str) -> None:
    assert usd(micros) == text


def test_amounts_in_words_leave_out_what_is_not_there() -> None:
    assert said_amounts(Amounts()) == "nothing"
    assert said_amounts(Amounts(tokens=1200, tool_calls=2)) == "1,200 tokens, 2 tool calls"


def test_what_a_parked_task_waits_for_is_said_once() -> None:
    # Given tasks that are parked, and of which people are asked
    lack = f.Lack(scope="task", dimension="tokens", limit=900, needed=4_000)
    view = TaskView(task=42)
    asked = msgspec.structs.replace(question(1), kind="budget", summary="used up")
    fold(view, decision(accepted(), f.Parked(at_ms=0, kind="budget", reason="", lack=lack), asked))
    (line,) = next_steps(view)
    assert "interlock budget raise 42 --tokens 20000" in line
    view = TaskView(task=42)
    asked = msgspec.structs.replace(question(1), kind="rejection", summary="not good")
    fold(view, decision(accepted(), f.Parked(at_ms=0, kind="review", reason=""), asked))
    (line,) = next_steps(view)
    assert "interlock approve 42.1, or: interlock reject 42.1 REASON" in line
