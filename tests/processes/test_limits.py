"""Limits that tasks share, with the real program: a park, the command that ends it, a file followed."""

import shlex
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import msgspec
import pytest
from tests.console.budgets.test_explanations import assert_adds_up as adds_up
from tests.processes.conftest import Start
from tests.processes.model_server import ModelServer
from tests.processes.test_budgets import DEAR
from tests.processes.test_newcomer import BOUND_S, QUESTION, Newcomer, line_with

from interlock.bus.clock import now_ms
from interlock.bus.errors import NotPermitted
from interlock.console.budgets.book import read_book
from interlock.console.budgets.movements import Movements
from interlock.console.budgets.raising import raise_and_tell
from interlock.console.budgets.statement import state_accounts
from interlock.console.exits import Exit
from interlock.contracts import facts as f
from interlock.contracts.budget import Amounts, Budget
from interlock.contracts.subjects import input_subject

pytestmark = pytest.mark.processes

FEW = "[tenants.acme]\ntokens_per_day = 3_000\n"
APPLIED_S = 2.0


class Operator(Newcomer):
    """A newcomer who keeps a limits file."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.file = home / "limits.toml"
        self.file.write_text(FEW, "utf-8")
        self.up = self.starts("up", "--port", 0, "--docs", self.docs, "--limits", self.file)

    def hands_in(self) -> int:
        return int(self.types("submit", QUESTION, "--docs", self.docs, "--tenant", "acme").stdout)

    def read(self, *words: str | int) -> Any:
        return msgspec.json.decode(self.types(*words, "--json").stdout)


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    """Somebody for whom everything is up, with a limits file."""
    made = Operator(tmp_path)
    line_with(made.up, "stop everything: Ctrl-C")
    yield made
    made.up.send_signal(signal.SIGINT)
    out, _ = made.up.communicate(timeout=BOUND_S)
    assert (made.up.returncode, out) == (Exit.DONE, "")
    assert made.left_behind() == []


def command_in(parked: "subprocess.CompletedProcess[str]") -> list[str]:
    """Return the words of the command that a parked task names."""
    line = next(line for line in parked.stderr.splitlines() if line.startswith("its work is kept"))
    program, *words = shlex.split(line.partition("runs: ")[2])
    assert program == "interlock"
    return words


def assert_adds_up(scopes: list[dict[str, Any]]) -> int:
    """Add up the records behind every number; return how many numbers there were."""
    found = 0
    for scope in scopes:
        for number in (*scope["total"].values(), *scope["day"].values()):
            for column in ("spent", "reserved"):
                assert sum(row[column] for row in number["records"]) == number[column], (scope, number)
            found += bool(number["records"])
    return found


def test_a_task_parked_on_a_daily_limit_names_the_command_that_continues_it(operator: Operator) -> None:
    # Given a tenant whose file allows fewer tokens a day than a task needs
    task = operator.hands_in()
    parked = operator.types("watch", task)
    assert parked.returncode == Exit.BUDGET, parked.stderr
    # Then what it lacks can be read, now and later, by people and programs
    assert "the tenant acme may use 3,000 tokens a day" in parked.stderr
    later = operator.types("result", task)
    assert (later.returncode, command_in(later)) == (Exit.BUDGET, command_in(parked))
    result = operator.read("result", task)
    assert command_in(later)[0] in result["next_steps"][0]
    budget = operator.read("budget", task)
    assert (budget["lack"]["scope"], budget["lack"]["limit"]) == ("tenant acme", 3_000)
    # When that very command is typed
    words = command_in(parked)
    assert words[:4] == ["limits", "set", "tenant", "acme"]
    answered = operator.types(*words, "--reason", "go on")
    assert answered.returncode == Exit.DONE, answered.stderr
    assert f"task {task} goes on where it was" in answered.stderr
    assert "the limits file limits.toml had set them" in answered.stderr
    # Then it is done, and every number of its budget is the sum of the records behind it
    assert operator.types("watch", task).returncode == Exit.DONE
    explained = operator.read("budget", task, "--explain")
    assert assert_adds_up(explained["scopes"]) > 20
    everybody = operator.read("budget", task, "--explain", "--scope", "tenant acme")
    assert assert_adds_up(everybody["scopes"]) > 5
    shown = operator.types("limits")
    assert "tokens today" in shown.stdout
    assert "tenant acme: set by alice" in shown.stderr
    assert "go on" in shown.stderr


def test_a_limits_file_is_followed_while_everything_runs(operator: Operator) -> None:
    # Given a task that is parked for what the file says
    task = operator.hands_in()
    assert operator.types("watch", task).returncode == Exit.BUDGET
    # When the file is broken, then that is said, and nothing changes
    operator.file.write_text("[tenants.acme]\ntokens_per_day = 'many'\n", "utf-8")
    refused = line_with(operator.up, "the limits stay as they are")
    assert "[tenants.acme] tokens_per_day = 'many' is no whole number of tokens" in refused
    assert operator.types("result", task).returncode == Exit.BUDGET
    # When it is repaired, with more, then that holds in a moment, and the task goes on
    began_s = perf_counter()
    operator.file.write_text(FEW.replace("3_000", "300_000"), "utf-8")
    line_with(operator.up, "limits.toml: tenant acme: 300,000 tokens a day")
    assert perf_counter() - began_s < APPLIED_S
    assert operator.types("watch", task).returncode == Exit.DONE
    # And what it names no more is freed
    operator.file.write_text("", "utf-8")
    line_with(operator.up, "limits.toml: tenant acme: no limits")
    assert "tasks share no limits" in operator.types("limits").stderr


def test_a_limits_file_of_another_is_followed_until_ctrl_c(operator: Operator) -> None:
    # Given a second file, for what the first does not name
    other = operator.file.with_name("roles.toml")
    other.write_text("[roles.executor]\nsteps_per_day = 9\n", "utf-8")
    watching = operator.starts("limits", "watch", other)
    line_with(watching, "following it until Ctrl-C")
    # When it changes
    other.write_text("[roles.executor]\nsteps_per_day = 8\n", "utf-8")
    line_with(watching, "roles.toml: role executor: 8 steps a day")
    # Then it ends in order, and both files' limits stand
    watching.send_signal(signal.SIGINT)
    assert watching.communicate(timeout=BOUND_S)[1].startswith("the limits stay; ")
    assert watching.returncode == Exit.DONE
    scopes = {scope["scope"]: scope["day"] for scope in operator.read("limits")["scopes"]}
    assert scopes["role executor"]["steps"]["limit"] == 8
    assert scopes["tenant acme"]["tokens"]["limit"] == 3_000


async def test_only_people_set_limits(start: Start) -> None:
    # Given an environment
    environment = await start()
    fleet = await environment.story(0)
    # When an agent and the effect worker try to, in their own name and in a person's
    for name in ("planner-1", "effects-1", "supervisor-1"):
        bus = await environment.speak_as(name)
        for speaker in (name, "alice"):
            with pytest.raises(NotPermitted):
                await bus.append(input_subject(speaker, "control", "limit", "fleet"), b"{}")
    # Then the server refuses them, and takes it from a person
    await environment.say(b'{"day": {"tokens": 5}}', "control", "limit", "fleet")
    stands = await fleet.first(f.LimitsSet)
    assert (stands.by, stands.day) == ("alice", Budget(tokens=5))
    assert len(fleet.all(f.LimitsSet)) == 1


async def test_after_a_park_a_raise_and_a_lost_worker_the_records_still_add_up(
    start: Start, model: ModelServer
) -> None:
    # Given a task that costs money, was parked and raised, and whose worker was killed while it called
    model.hold("answer")
    environment = await start(model, prices=DEAR)
    task = await environment.submit(budget=Budget(steps=1))
    await task.first(f.Parked)
    await raise_and_tell(environment.bus, task.task, Amounts(steps=10), "go on")
    await model.asked("answer")
    environment.strike("effects-1")
    await model.asked("answer", times=2)
    # When it is looked at in the middle of the call, and at its end
    for is_open in (True, False):
        movements = Movements(task.task, frozenset({"fleet"}))
        book = await read_book(environment.bus, movements)
        statement = state_accounts(book, book.scopes(task.task).items(), now_ms(), movements)
        # Then every number is the sum of the records behind it, the lost call's at its bound
        for scope in statement:
            for entry in scope.entries:
                adds_up(entry)
        rows = [row for scope in statement for entry in scope.entries for row in entry.rows]
        assert any(row.open for row in rows) == is_open
        lost = [row for row in rows if "lost, at the bound" in row.what]
        assert any(row.spent > 0 for row in lost)
        if is_open:
            await model.release()
            await task.completed()
    # And what was settled in the log is what the task has spent
    settled = [fact.spent.spend_usd_micros for fact in task.all(f.EffectSettled)]
    assert sum(settled) == book.state.tasks[task.task].account.spent.spend_usd_micros > 0
