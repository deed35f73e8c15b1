"""What the commands by which people decide have in common: they show it, say it, and tell the end."""

from collections.abc import Awaitable, Callable
from typing import Any

from interlock.bus.clock import now_ms
from interlock.console.environment import Reach, connected
from interlock.console.errors import RefusedBySupervisor
from interlock.console.output import out, print_json, print_lines, say
from interlock.console.people.coming import CameTo
from interlock.console.people.deciding import decide
from interlock.console.people.listing import fields as asked_fields
from interlock.console.people.mandate import Mandate
from interlock.console.people.numbers import Number
from interlock.console.people.paper import block
from interlock.console.people.reading import Case, read_case
from interlock.console.people.saying import Verdict
from interlock.console.people.words import outcome, to_do

Think = Callable[[Case], Awaitable[Verdict]]


async def give(reach: Reach, number: Number, think: Think, *, as_json: bool) -> int:
    """Read an escalation anew, show it, let `think` make the verdict of it, say that, and tell the end."""
    async with connected(reach) as bus:
        case = await read_case(bus, number)
        if case.asked.resolved is not None:
            raise RefusedBySupervisor(f"{number} {outcome(case.asked, case.asked.resolved)}")
        if not as_json:
            show(bus.principal, case)
        verdict = await think(case)
        end = await decide(bus, number, verdict)
    if as_json:
        # A program is told, too, what exactly was decided about.
        asked = asked_fields(Mandate(case.docket, reach.principal, now_ms()), case.asked)
        print_json(fields(number, end) | {"asked": asked})
    else:
        tell(end)
    return end.code


def show(person: str, case: Case) -> None:
    """Print what is decided about."""
    print_lines(block(case, Mandate(case.docket, person, now_ms())))


def show_once(person: str, case: Case, *, as_json: bool) -> None:
    """Print one that people are asked, decided or not, and what one types to decide."""
    if as_json:
        print_json(asked_fields(Mandate(case.docket, person, now_ms()), case.asked))
        return
    show(person, case)
    if case.asked.resolved is None:
        out(f"  to decide: {to_do(case.asked)}")


def tell(end: CameTo) -> None:
    """Print what a verdict came to; raises RefusedBySupervisor."""
    if end.word == "refused":
        raise RefusedBySupervisor(end.sentence)
    say(end.sentence)
    for line in end.then:
        say(f"  {line}")


def fields(number: Number, end: CameTo) -> dict[str, Any]:
    """Return what a verdict came to as JSON."""
    return {"number": str(number), "verdict": end.word, "says": end.sentence, "then": end.then}
