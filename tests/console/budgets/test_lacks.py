"""What a parked task lacks is said in people's units, with the command that lets it go on."""

import click
import pytest
from tests.console.conftest import accepted, decision

from interlock.console import main
from interlock.console.budgets.lacks import remedy, said_lack, said_park
from interlock.console.conduct import next_steps
from interlock.console.projection import fold
from interlock.console.views import TaskView
from interlock.contracts import facts as f

LACKS = {
    "interlock budget raise 42 --usd 0.50": f.Lack(
        scope="task", dimension="spend_usd_micros", limit=70_000, needed=2_500
    ),
    "interlock budget raise 42 --tokens 50000": f.Lack(
        scope="step plan", dimension="tokens", limit=10, needed=49_001
    ),
    "interlock budget raise 42 --replans 1": f.Lack(scope="task", dimension="replans", limit=2, needed=1),
    "interlock limits set tenant acme --usd-per-day 2.51": f.Lack(
        scope="tenant acme", dimension="spend_usd_micros", limit=2_000_001, needed=1, day=20_000
    ),
    "interlock limits set role executor --tool-calls 510": f.Lack(
        scope="role executor", dimension="tool_calls", limit=500, needed=1
    ),
    "interlock limits set fleet --wall-s-per-day 360": f.Lack(
        scope="fleet", dimension="wall_ms", limit=60_000, needed=1, day=20_000
    ),
}


@pytest.mark.parametrize(("command", "lack"), LACKS.items(), ids=list(LACKS))
def test_the_remedy_raises_what_is_lacking_by_enough(command: str, lack: f.Lack) -> None:
    assert remedy(42, lack) == command


@pytest.mark.parametrize("command", LACKS)
def test_the_remedy_is_a_command_that_there_is(command: str) -> None:
    """Only the parser sees it: nothing runs, so nothing is set."""
    program, *words = command.split()
    assert program == "interlock"
    current: click.Command = main.interlock
    context = click.Context(current, **current.context_settings)
    while isinstance(current, click.Group):
        found = current.get_command(context, words.pop(0))
        assert found is not None
        current = found
        context = click.Context(current, parent=context)
    context = current.make_context("it", words, parent=context.parent)
    assert context.args == []


def test_a_limit_below_what_is_used_already_is_raised_beyond_that() -> None:
    lack = f.Lack(scope="tenant acme", dimension="tokens", limit=0, needed=10)
    assert remedy(42, lack, 1_000_000) == "interlock limits set tenant acme --tokens 1020000"


def test_a_lack_is_said_in_the_units_of_people() -> None:
    said = [said_lack(lack) for lack in LACKS.values()]
    assert said == [
        "the task may use $0.07, and $0.0025 more is needed",
        "the step plan may use 10 tokens, and 49,001 tokens more are needed",
        "the task may use 2 replans, and 1 replan more is needed",
        "the tenant acme may use $2.000001 a day, and $0.000001 more is needed",
        "the role executor may use 500 tool calls, and 1 tool call more is needed",
        "the fleet may use 1 min a day, and that time is over",
    ]


def test_why_a_new_plan_was_needed_is_not_lost() -> None:
    lack = f.Lack(scope="task", dimension="replans", limit=2, needed=1)
    reason = "step a cannot be done: no; the budget is used up: replans of the task: limit 2, needed 1 more"
    said = said_park(f.Parked(at_ms=0, kind="budget", reason=reason, lack=lack))
    assert said.startswith("step a cannot be done: no; the budget is used up: the task may use 2 replans, ")
    assert said.endswith("and 1 replan more is needed")


def test_a_task_that_waits_for_a_daily_limit_says_that_it_need_not_be_helped() -> None:
    # Given a task that is parked for its tenant's daily limit
    lack = f.Lack(scope="tenant acme", dimension="tokens", limit=3_000, needed=4_575, day=20_000)
    view = TaskView(task=42)
    fold(view, decision(accepted(), f.Parked(at_ms=0, kind="budget", reason="tokens", lack=lack)))
    # Then it says what it lacks, the command, and that a new day helps as well
    assert "the tenant acme may use 3,000 tokens a day" in view.reason
    (line,) = next_steps(view, 2_000)
    assert "it goes on by itself when a new day begins" in line
    assert line.endswith("interlock limits set tenant acme --tokens-per-day 23000")
    # And when it has gone on, nothing of that is left
    fold(view, decision(f.Resumed(at_ms=1, by="supervisor", reason="a new day has begun")))
    assert (view.lack, view.reason, next_steps(view)) == (None, "", [])
