"""Lets the core decide everything again, from the recorded inputs and observations alone.

What one leader has decided must come out the same, fact by fact. Time does not run backwards for it, though
clocks may. It knows no shell.
"""

from itertools import groupby

import msgspec

from interlock.bus.ports import Record
from interlock.contracts.decision import Decision
from interlock.contracts.facts import AnyFact
from interlock.contracts.inputs import Input, read_record
from interlock.contracts.message import decode
from interlock.contracts.subjects import DECISIONS, LEADER_DECISIONS
from interlock.supervisor.core.decide import decide, decide_silence, decide_tick, decide_unconfirmed
from interlock.supervisor.core.state import State
from interlock.supervisor.core.turn import Decided

TICK, BACK, UNCONFIRMED = "tick", "back", "unconfirmed"

Told = dict[int, list[AnyFact]]


class Observation(msgspec.Struct, frozen=True):
    """What a supervisor saw itself, after the input `cause`.

    `tick`, or somebody who fell silent (`silent:<principal>`), was there after all (`back:<principal>`) or
    did not confirm a stop in time (`unconfirmed:<principal>`).
    """

    cause: int
    at_ms: int
    what: str


def contradiction(records: list[Record]) -> str:
    """Return where the facts that are decided again differ from the recorded ones, or nothing."""
    decisions = [
        decode(Decision, record.data)
        for record in records
        if record.subject.startswith(DECISIONS.removesuffix(">")) and record.subject != LEADER_DECISIONS
    ]
    inputs = [
        read_record(record.seq, record.time_ms, record.subject, record.data, record.time_us)
        for record in records
        if not record.subject.startswith(DECISIONS.removesuffix(">"))
    ]
    recorded: Told = {}
    for decision in decisions:
        recorded.setdefault(decision.task, []).extend(decision.facts)
    again = _decided_again(inputs, observations(decisions))
    for task in sorted({*recorded, *again}):
        for place, (was, is_now) in enumerate(_pairs(recorded.get(task, []), again.get(task, []))):
            if was != is_now:
                return f"fact {place + 1} about task {task} was {was}, decided again it is {is_now}"
    return ""


def _pairs(one: list[AnyFact], other: list[AnyFact]) -> list[tuple[AnyFact | None, AnyFact | None]]:
    length = max(len(one), len(other))
    return [
        (one[place] if place < len(one) else None, other[place] if place < len(other) else None)
        for place in range(length)
    ]


def observations(decisions: list[Decision]) -> list[Observation]:
    """Return what was observed, in order.

    Of what has the same cause and time a tick is first, unless the decisions about a task say otherwise.
    """
    places: dict[Observation, dict[int, int]] = {}
    for place, one in enumerate(decisions):
        if one.observed:
            seen = Observation(one.cause, one.at_ms, one.observed)
            places.setdefault(seen, {}).setdefault(one.task, place)
    ordered: list[Observation] = []
    by_time = sorted(places, key=lambda one: (one.cause, one.at_ms, one.what != TICK))
    for _, group in groupby(by_time, lambda one: (one.cause, one.at_ms)):
        tied = list(group)
        while tied:
            firsts = (one for one in tied if not any(_precedes(places[other], places[one]) for other in tied))
            ordered.append(next(firsts, tied[0]))
            tied.remove(ordered[-1])
    return ordered


def _precedes(one: dict[int, int], other: dict[int, int]) -> bool:
    return any(place < other.get(task, 0) for task, place in one.items())


def _decided_again(inputs: list[Input], observations: list[Observation]) -> Told:
    state, told, latest_ms = State(), Told(), 0

    def take(decided: Decided) -> State:
        for task, said in decided.segments:
            told.setdefault(task, []).extend(said)
        return decided.state

    waiting = list(reversed(observations))
    for said in inputs:
        while waiting and waiting[-1].cause < said.seq:
            latest_ms = max(latest_ms, waiting[-1].at_ms)
            state = take(_observed(state, waiting.pop(), inputs))
        latest_ms = max(latest_ms, said.time_ms)
        state = take(decide(state, said, latest_ms))
    while waiting:
        state = take(_observed(state, waiting.pop(), inputs))
    return told


def _observed(state: State, seen: Observation, inputs: list[Input]) -> Decided:
    what, _, who = seen.what.partition(":")
    if what == TICK:
        return decide_tick(state, seen.at_ms)
    if what == BACK:
        return decide(state, _last_hello(inputs, who, seen.cause), seen.at_ms)
    if what == UNCONFIRMED:
        return decide_unconfirmed(state, who, seen.at_ms)
    return decide_silence(state, who, seen.at_ms)


def _last_hello(inputs: list[Input], who: str, cause: int) -> Input:
    hellos = [said for said in inputs if (said.principal, said.verb) == (who, "hello") and said.seq <= cause]
    return hellos[-1]
