"""`interlock kill`, `pause`, `drain`, `resume`: the switches, over one task or over everything."""

from typing import Any

import click

from interlock.console.environment import Reach, Where, connected, find
from interlock.console.errors import RefusedBySupervisor
from interlock.console.exits import Exit
from interlock.console.follow import require_task
from interlock.console.help import command, kept
from interlock.console.lines import said
from interlock.console.options import reach_options, reason_option, task_argument
from interlock.console.output import say
from interlock.console.runtime import run_async
from interlock.console.sayings import Scope, control, decided, refusal

PROMISES = {
    "kill": "Stop a task, or everything, now.\n\nCalls in flight are aborted, nothing late counts.",
    "pause": "Let nothing new start; what is in flight may finish.\n\nClocks stand still meanwhile.",
    "drain": "Finish what was accepted, take nothing new.",
    "resume": "Go on after a pause (or a drain, or a kill of everything).",
}


def _group(verb: str) -> click.Group:
    example = f'\n\nExamples:\n  interlock {verb} task 42 --reason "wrong question"\n  interlock {verb} fleet'
    group = click.Group(verb, help=kept(PROMISES[verb] + example))
    group.add_command(_task_command(verb))
    group.add_command(_fleet_command(verb))
    return group


def _task_command(verb: str) -> click.Command:
    @command(
        "task", help=f"{verb.capitalize()} task N.\n\nExample:\n  interlock {verb} task 42 --reason TEXT"
    )
    @task_argument
    @reason_option
    @reach_options
    def of_task(task: int, reason: str, **where: Any) -> int:
        return run_async(_say(find(Where(**where)), verb, Scope(task), reason))

    return of_task


def _fleet_command(verb: str) -> click.Command:
    @command(
        "fleet",
        help=f"{verb.capitalize()} everything.\n\nExample:\n  interlock {verb} fleet --reason TEXT",
    )
    @reason_option
    @reach_options
    def of_fleet(reason: str, **where: Any) -> int:
        return run_async(_say(find(Where(**where)), verb, Scope(), reason))

    return of_fleet


async def _say(reach: Reach, verb: str, scope: Scope, reason: str) -> int:
    async with connected(reach) as bus:
        if scope.task:
            await require_task(bus, scope.task)
        seq = await control(bus, verb, scope, reason)
        decision = await decided(bus, scope.task, seq)
    if decision is None:
        say(f"{verb} of {scope} stands in the log as record {seq}; no supervisor has decided on it yet")
        return Exit.DONE
    if refused := refusal(decision, seq):
        raise RefusedBySupervisor(f"{verb} of {scope}: {refused}")
    for fact in decision.facts:
        say(said(fact))
    return Exit.DONE


kill, pause, drain, resume = (_group(verb) for verb in ("kill", "pause", "drain", "resume"))
