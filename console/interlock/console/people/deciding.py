"""Says a verdict, and waits for what it came to."""

from interlock.bus.ports import Bus
from interlock.console.people.coming import CameTo, came_to
from interlock.console.people.numbers import Number
from interlock.console.people.reading import read_case
from interlock.console.people.saying import Verdict, say_verdict
from interlock.console.sayings import decided


async def decide(bus: Bus, number: Number, verdict: Verdict) -> CameTo:
    """Say a verdict about an escalation that is there, and return what became of it."""
    seq = await say_verdict(bus, number, verdict)
    decision = await decided(bus, number.task, seq)
    # Others may have decided meanwhile: what is told is how it stands now.
    case = await read_case(bus, number)
    return came_to(case, seq, decision)
