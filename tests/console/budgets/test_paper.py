"""How accounts are written down: every scope, human units, columns that add up."""

import pytest
from tests.console.budgets.stories import Recorder

from interlock.console.budgets.book import Book
from interlock.console.budgets.dimensions import duration, said_budget, said_more
from interlock.console.budgets.movements import Movements
from interlock.console.budgets.paper import explanation, table
from interlock.console.budgets.statement import Scope, scope_json, state_accounts
from interlock.contracts.budget import Amounts, Budget


@pytest.fixture
def scopes() -> list[Scope]:
    """The accounts of a task with an open call, whose tenant may use 1,000 tokens a day."""
    world = Recorder()
    world.everybody()
    world.limit("tenant", "acme", day=Budget(tokens=1_000))
    task = world.submit(tenant="acme")
    first = world.ask(task, "plan")
    world.completed(task, first, Amounts(tokens=120, spend_usd_micros=150, model_calls=1))
    world.ask(task, "plan", key="k2")
    world.more(task, spend_usd_micros=500_000)
    movements = Movements(task)
    book = Book(movements)
    for seq, decision in world.story:
        book.take(seq, decision)
    return state_accounts(book, book.scopes(task).items(), world.now_ms + 61_500, movements)


def test_the_table_has_every_scope_with_limit_spent_reserved_and_left(scopes: list[Scope]) -> None:
    lines = list(table(scopes))
    assert lines[0].split() == ["step", "plan", "limit", "spent", "reserved", "left"]
    assert [line for line in lines if not line.startswith(" ")][1:] == [
        "task",
        "role planner",
        "tenant acme",
        "fleet",
    ]
    words = [line.split() for line in lines]
    assert ["money", "$1.50", "$0.00015", "$0.0003", "$1.49955"] in words
    assert ["tokens", "today", "1,000", "120", "200", "680"] in words
    assert ["time", "10", "min", "1", "min", "1", "s", "8", "min", "58", "s"] in words
    free = next(line for line in lines if "no limit" in line)
    assert "$0.00015, 120 tokens, 1 model call, 1 min 1 s, 1 step spent; " in free
    assert free.endswith("$0.0003, 200 tokens, 1 model call reserved")


def test_an_explanation_lists_the_records_and_marks_what_is_open(scopes: list[Scope]) -> None:
    lines = list(explanation(scopes))
    begin = lines.index("task: tokens")
    rows = [line.split() for line in lines[begin + 2 : lines.index("", begin)]]
    assert [row[1:3] for row in rows] == [
        ["200,000", "accepted"],
        ["+200", "effect"],
        ["+120", "-200"],
        ["+200", "effect"],
        ["200,000", "120"],
    ]
    assert rows[3][-1] == "(open)"
    assert rows[1][-1] != "(open)"
    assert rows[4] == ["now", "200,000", "120", "200", "199,680", "left"]
    money = lines[lines.index("task: money") :]
    assert any(line.split()[1:4] == ["+$0.50", "raised", "by"] for line in money)
    assert any("clock runs since record" in line for line in lines)


def test_what_many_tasks_share_is_listed_by_task_and_by_who_set_it(scopes: list[Scope]) -> None:
    lines = list(explanation(scopes))
    begin = lines.index("tenant acme: tokens today")
    rows = [line.split() for line in lines[begin + 2 : lines.index("", begin)]]
    assert rows[0][1:] == ["1,000", "set", "by", "olga"]
    assert rows[1] == ["+120", "+200", "task", "7"]


def test_the_json_has_every_number_in_the_units_of_the_wire(scopes: list[Scope]) -> None:
    shown = scope_json(next(scope for scope in scopes if scope.name == "task"), explained=True)
    money = shown["total"]["spend_usd_micros"]
    assert {name: money[name] for name in ("limit", "spent", "reserved", "left")} == {
        "limit": 1_500_000,
        "spent": 150,
        "reserved": 300,
        "left": 1_499_550,
    }
    assert sum(row["spent"] for row in money["records"]) == 150
    assert [row["change"] for row in money["records"] if "change" in row] == ["set", "raised"]
    assert shown["day"]["tokens"] == {
        "limit": None,
        "spent": 120,
        "reserved": 200,
        "left": None,
        "records": shown["day"]["tokens"]["records"],
    }
    assert "records" not in scope_json(scopes[0], explained=False)["total"]["tokens"]


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0 s"),
        (14, "14 ms"),
        (1_500, "1.5 s"),
        (60_000, "1 min"),
        (125_400, "2 min 5 s"),
        (12_000_000, "3 h 20 min"),
        (7_200_000, "2 h"),
        (-1_500, "-1.5 s"),
    ],
)
def test_time_is_said_as_people_say_it(milliseconds: int, text: str) -> None:
    assert duration(milliseconds) == text


def test_limits_and_amounts_are_said_with_their_units() -> None:
    total, day = Budget(spend_usd_micros=10_000_000, steps=1), Budget(tokens=50_000)
    assert said_budget(total, day) == "$10, 1 step, 50,000 tokens a day"
    assert said_budget(Budget()) == "no limits"
    assert said_more(Amounts(replans=1, model_calls=2)) == "2 model calls, 1 replan"
