"""`interlock approve`: yes to what is asked, signed where an effect may happen for it."""

from typing import Any

from interlock.console.commands.verdict import give
from interlock.console.environment import Reach, Where, find
from interlock.console.help import command
from interlock.console.options import json_option, reach_options, reason_option
from interlock.console.people.numbers import Number, number_argument
from interlock.console.people.reading import Case
from interlock.console.people.signing import sign_approve, signer_of
from interlock.console.runtime import run_async
from interlock.contracts.people import Approve


@command()
@number_argument
@reason_option
@json_option
@reach_options
def approve(number: Number, reason: str, as_json: bool, **where: Any) -> int:
    """Say yes to N, as interlock inbox lists it.

    Prints what is decided about, and signs exactly that with your own key: an effect may then happen once,
    with these very arguments. Of anything else that waits it means: go on. Exits with 6 when others have to
    agree too.

    Examples:
      interlock approve 42.1
      interlock approve 42.1 --reason "checked against the order"

    """
    return run_async(_approve(find(Where(**where)), number, reason, as_json=as_json))


async def _approve(reach: Reach, number: Number, reason: str, *, as_json: bool) -> int:
    async def think(case: Case) -> Approve:
        if not case.asked.is_signed:
            return Approve(reason=reason)
        signer = signer_of(reach.key_file, reach.principal)
        return Approve(approval=sign_approve(signer, reach.principal, case.docket, case.asked), reason=reason)

    return await give(reach, number, think, as_json=as_json)
