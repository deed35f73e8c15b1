"""The ledger and the laws by themselves: a plain reader of the log that nobody has to trust blindly."""

from collections.abc import Callable
from typing import Any

import pytest

from interlock.console.simulation.laws import Laws
from interlock.console.simulation.ledger import counts
from interlock.contracts import facts
from interlock.contracts.budget import Amounts, Budget
from interlock.contracts.decision import Decision
from interlock.contracts.effect import EffectRequest, ToolCall
from interlock.contracts.inputs import Input
from interlock.contracts.task import Submit

DEMAND = facts.Demand(kind="tool", name="search")
LED = facts.LeaderTook(principal="s", incarnation="s.1", at_ms=0)


class Book:
    """Laws that read facts about task 5, in which step a asks for effects."""

    def __init__(self, **limits: int) -> None:
        self.broken: list[tuple[str, str]] = []
        self.laws = Laws(lambda law, sentence: self.broken.append((law, sentence)))
        self.seq = 9
        self.says(LED, task=0)
        self.hears(5, Submit(goal="why?"), "task", "submit")
        self.says(
            facts.Accepted(
                at_ms=0, goal="why?", submitter="a", tenant="red", priority=5, budget=Budget(**limits)
            )
        )
        self.says(facts.Planned(steps=()))
        self.says(facts.StepAssigned(at_ms=0, step="a", attempt=1, principal="r-1", deadline_ms=9))

    def hears(self, seq: int, body: Any, kind: str = "agent", verb: str = "effect") -> None:
        self.laws.said(Input(seq, 0, "r-1", kind, verb, 5, (), body))

    def says(self, *said: Any, task: int = 5) -> "Book":
        self.seq += 1
        self.laws.decided(Decision(task=task, cause=99, at_ms=0, by="s", facts=said), self.seq)
        return self

    def asks(self, effect: int) -> None:
        request = EffectRequest(step="a", attempt=1, key=f"k{effect}", call=ToolCall(tool="search"))
        self.hears(effect, request)

    def grants(self, effect: int, grant: int = 1, *, repeatable: bool = True) -> "Book":
        self.says(
            facts.EffectGranted(
                effect=effect,
                step="a",
                attempt=1,
                key=f"k{effect}",
                grant=grant,
                worker="w",
                reserved=Amounts(tool_calls=1),
                demand=DEMAND,
                repeatable=repeatable,
            )
        )
        return self

    def settles(self, effect: int, end: Any = "completed", grant: int = 1, **spent: int) -> "Book":
        self.says(
            facts.EffectSettled(
                at_ms=0, effect=effect, grant=grant, end=end, basis="actual", spent=Amounts(**spent)
            )
        )
        return self

    @property
    def laws_broken(self) -> list[str]:
        return [law for law, _ in self.broken]


def test_a_grant_within_the_limit_is_counted_in_every_scope() -> None:
    book = Book(tool_calls=1)
    book.asks(6)
    book.grants(6)
    ledger = book.laws.ledger
    for scope in ("step 5.a", "task 5", "tenant red", "fleet"):
        assert ledger.accounts[scope].reserved == counts(Amounts(tool_calls=1)), scope
    book.settles(6, tool_calls=1)
    assert ledger.accounts["fleet"].spent == counts(Amounts(tool_calls=1, steps=1))
    assert not any(ledger.accounts["fleet"].reserved)
    assert not book.broken


Story = Callable[[Book], object]

STORIES: tuple[tuple[str, Story], ...] = (
    ("limit", lambda book: book.grants(6).grants(7)),
    ("grant", lambda book: book.grants(6).grants(6, 2)),
    ("grant", lambda book: book.grants(99)),
    ("once", lambda book: book.grants(6).settles(6, "lost").grants(6, 2, repeatable=False)),
    ("settled twice", lambda book: book.grants(6).settles(6).settles(6, tool_calls=1)),
    ("settled twice", lambda book: book.grants(6).settles(6, tool_calls=2)),
    ("settled twice", lambda book: book.grants(6).settles(6, "lost").settles(6, "aborted")),
    ("grant", lambda book: book.grants(6).settles(6, grant=2)),
    ("halt", lambda book: book.says(facts.Halted(at_ms=1, by="olga")).grants(6)),
    ("halt", lambda book: book.says(facts.Paused(at_ms=1, by="olga")).grants(6)),
    (
        "assignment",
        lambda book: book.says(
            facts.StepAssigned(at_ms=1, step="a", attempt=2, principal="r-2", deadline_ms=9)
        ),
    ),
    ("assignment", lambda book: book.says(facts.StepCompleted(at_ms=1, step="a", attempt=1, result=6))),
)


@pytest.mark.parametrize(("law", "story"), STORIES)
def test_a_broken_law_is_named(law: str, story: Story) -> None:
    book = Book(tool_calls=1)
    for effect in (6, 7):
        book.asks(effect)
    story(book)
    assert law in book.laws_broken


def test_a_former_leader_may_write_until_the_stamp_and_not_after_it() -> None:
    book = Book()
    # Given another leader
    book.says(facts.LeaderTook(principal="t", incarnation="t.1", at_ms=0), task=0)
    # Then what the former one writes where it wrote before is its last word, as long as there is no stamp
    book.says(facts.StepRetried(step="a"))
    assert not book.broken
    book.laws.decided(Decision(task=5, cause=0, at_ms=0, by="t", facts=(facts.Led(term=book.seq - 1),)), 50)
    book.says(facts.StepRetried(step="a"))
    assert book.laws_broken == ["one writer"]


def test_wall_time_is_what_ran_between_the_facts() -> None:
    book = Book()
    book.says(facts.Paused(at_ms=1_000, by="olga"))
    book.says(facts.Resumed(at_ms=5_000, by="olga"))
    book.says(facts.StepLost(at_ms=6_000, step="a", attempt=1, principal="r-1", reason="gone"))
    book.says(facts.Halted(at_ms=8_000, by="olga"))
    accounts = book.laws.ledger.accounts
    assert accounts["task 5"].spent == counts(Amounts(wall_ms=4_000, steps=1))
    assert accounts["step 5.a"].spent == counts(Amounts(wall_ms=2_000, steps=1))
