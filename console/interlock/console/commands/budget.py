"""`interlock budget`: what a task may spend, has spent and has left, in every scope; and more of it."""

from datetime import UTC, datetime
from typing import Any

import click

from interlock.bus.clock import now_ms
from interlock.console.amount_options import amount_options
from interlock.console.budgets.book import Book, read_book
from interlock.console.budgets.dimensions import BY_NAME
from interlock.console.budgets.lacks import remedy, said_lack
from interlock.console.budgets.movements import Movements
from interlock.console.budgets.numbers import used
from interlock.console.budgets.paper import explanation, table
from interlock.console.budgets.raising import raise_and_tell
from interlock.console.budgets.statement import Scope, scope_json, state_accounts
from interlock.console.commands.verdict import give
from interlock.console.environment import Reach, Where, connected, find
from interlock.console.errors import BadInput
from interlock.console.exits import Exit
from interlock.console.follow import require_task
from interlock.console.help import Group, command
from interlock.console.options import json_option, reach_options, reason_option, task_argument
from interlock.console.output import out, print_json, say
from interlock.console.people.numbers import Number, checked_number, checked_record
from interlock.console.people.reading import Case
from interlock.console.runtime import run_async
from interlock.contracts import facts as f
from interlock.contracts.budget import Amounts
from interlock.contracts.people import Raise
from interlock.contracts.task import Submit
from interlock.supervisor.core.state import Task

budget = Group(
    "budget",
    default="show",
    help="""Show what a task may spend, has spent and has left; or raise it.

    Examples:
      interlock budget 42
      interlock budget 42 --explain
      interlock budget raise 42 --usd 1

    """,
)


@command("show")
@task_argument
@click.option("--explain", is_flag=True, help="List the records behind each number.")
@click.option("--scope", metavar="SCOPE", help='Only this scope: task, "step plan", "tenant acme", fleet.')
@json_option
@reach_options
def show(task: int, explain: bool, scope: str | None, as_json: bool, **where: Any) -> int:
    """Show task N's limits and what counts against them.

    In every scope: its steps, itself, its roles, its tenant and the fleet. Wall time is counted up to now.
    With --explain, each number is followed by the records whose sum it is; of what many tasks share by their
    sums for each task, unless --scope names it.

    Examples:
      interlock budget show 42
      interlock budget 42                                     the same
      interlock budget 42 --explain
      interlock budget 42 --explain --scope "tenant acme"     every record, of other tasks too

    """
    return run_async(_show(find(Where(**where)), task, scope, explain=explain, as_json=as_json))


async def _show(reach: Reach, task: int, scope: str | None, *, explain: bool, as_json: bool) -> int:
    movements = Movements(task, frozenset(filter(None, (scope,)))) if explain else None
    async with connected(reach) as bus:
        submission = await require_task(bus, task)
        book = await read_book(bus, movements)
    known = book.state.tasks.get(task)
    if known is None:
        raise BadInput(_without_accounts(task, submission))
    at_ms = max(now_ms(), book.latest_ms)
    accounts = book.scopes(task)
    if scope is not None and scope not in accounts:
        raise BadInput(f"--scope: task {task} has no scope {scope!r}; it has {', '.join(accounts)}")
    wanted = ((name, account) for name, account in accounts.items() if scope in {None, name})
    scopes = state_accounts(book, wanted, at_ms, movements)
    if as_json:
        _print_json(known, scopes, at_ms, explain=explain)
    else:
        _print(book, known, scopes, at_ms, explain=explain)
    return Exit.DONE


def _without_accounts(task: int, submission: Submit | None) -> str:
    if submission is None:
        return f"task {task} was rejected and has no budget; interlock result {task} says why"
    return (
        f"task {task} has no budget: it was rejected, or not decided about yet; see: interlock result {task}"
    )


def _print_json(task: Task, scopes: list[Scope], at_ms: int, *, explain: bool) -> None:
    shown = [scope_json(scope, explained=explain) for scope in scopes]
    lack = None if task.lack is None else {d: getattr(task.lack, d) for d in f.Lack.__struct_fields__}
    print_json({"task": task.id, "tenant": task.tenant, "at_ms": at_ms, "lack": lack, "scopes": shown})


def _print(book: Book, task: Task, scopes: list[Scope], at_ms: int, *, explain: bool) -> None:
    moment = datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    stands = task.hold if task.active and task.hold != "free" else task.phase
    say(f"task {task.id} of tenant {task.tenant}, {stands}; as of {moment}, record {book.last_seq}")
    for line in explanation(scopes) if explain else table(scopes):
        out(line)
    if task.lack is not None:
        spent = used(book.scopes(task.id)[task.lack.scope], task.lack, at_ms)
        say(f"{said_lack(task.lack)}; to go on: {remedy(task.id, task.lack, spent)}")


def _which(context: click.Context, argument: click.Parameter, text: str) -> int | Number:
    """Read a task's number, or that of what people are asked."""
    if "." in text:
        return checked_number(context, argument, text)
    return checked_record(context, argument, text)


@command("raise")
@click.argument("number", metavar="N", callback=_which)
@amount_options("given", tuple(BY_NAME), "This many {} more", least=1)
@reason_option
@reach_options
def raise_budget(number: int | Number, given: dict[str, int], reason: str, **where: Any) -> int:
    """Add to the budget of task N.

    As much is added to the limits of its steps. A task that was parked for what is raised goes on. Who may
    answer, but is no operator, raises what N asks, as interlock inbox lists it.

    Examples:
      interlock budget raise 42 --usd 0.50 --tokens 20000 --reason "worth it"
      interlock budget raise 42.1 --usd 0.50

    """
    if not given:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in BY_NAME)
        raise BadInput(f"nothing to add: name at least one of {names}")
    more = Amounts(**{BY_NAME[name].field: amount for name, amount in given.items()})
    reach = find(Where(**where))
    if isinstance(number, Number):
        return run_async(_answer(reach, number, Raise(more=more, reason=reason)))
    return run_async(_raise(reach, number, more, reason))


async def _answer(reach: Reach, number: Number, verdict: Raise) -> int:
    async def think(_case: Case) -> Raise:
        return verdict

    return await give(reach, number, think, as_json=False)


async def _raise(reach: Reach, task: int, more: Amounts, reason: str) -> int:
    async with connected(reach) as bus:
        await require_task(bus, task)
        for line in await raise_and_tell(bus, task, more, reason):
            say(line)
    return Exit.DONE


for _command in (show, raise_budget):
    budget.add_command(_command)
