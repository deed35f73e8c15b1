"""`interlock edit`: yes to what is asked, but with other arguments."""

from collections.abc import Sequence
from typing import Any

import click

from interlock.console.commands.verdict import give
from interlock.console.environment import Reach, Where, find
from interlock.console.errors import BadInput
from interlock.console.help import command
from interlock.console.options import json_option, reach_options, reason_option
from interlock.console.output import is_interactive, say
from interlock.console.people.editing import changes, check_editable, checked_object, edited, with_values
from interlock.console.people.numbers import Number, number_argument
from interlock.console.people.reading import Case
from interlock.console.people.signing import sign_edit, signer_of
from interlock.console.runtime import run_async
from interlock.contracts.message import Json
from interlock.contracts.people import Edit


@command()
@number_argument
@click.option("--arguments", metavar="JSON", callback=checked_object, help="All arguments anew.")
@click.option(
    "--set", "settings", metavar="NAME=VALUE", multiple=True, help="One argument; outer.inner=3 too."
)
@reason_option
@json_option
@reach_options
def edit(
    number: Number,
    arguments: Json | None,
    settings: tuple[str, ...],
    reason: str,
    as_json: bool,
    **where: Any,
) -> int:
    """Change what N asks for, and agree to that.

    The policies are asked about the new arguments; what others have agreed to before is void. Without
    --arguments and --set it opens your $EDITOR. Exits with 6 when others have to agree too.

    Examples:
      interlock edit 42.1 --set amount_cents=50000 --reason "half now"
      interlock edit 42.1

    """
    if arguments is not None and settings:
        raise BadInput("--arguments gives all of them anew, --set changes some: use one")
    if arguments is None and not settings and not is_interactive():
        raise BadInput("say what changes: --set NAME=VALUE or --arguments JSON (an editor needs a terminal)")
    return run_async(_edit(find(Where(**where)), number, (arguments, settings), reason, as_json=as_json))


async def _edit(
    reach: Reach, number: Number, wish: tuple[Json | None, Sequence[str]], reason: str, *, as_json: bool
) -> int:
    async def think(case: Case) -> Edit:
        check_editable(case.asked)
        signer = signer_of(reach.key_file, reach.principal)
        arguments = _wanted(case.asked.arguments, *wish)
        if arguments is None or not (lines := changes(case.asked.arguments, arguments)):
            raise BadInput(f"nothing was changed; to agree to it as it is: interlock approve {number}")
        for line in lines:
            say(f"  {line}")
        approval = sign_edit(signer, reach.principal, case.docket, case.asked, arguments)
        return Edit(arguments=arguments, approval=approval, reason=reason)

    return await give(reach, number, think, as_json=as_json)


def _wanted(arguments: Json, whole: Json | None, settings: Sequence[str]) -> Json | None:
    if whole is not None:
        return whole
    if settings:
        return with_values(arguments, settings)
    return edited(arguments, lambda text: click.edit(text, extension=".json"))
