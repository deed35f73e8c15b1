"""`interlock security`: who tried what is not its own; server, access services and supervisor all saw it."""

from typing import Any

import msgspec

from interlock.bus.ports import Bus
from interlock.console.environment import Reach, Where, connected, find
from interlock.console.exits import Exit
from interlock.console.help import command
from interlock.console.options import json_option, name_option, reach_options
from interlock.console.output import Line, out, print_lines, say
from interlock.console.runtime import run_async
from interlock.console.stop.documents import whole
from interlock.console.stop.lines import because, violator
from interlock.console.stop.times import said_moment
from interlock.contracts import facts as f
from interlock.contracts.decision import Decision
from interlock.contracts.message import decode
from interlock.contracts.subjects import DECISIONS

WIDTH = 16


@command()
@name_option("--principal", "of_whom", help="Only what this principal tried.")
@json_option
@reach_options
def security(of_whom: str | None, as_json: bool, **where: Any) -> int:
    """List every attempt that was refused, the newest last: when, who, what, how often, which record.

    Refusals by the server, by access services and by the supervisor stand there alike.

    Examples:
      interlock security
      interlock security --principal researcher-1 --json

    """
    return run_async(_security(find(Where(**where)), of_whom, as_json=as_json))


async def _security(reach: Reach, of_whom: str | None, *, as_json: bool) -> int:
    async with connected(reach) as bus:
        found = await _tell(bus, of_whom, as_json=as_json)
    if not found and not as_json:
        say(
            "nobody has tried what is not theirs"
            if of_whom is None
            else f"{of_whom} has tried nothing that is not theirs"
        )
    return Exit.DONE


async def _tell(bus: Bus, of_whom: str | None, *, as_json: bool) -> int:
    """Print each attempt as it is read: a long list is not held."""
    found = 0
    if as_json:
        out("[")
    async for record in bus.history([DECISIONS]):
        decision = decode(Decision, record.data)
        for fact in decision.facts:
            if isinstance(fact, f.AccessViolated) and of_whom in (None, fact.principal):
                if as_json:
                    out(_json(fact, decision, first=not found))
                else:
                    print_lines([_line(fact, record.seq)])
                found += 1
    if as_json:
        out("]")
    return found


def _line(fact: f.AccessViolated, record_seq: int) -> Line:
    times = f"{fact.times} times, " if fact.times > 1 else ""
    what = f"{fact.action} {fact.target} ({times}record {fact.input or record_seq}){because(fact.detail)}"
    return Line(
        " ".join(what.split()), label=f"{said_moment(fact.at_ms)}  {violator(fact.principal):<{WIDTH}}  "
    )


def _json(fact: f.AccessViolated, decision: Decision, *, first: bool) -> str:
    fields = {"task": decision.task, **whole(fact)}
    return ("" if first else ", ") + msgspec.json.encode(fields).decode()
