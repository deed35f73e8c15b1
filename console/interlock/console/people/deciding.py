"""Says a verdict, and waits for what it came to."""

from msgspec.structs import replace

from interlock.bus.ports import Bus
from interlock.console.people.coming import CameTo, came_to
from interlock.console.people.numbers import Number
from interlock.console.people.reading import read_case
from interlock.console.people.saying import Verdict, say_verdict
from interlock.console.people.undoing import undone
from interlock.console.sayings import decided
from interlock.contracts.people import Reject


async def decide(bus: Bus, number: Number, verdict: Verdict) -> CameTo:
    """Say a verdict about an escalation that is there, and return what became of it."""
    seq = await say_verdict(bus, number, verdict)
    decision = await decided(bus, number.task, seq)
    # Others may have decided meanwhile: what is told is how it stands now.
    case = await read_case(bus, number)
    came = came_to(case, seq, decision)
    if isinstance(verdict, Reject) and verdict.undo and came.word == "rejected":
        then = (*came.then, await undone(bus, case.asked.about, seq))
        return replace(came, then=tuple(filter(None, then)))
    return came
