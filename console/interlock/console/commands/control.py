"""`interlock kill`, `pause`, `drain`, `resume`: the switches, over anything that can be switched."""

from collections.abc import Callable
from typing import Any

import click

from interlock.bus.ports import Bus
from interlock.console.environment import Reach, Where, connected, find
from interlock.console.errors import BadInput, RefusedBySupervisor
from interlock.console.exits import Exit
from interlock.console.follow import require_task
from interlock.console.help import command, kept
from interlock.console.lines import said
from interlock.console.options import reach_options, reason_option, task_argument
from interlock.console.output import print_lines, say
from interlock.console.runtime import run_async
from interlock.console.sayings import about, control, decided, refusal
from interlock.console.stop.paper import receipt_lines
from interlock.console.stop.receipts import RECEIPTED_S, Kill, await_receipt
from interlock.console.stop.scopes import KINDS, said_scope, scope_named
from interlock.console.stop.times import read_span
from interlock.contracts import facts as f
from interlock.contracts.scope import Scope, ScopeKind

PROMISES = {
    "kill": "Stop a task, or anything else, now, and print the receipt.\n\n"
    "Calls in flight are aborted, nothing late counts. The receipt says what became of each effect and "
    "process, and how fast.",
    "pause": "Let nothing new start; what is in flight may finish.\n\nClocks stand still meanwhile.",
    "drain": "Finish what was accepted, take nothing new.",
    "resume": "Go on after a pause, a drain, or a kill of anything but a task.\n\n"
    "After a kill of everything, so many people have to say it as `interlock switches` shows; until then "
    "the command exits with 6.",
}

Decorator = Callable[[Any], Any]


def read_for(_context: click.Context, _option: click.Parameter, text: str | None) -> int | None:
    """Read a span as seconds; raises BadParameter for what is none."""
    if text is None:
        return None
    try:
        return read_span(text)
    except BadInput as error:
        raise click.BadParameter(str(error)) from error


for_option = click.option(
    "--for", "for_s", metavar="SPAN", callback=read_for, help="Go on by itself after 90s, 10m, 2h or 1d."
)
_WORDS: dict[str, Decorator] = {
    "N": task_argument,
    **{word: click.argument("name", metavar=word) for word in ("STEP", "NAME", "PATTERN")},
}


def _group(verb: str) -> click.Group:
    example = f'\n\nExamples:\n  interlock {verb} task 42 --reason "wrong question"\n  interlock {verb} fleet'
    group = click.Group(verb, help=kept(PROMISES[verb] + example))
    for kind in KINDS:
        group.add_command(_command(verb, kind))
    return group


def _command(verb: str, kind: ScopeKind) -> click.Command:
    words, example, called = KINDS[kind]
    typed = " ".join(filter(None, (verb, kind, example)))

    def act(reason: str, task: int = 0, name: str = "", for_s: int | None = None, **where: Any) -> int:
        scope = scope_named(kind, task, name)
        return run_async(_switch(find(Where(**where)), verb, scope, reason, for_s))

    options = (reason_option, *((for_option,) if verb == "pause" else ()), reach_options)
    for decorate in reversed((*(_WORDS[word] for word in words), *options)):
        act = decorate(act)
    span = " --for 10m" if verb == "pause" else ""
    text = f"{verb.capitalize()} {called}.\n\nExample:\n  interlock {typed}{span} --reason TEXT"
    return command(kind, help=text)(act)


async def _switch(reach: Reach, verb: str, scope: Scope, reason: str, for_s: int | None) -> int:
    what = f"{verb} of {said_scope(scope)}"
    async with connected(reach) as bus:
        if scope.task:
            await require_task(bus, scope.task)
        seq = await control(bus, verb, scope, reason, for_s=for_s)
        decision = await decided(bus, scope.task, seq)
        if decision is None:
            say(f"{what} stands in the log as record {seq}; no supervisor has decided on it yet")
            if verb == "kill":
                say(f"who carries it out has heard it all the same; later: interlock receipt {seq}")
            return Exit.DONE
        if refused := refusal(decision, seq):
            raise RefusedBySupervisor(f"{what}: {refused}")
        facts = [fact for fact in about(decision, seq) if not isinstance(fact, f.Receipted)]
        for fact in facts:
            say(said(fact))
        if verb == "kill":
            await _print_receipt(bus, Kill(seq, scope))
    return Exit.WAITING if any(isinstance(fact, f.ReleaseAsked) for fact in facts) else Exit.DONE


async def _print_receipt(bus: Bus, kill: Kill) -> None:
    receipt = await await_receipt(bus, kill)
    if receipt is None:
        say(f"no receipt within {RECEIPTED_S:.0f} s; it comes when all is seen: interlock receipt {kill.seq}")
    else:
        print_lines(receipt_lines(receipt))


kill, pause, drain, resume = (_group(verb) for verb in ("kill", "pause", "drain", "resume"))
