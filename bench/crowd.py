"""What one settlement costs the core while many calls of the same task wait for what is reserved.

A thousand calls are asked for, the budget is enough for half of them; the last of these are in flight, and
each of the other half waits to see whether one of them gives something back.
"""

from statistics import median
from time import process_time_ns

import msgspec

from interlock.contracts.budget import MOST, Amounts, Budget
from interlock.contracts.charter import Charter
from interlock.contracts.effect import EffectCompleted, EffectRequest, ModelCall
from interlock.contracts.facts import EffectGranted
from interlock.contracts.inputs import read_record
from interlock.contracts.message import Message, encode
from interlock.contracts.plan import Plan, PlannedStep
from interlock.contracts.presence import AgentHello, EffectHello, ModelOffer
from interlock.contracts.subjects import input_subject
from interlock.contracts.task import Submit
from interlock.supervisor.core.decide import decide
from interlock.supervisor.core.state import State

ASKED, ADMITTED, IN_FLIGHT = 1_000, 500, 96
AGENT, WORKER, ROLE, STEP = "caller-1", "effects-1", "caller", "call"
START_MS = 1_800_000_000_000
USED = Amounts(tokens=10, model_calls=1)


class Crowd:
    """One task whose calls are all asked for at once; `granted` are those in flight, oldest first."""

    def __init__(self) -> None:
        self.granted: list[EffectGranted] = []
        self._state = State()
        self._seq = 0
        charter = Charter(role=ROLE, version="1", objective="Call.", models=("*",))
        offer = ModelOffer(model="m/x", input_usd_micros_per_mtok=0, output_usd_micros_per_mtok=0)
        self.say(AGENT, "agent", "hello", AgentHello(incarnation="a", charter=charter))
        self.say(WORKER, "effect", "hello", EffectHello(incarnation="a", capacity=IN_FLIGHT, models=(offer,)))
        plan = Plan(steps=(PlannedStep(id=STEP, role=ROLE),))
        budget = Budget(model_calls=ADMITTED, tokens=MOST)
        order = Submit(goal="Call.", plan=plan, review=False, budget=budget)
        self.say("driver", "task", "submit", order)
        self.task = self._seq
        for number in range(ASKED):
            call = ModelCall(purpose=ROLE, prompt=f"{number}")
            request = EffectRequest(step=STEP, attempt=1, key=f"{number}", call=call)
            self.say(AGENT, "agent", "effect", request, self.task)

    def say(self, principal: str, kind: str, verb: str, body: Message, *rest: int) -> float:
        """Let an input be decided about; return how many µs of CPU time that took."""
        self._seq += 1
        subject = input_subject(principal, kind, verb, *rest)
        said = read_record(self._seq, START_MS + self._seq, subject, encode(body))
        before = process_time_ns()
        decided = decide(self._state, said, said.time_ms)
        us = (process_time_ns() - before) / 1e3
        self._state = decided.state
        told = (fact for _, facts in decided.segments for fact in facts)
        self.granted += (fact for fact in told if isinstance(fact, EffectGranted))
        return us

    def complete(self) -> float:
        """Let the oldest call in flight end; return how many µs its settlement took."""
        grant = self.granted.pop(0)
        end = EffectCompleted(
            effect=grant.effect, grant=grant.grant, value=msgspec.Raw(b'"so"'), used=USED, model="m/x"
        )
        return self.say(WORKER, "effect", "completed", end, self.task)


def us_per_crowded_settlement() -> float:
    """Return the median of the settlements that free nothing for those who wait."""
    crowd = Crowd()
    settlements_us: list[float] = []
    while crowd.granted:
        settlements_us.append(crowd.complete())
    return median(settlements_us[1 - IN_FLIGHT : -1])
