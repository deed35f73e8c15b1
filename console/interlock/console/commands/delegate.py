"""`interlock delegate`: somebody else answers in my place for a while."""

from typing import Any

import click

from interlock.console.commands.control import read_for
from interlock.console.environment import Reach, Where, connected, find
from interlock.console.errors import BadInput, RefusedBySupervisor
from interlock.console.exits import Exit
from interlock.console.help import command
from interlock.console.lines import said
from interlock.console.options import json_option, reach_options, reason_option
from interlock.console.output import print_json, say
from interlock.console.people.checking import checked_who
from interlock.console.people.saying import say_delegate
from interlock.console.runtime import run_async
from interlock.console.sayings import decided, refusal
from interlock.contracts import facts as f
from interlock.contracts.people import Delegate


@command()
@click.argument("who")
@click.option("--for", "for_s", metavar="SPAN", callback=read_for, help="How long: 90s, 10m, 8h or 5d.")
@click.option("--end", is_flag=True, help="From now on not any more.")
@reason_option
@json_option
@reach_options
def delegate(who: str, for_s: int | None, end: bool, reason: str, as_json: bool, **where: Any) -> int:
    """Let WHO answer in your place for so long.

    Who stands in counts as you, never twice. One person stands in at a time: the latest word holds.

    Examples:
      interlock delegate carol --for 8h --reason "I am on the train"
      interlock delegate carol --end

    """
    if end == (for_s is not None):
        raise BadInput("say for how long, such as --for 8h, or --end")
    body = Delegate(to=checked_who(who), for_s=for_s or 0, reason=reason)
    return run_async(_delegate(find(Where(**where)), body, as_json=as_json))


async def _delegate(reach: Reach, body: Delegate, *, as_json: bool) -> int:
    async with connected(reach) as bus:
        seq = await say_delegate(bus, body)
        decision = await decided(bus, 0, seq)
    if decision is None:
        say(f"it stands in the log as record {seq}; no supervisor has decided on it yet")
        return Exit.DONE
    if refused := refusal(decision, seq):
        raise RefusedBySupervisor(refused)
    facts = [fact for fact in decision.facts if isinstance(fact, f.Delegated) and fact.by == reach.principal]
    if as_json:
        print_json([{"by": one.by, "to": one.to, "until_ms": one.until_ms} for one in facts])
        return Exit.DONE
    for fact in facts:
        say(said(fact))
    return Exit.DONE
