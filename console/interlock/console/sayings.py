"""What the console says on the bus, and how it hears what was decided about it."""

from interlock.bus.ports import Bus, Record
from interlock.console.awaiting import awaited
from interlock.console.errors import BadInput
from interlock.contracts import facts as f
from interlock.contracts.budget import Amounts
from interlock.contracts.control import Control, RaiseLimit, ReleaseRule, SetAutonomy
from interlock.contracts.decision import Decision
from interlock.contracts.message import Message, decode, encode
from interlock.contracts.people import PlantCanary
from interlock.contracts.scope import FLEET, Scope
from interlock.contracts.subjects import decision_subject, input_subject
from interlock.contracts.task import Submit

DECIDED_S = 5.0


async def submit(bus: Bus, order: Submit, *, message_id: str = "") -> int:
    """Hand in a goal and return the task's id; the log takes the same `message_id` once only."""
    return await append(bus, input_subject(bus.principal, "task", "submit"), order, message_id=message_id)


async def control(bus: Bus, verb: str, scope: Scope, reason: str = "", *, for_s: int | None = None) -> int:
    """Say pause (for so many seconds), drain, kill or resume; return the record's sequence."""
    subject = input_subject(bus.principal, "control", verb, *scope.words)
    return await append(bus, subject, Control(reason=reason, for_s=for_s))


async def require_releasers(bus: Bus, people: int, reason: str = "") -> int:
    """Say how many different people have to resume everything after a kill; return the record's sequence."""
    subject = input_subject(bus.principal, "control", "release", *FLEET.words)
    return await append(bus, subject, ReleaseRule(people=people, reason=reason))


async def raise_limit(bus: Bus, task: int, more: Amounts, reason: str = "") -> int:
    """Add to a task's budget; return the record's sequence."""
    subject = input_subject(bus.principal, "control", "raise", "task", task)
    return await append(bus, subject, RaiseLimit(more=more, reason=reason))


async def plant(bus: Bus, planted: PlantCanary, task: int) -> int:
    """Ask in a task for what must be rejected; return the record's sequence."""
    return await append(bus, input_subject(bus.principal, "control", "canary", "task", task), planted)


async def set_autonomy(bus: Bus, role: str, wanted: SetAutonomy) -> int:
    """Say how far a role goes by itself; return the record's sequence."""
    return await append(bus, input_subject(bus.principal, "control", "autonomy", "role", role), wanted)


async def decided(bus: Bus, task: int, seq: int, *, timeout_s: float = DECIDED_S) -> Decision | None:
    """Return the first decision about a task (0: the fleet) that knows the record `seq`, None if late."""

    def knows(record: Record) -> Decision | None:
        decision = decode(Decision, record.data)
        return decision if decision.cause >= seq else None

    return await awaited(bus, decision_subject(task), knows, start_seq=seq + 1, timeout_s=timeout_s)


def refusal(decision: Decision, seq: int) -> str:
    """Return why the supervisor refused the record `seq`, or an empty string when it did not."""
    for fact in decision.facts:
        if isinstance(fact, f.Refused) and fact.input == seq:
            return fact.reason
        if isinstance(fact, f.Rejected) and decision.task == seq:
            return fact.reason
    return ""


def about(decision: Decision, seq: int) -> list[f.AnyFact]:
    """Return the facts of a decision that name the record `seq` as their cause, or all where none does."""
    named = [fact for fact in decision.facts if seq in (_input(fact), _kill(fact))]
    return named or list(decision.facts)


def _input(fact: f.AnyFact) -> int:
    return getattr(fact, "input", 0)


def _kill(fact: f.AnyFact) -> int:
    return getattr(fact, "kill", 0)


async def append(bus: Bus, subject: str, message: Message, *, message_id: str = "") -> int:
    """Append a message that its own reader would accept; raises MalformedMessage before anything is sent."""
    data = encode(message)
    decode(type(message), data)
    ack = await bus.append(subject, data, message_id=message_id)
    if ack.duplicate:
        # The log compares ids alone, whoever says them: somebody else may have used this one up.
        stored = await bus.record(ack.seq)
        if stored is None or stored.subject != subject:
            raise BadInput(f"the id {message_id!r} was used by somebody else; choose one that nobody guesses")
    return ack.seq
