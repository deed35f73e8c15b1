"""What stands behind a number adds up to it: every record, every scope, every dimension, every day."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.console.budgets.stories import HISTORIES, Story, lived, recorded
from tests.supervisor.core.world import COUNTING, ONE

from interlock.console.budgets.book import Book
from interlock.console.budgets.movements import Movements
from interlock.console.budgets.rows import RAISED, SET, Row
from interlock.console.budgets.statement import Entry, state_accounts
from interlock.contracts import facts as f
from interlock.contracts.budget import DIMENSIONS, NOTHING, Amounts, Budget
from interlock.contracts.effect import ModelCall

LATER_MS = 777


def explained(story: Story, task: int, scopes: frozenset[str] = frozenset()) -> tuple[Book, int, list[Entry]]:
    """Read a story for one task; return every entry of every scope, as of a moment after it."""
    movements = Movements(task, scopes)
    book = Book(movements)
    for seq, decision in story:
        book.take(seq, decision)
    now_ms = book.latest_ms + LATER_MS
    statement = state_accounts(book, book.scopes(task).items(), now_ms, movements)
    return book, now_ms, [entry for scope in statement for entry in scope.entries]


def assert_adds_up(entry: Entry) -> None:
    """Add the rows up as a person would with a pencil."""
    assert sum(row.spent for row in entry.rows) == entry.number.spent
    assert sum(row.reserved for row in entry.rows) == entry.number.reserved
    limit: int | None = None
    for row in entry.rows:
        if row.change == SET:
            limit = row.limit
        elif row.change == RAISED:
            assert limit is not None
            assert row.limit is not None
            limit += row.limit
    assert limit == entry.number.limit


def tasks_of(story: Story) -> list[int]:
    return [d.task for _, d in story if any(isinstance(fact, f.Accepted) for fact in d.facts)]


@given(seed=st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_the_rows_behind_every_number_add_up_to_it_whatever_has_happened(seed: int) -> None:
    world = lived(seed)
    shared = frozenset(world.state.shared)
    for task in tasks_of(world.story)[:3]:
        for scopes in (frozenset[str](), shared):
            book, _, entries = explained(world.story, task, scopes)
            assert book.state == world.state
            for entry in entries:
                assert_adds_up(entry)


@pytest.mark.parametrize("name", sorted(path.stem for path in HISTORIES.glob("*.jsonl")))
def test_the_rows_of_a_recorded_history_add_up(name: str) -> None:
    story = recorded(name)
    for task in tasks_of(story):
        _, _, entries = explained(story, task)
        assert any(entry.number.spent for entry in entries)
        for entry in entries:
            assert_adds_up(entry)


@given(seed=st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_each_row_of_a_settlement_says_what_its_record_says(seed: int) -> None:
    # Given everything that was settled for a task, added up from the facts alone
    world = lived(seed)
    for task in tasks_of(world.story)[:3]:
        granted: dict[int, f.EffectGranted] = {}
        spent, reserved = NOTHING, NOTHING
        for _, decision in world.story:
            for fact in decision.facts if decision.task == task else ():
                if isinstance(fact, f.EffectGranted):
                    granted[fact.effect] = fact
                    reserved = reserved.plus(fact.reserved)
                elif isinstance(fact, f.EffectSettled) and fact.effect in granted:
                    spent = spent.plus(fact.spent)
                    reserved = reserved.minus(granted.pop(fact.effect).reserved)
        # Then that is what the task, its steps together, and nobody else are said to have used
        book, now_ms, _ = explained(world.story, task)
        own = book.state.tasks[task].account
        steps = [step.account for step in book.steps(task).values()]
        for dimension in ("spend_usd_micros", "tokens", "model_calls", "tool_calls"):
            assert getattr(own.spent, dimension) == getattr(spent, dimension)
            assert getattr(own.reserved, dimension) == getattr(reserved, dimension)
            assert sum(getattr(step.spent, dimension) for step in steps) == getattr(spent, dimension)
            assert sum(getattr(step.reserved, dimension) for step in steps) == getattr(reserved, dimension)
        assert now_ms > book.latest_ms


def test_an_ended_task_keeps_the_accounts_of_its_steps() -> None:
    story = recorded("simple")
    (task,) = tasks_of(story)
    book, _, entries = explained(story, task)
    assert book.state.tasks[task].phase == "completed"
    assert set(book.steps(task)) == {"plan", "a", "b", "tell", "review"}
    assert all(step.account.spent.model_calls == 1 for step in book.steps(task).values())
    assert all(step.account.clocks == 0 for step in book.steps(task).values())
    used = next(e for e in entries if e.number.dimension == "tokens")
    assert [row.seq for row in used.rows] == sorted(row.seq for row in used.rows)


def test_what_was_in_flight_when_a_task_ended_is_counted_in_its_step() -> None:
    # Given a task that is killed while a call is in flight
    world = lived(0, 0)
    world.everybody()
    task = world.to_review()
    effect = world.ask(task, "review")
    reserved = world.effect(task, effect).reserved
    world.control("kill", task)
    book, _, _ = explained(world.story, task)
    assert book.steps(task)["review"].account.reserved == reserved
    # When its end is told
    world.completed(task, effect, Amounts(tokens=7, model_calls=1))
    # Then nothing is reserved any more, and the use counts
    book, _, entries = explained(world.story, task)
    account = book.steps(task)["review"].account
    assert (account.reserved, account.spent.tokens) == (NOTHING, 7)
    for entry in entries:
        assert_adds_up(entry)


def test_grants_that_are_open_are_marked_and_settlements_say_their_basis() -> None:
    world = lived(0, 0)
    world.everybody()
    task = world.to_review()
    first = world.ask(task, "review")
    world.aborted(task, first, started=True)
    world.ask(task, "review", key="k2")
    _, _, entries = explained(world.story, task)
    tokens = [e for e in entries if e.number.dimension == "tokens" and not e.daily and e.rows]
    rows: list[Row] = list(tokens[0].rows)
    assert [row.open for row in rows if row.reserved > 0] == [False, True]
    assert any("at the bound" in row.what for row in rows)


def test_a_prompt_that_was_counted_first_is_told_as_two_grants() -> None:
    # Given a call whose prompt must be counted before it is sent
    world = lived(0, 0)
    world.agent("researcher-1")
    world.worker(models=(COUNTING,))
    task = world.submit(plan=ONE, budget=Budget(tokens=3_000))
    call = ModelCall(purpose="think", prompt="x" * 4_000, model=COUNTING.model, max_output_tokens=100)
    effect = world.ask(task, "a", call)
    # When it was counted and is granted anew
    world.counted(task, effect, 2_000)
    # Then what the first grant had put aside is given back, and only the second is open
    _, _, entries = explained(world.story, task)
    tokens = next(e for e in entries if e.number.dimension == "tokens" and not e.daily)
    assert [row.open for row in tokens.rows] == [False, False, True]
    assert "its prompt to be counted first" in tokens.rows[0].what
    assert "its prompt was counted first" in tokens.rows[1].what
    assert tokens.rows[2].reserved == tokens.number.reserved == 2_100
    assert_adds_up(tokens)


def test_limits_say_who_set_and_who_raised_them() -> None:
    world = lived(0, 0)
    world.everybody()
    task = world.to_review()
    world.more(task, tokens=5)
    world.limit("tenant", "default", total=world.task(task).account.budget)
    _, _, entries = explained(world.story, task)
    changes = {row.what for entry in entries for row in entry.rows if row.change != "unchanged"}
    assert changes == {"accepted from alice", "raised by olga", "set by olga"}


def test_every_dimension_of_every_scope_is_stated_in_total_and_of_the_day() -> None:
    story = recorded("parked")
    (task,) = tasks_of(story)
    book, _, entries = explained(story, task)
    assert len(entries) == 2 * len(DIMENSIONS) * len(book.scopes(task))
    assert {name.split()[0] for name in book.scopes(task)} == {"step", "task", "role", "tenant", "fleet"}
