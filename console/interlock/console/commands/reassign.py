"""`interlock reassign` and `interlock abort`: let somebody else be asked, or end the task that asks."""

from typing import Any

import click

from interlock.console.commands.verdict import give
from interlock.console.environment import Reach, Where, find
from interlock.console.help import command
from interlock.console.options import json_option, reach_options, reason_option
from interlock.console.people.checking import checked_who
from interlock.console.people.numbers import Number, number_argument
from interlock.console.people.reading import Case
from interlock.console.people.saying import Verdict
from interlock.console.runtime import run_async
from interlock.contracts.people import Abort, Reassign


@command()
@number_argument
@click.argument("who")
@reason_option
@json_option
@reach_options
def reassign(number: Number, who: str, reason: str, as_json: bool, **where: Any) -> int:
    """Let WHO be asked about N instead: a person or a role. Who may approve stays as the policies say.

    Example:
      interlock reassign 42.1 carol --reason "she knows this vendor"

    """
    verdict = Reassign(to=checked_who(who), reason=reason)
    return run_async(_give(find(Where(**where)), number, verdict, as_json=as_json))


@command()
@number_argument
@reason_option
@json_option
@reach_options
def abort(number: Number, reason: str, as_json: bool, **where: Any) -> int:
    """End the task that asks N; it keeps what it has.

    Example:
      interlock abort 42.1 --reason "not worth it"

    """
    return run_async(_give(find(Where(**where)), number, Abort(reason=reason), as_json=as_json))


async def _give(reach: Reach, number: Number, verdict: Verdict, *, as_json: bool) -> int:
    async def think(_case: Case) -> Verdict:
        return verdict

    return await give(reach, number, think, as_json=as_json)
