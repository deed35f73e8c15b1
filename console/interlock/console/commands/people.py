"""`interlock people`: how people decide, and whether they look; and planting a request to see that."""

from typing import Any

import click

from interlock.bus.clock import now_ms
from interlock.console.environment import Reach, Where, connected, find
from interlock.console.errors import BadInput, RefusedBySupervisor
from interlock.console.exits import Exit
from interlock.console.fatigue.figures import HOUR_MS, figures_of
from interlock.console.fatigue.paper import table
from interlock.console.fatigue.reading import read_ledger
from interlock.console.fatigue.worries import worries
from interlock.console.follow import require_task
from interlock.console.help import Group, command
from interlock.console.options import json_option, name_option, reach_options
from interlock.console.output import out, print_json, say
from interlock.console.people.editing import checked_object
from interlock.console.runtime import run_async
from interlock.console.sayings import decided, plant, refusal
from interlock.console.whole import Whole
from interlock.contracts.facts import Escalated
from interlock.contracts.message import Json
from interlock.contracts.people import PlantCanary

MOST_HOURS = 87_600

people = Group(
    "people",
    default="show",
    help="""Show how people decide: how much, how fast, how often yes, and whether they look.

    Examples:
      interlock people
      interlock people canary --task 42 --role finance --tool pay --arguments '{"cents": 90000}'

    """,
)


@command("show")
@click.option("--hours", type=Whole(1, MOST_HOURS), help="Only the last N hours  [all].")
@click.option("--metrics", is_flag=True, help="Print OpenMetrics text, of all time.")
@json_option
@reach_options
def show(hours: int | None, metrics: bool, as_json: bool, **where: Any) -> int:
    """Show what each person decided, how fast, and what of planted requests was caught.

    A time runs from when a desk was asked. `busiest` is the most verdicts within any hour, `late` are those
    that came when it was over. What deserves a look is said below.

    Examples:
      interlock people show --hours 24
      interlock people --metrics            for Prometheus and others

    """
    if metrics and (as_json or hours):
        raise BadInput("--metrics is of all time, and in a form of its own: leave --hours and --json away")
    return run_async(_show(find(Where(**where)), hours, metrics=metrics, as_json=as_json))


async def _show(reach: Reach, hours: int | None, *, metrics: bool, as_json: bool) -> int:
    since_ms = now_ms() - hours * HOUR_MS if hours else 0
    async with connected(reach) as bus:
        ledger = await read_ledger(bus, since_ms)
    moments = [at_ms for habits in ledger.people.values() for at_ms in habits.said_ms]
    span_ms = now_ms() - (since_ms or min(moments, default=now_ms()))
    found = [figures_of(name, habits, span_ms) for name, habits in sorted(ledger.people.items())]
    if metrics:
        # Who writes this form is loaded only where it is asked for.
        from interlock.console.fatigue.metrics import openmetrics  # noqa: PLC0415 - for that reason

        click.echo(openmetrics(found, ledger.planted), nl=False)
        return Exit.DONE
    if as_json:
        looks = [worry for figures in found for worry in worries(figures)]
        print_json({"people": found, "planted": ledger.planted, "look": looks})
        return Exit.DONE
    lines = table(found, ledger.planted)
    for line in lines:
        out(line)
    if not lines:
        say("nobody has decided anything yet")
    return Exit.DONE


@command("canary")
@name_option("--role", "role", help="Who shall be asked.")
@name_option("--tool", "tool", help="What shall seem to be asked for.")
@click.option("--task", type=Whole(1, 2**53), metavar="N", help="In which task.")
@click.option("--arguments", default="{}", metavar="JSON", callback=checked_object, help="What is read.")
@json_option
@reach_options
def canary(
    role: str | None,
    tool: str | None,
    task: int | None,
    arguments: Json,
    as_json: bool,
    **where: Any,
) -> int:
    """Plant a request that must be rejected, to see whether anybody looks; an admin may.

    It is marked in the record, reads as if a step at work in the task had asked, with its evidence and the
    policies that lead to this role, and is never carried out. Where it would look false it is refused. A task
    that ends before anybody has decided does not wait for it.

    Example:
      interlock people canary --task 42 --role finance --tool pay --arguments '{"cents": 90000}'

    """
    if not role or not tool or not task:
        raise BadInput("who shall be asked for what, in which task? --role finance --tool pay --task 42")
    planted = PlantCanary(role=role, tool=tool, arguments=arguments)
    return run_async(_plant(find(Where(**where)), planted, task, as_json=as_json))


async def _plant(reach: Reach, planted: PlantCanary, task: int, *, as_json: bool) -> int:
    async with connected(reach) as bus:
        await require_task(bus, task)
        seq = await plant(bus, planted, task)
        decision = await decided(bus, task, seq)
    if decision is None:
        say(f"it stands in the log as record {seq}; no supervisor has decided on it yet")
        return Exit.UNFINISHED
    if reason := refusal(decision, seq):
        raise RefusedBySupervisor(reason)
    asked = [fact for fact in decision.facts if isinstance(fact, Escalated) and fact.input == seq]
    number = f"{task}.{asked[0].number}" if asked else ""
    if as_json:
        print_json({"number": number, "record": seq})
    else:
        out(number)
        desk = asked[0].desk if asked else planted.role
        say(f"planted on the desk of {desk}; interlock people says whether it was caught")
    return Exit.DONE


for _command in (show, canary):
    people.add_command(_command)
