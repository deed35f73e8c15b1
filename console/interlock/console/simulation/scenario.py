"""A scenario: who plays and what the adversary does when, all drawn from one seed before anything runs.

Seeds are spread over profiles, so that a few thousand of them try every kind of trouble, alone and together.
"""

from collections.abc import Callable
from random import Random

import msgspec

from interlock.console.simulation import actions as a
from interlock.console.simulation.line import Weather
from interlock.contracts.budget import Amounts, Budget
from interlock.contracts.effect import EffectCompleted
from interlock.contracts.inputs import INPUT_KINDS
from interlock.contracts.message import encode
from interlock.contracts.plan import Plan, PlannedStep
from interlock.contracts.step import StepResult
from interlock.contracts.task import Submit

ROLES = ("planner", "researcher", "executor", "reviewer")
TENANTS = ("default", "red", "blue")
FIRST_S = 0.5
SECONDS_A_STEP = 0.7
DEFAULT_STEPS = 30

Draw = Callable[[Random, "Cast", float], a.AnyAction]


class Cast(msgspec.Struct, frozen=True):
    """Who plays: the names of the processes, the capacities, whether an agent repeats itself."""

    supervisors: tuple[str, ...]
    agents: dict[str, int]
    workers: dict[str, int]
    restless: bool

    @property
    def names(self) -> tuple[str, ...]:
        """Return everybody but people."""
        return (*self.supervisors, *self.agents, *self.workers)


class Scenario(msgspec.Struct, frozen=True):
    """Everything that decides a run."""

    seed: int
    profile: str
    cast: Cast
    actions: tuple[a.AnyAction, ...]

    @property
    def ends_s(self) -> float:
        """Return when the adversary stops."""
        return max((action.at_s for action in self.actions), default=0.0) + 1.0

    def only(self, actions: tuple[a.AnyAction, ...]) -> "Scenario":
        """Return the same with other actions."""
        return msgspec.structs.replace(self, actions=actions)


def draw(seed: int, steps: int = DEFAULT_STEPS) -> Scenario:
    """Draw a scenario with so many actions of the adversary."""
    profile = sorted(PROFILES)[seed % len(PROFILES)]
    chance = Random(f"{seed}/scenario")
    cast = _cast(chance)
    weights = PROFILES[profile]
    drawn: list[a.AnyAction] = [_submit(chance, cast, FIRST_S + place / 4) for place in range(2)]
    for _ in range(steps):
        at_s = round(FIRST_S + chance.random() * steps * SECONDS_A_STEP, 3)
        (kind,) = chance.choices(tuple(weights), tuple(weights.values()))
        drawn.append(kind(chance, cast, at_s))
    drawn.sort(key=lambda action: action.at_s)
    return Scenario(seed, profile, cast, tuple(drawn))


def _cast(chance: Random) -> Cast:
    agents = {
        f"{role}-{number}": chance.randint(1, 3)
        for role in ROLES
        for number in range(1, chance.choice((1, 1, 2)) + 1)
    }
    workers = {f"effects-{number}": chance.randint(1, 4) for number in range(1, chance.choice((1, 2)) + 1)}
    return Cast(("supervisor-1",), agents, workers, restless=chance.random() < 0.1)


def _somebody(chance: Random, cast: Cast) -> str:
    """Draw a process; the supervisor is the most interesting one."""
    if chance.random() < 0.35:
        return chance.choice(cast.supervisors)
    return chance.choice((*cast.agents, *cast.workers, *cast.workers))


def _crash(chance: Random, cast: Cast, at_s: float) -> a.Crash:
    who = _somebody(chance, cast)
    return a.Crash(at_s=at_s, who=who, steps=chance.randint(0, 40), back_s=chance.choice((0.05, 0.3, 1.0, 6.0)))


def _freeze(chance: Random, cast: Cast, at_s: float) -> a.Freeze:
    return a.Freeze(at_s=at_s, who=_somebody(chance, cast), for_s=chance.choice((0.3, 2.0, 5.0, 9.0)))


def _leave(chance: Random, cast: Cast, at_s: float) -> a.Leave:
    who = chance.choice((*cast.agents, *cast.workers))
    return a.Leave(at_s=at_s, who=who, back_s=chance.choice((0.3, 2.0, 8.0)))


def _storm(chance: Random, cast: Cast, at_s: float) -> a.Storm:
    weather = Weather(
        most_ms=chance.choice((2.0, 50.0, 400.0)),
        lost=chance.choice((0.0, 0.2, 0.6)),
        doubled=chance.choice((0.0, 0.3)),
        acks_lost=chance.choice((0.0, 0.0, 0.1)),
    )
    return a.Storm(at_s=at_s, who=_somebody(chance, cast), for_s=chance.choice((1.0, 4.0, 10.0)), weather=weather)


def _stall(chance: Random, cast: Cast, at_s: float) -> a.Stall:
    return a.Stall(at_s=at_s, who=_somebody(chance, cast), for_s=chance.choice((0.2, 1.0, 4.0)))


def _cut(chance: Random, cast: Cast, at_s: float) -> a.Cut:
    who = "server" if chance.random() < 0.2 else _somebody(chance, cast)
    return a.Cut(
        at_s=at_s, who=who, for_s=chance.choice((0.1, 1.0, 4.0, 8.0)), notice_s=chance.choice((0.0, 0.2, 3.0))
    )


def _fill(chance: Random, _cast: Cast, at_s: float) -> a.Fill:
    return a.Fill(at_s=at_s, for_s=chance.choice((0.3, 1.5, 5.0)))


def _skew(chance: Random, cast: Cast, at_s: float) -> a.Skew:
    who = chance.choice((*cast.supervisors, "server", "server"))
    return a.Skew(at_s=at_s, who=who, by_ms=chance.choice((-20_000, -1_500, -200, 300, 2_000, 40_000)))


def _submit(chance: Random, _cast: Cast, at_s: float) -> a.Hand:
    body = Submit(
        goal="why?",
        tenant=chance.choice(TENANTS),
        priority=chance.randint(0, 9),
        plan=_plan(chance) if chance.random() < 0.6 else None,
        review=chance.random() < 0.5,
        deadline_s=chance.choice((None, None, None, 12)),
        budget=Budget(
            tokens=chance.choice((None, None, 600, 2_000, 20_000)),
            tool_calls=chance.choice((None, None, 1, 3)),
            model_calls=chance.choice((None, None, 2, 6)),
            spend_usd_micros=chance.choice((None, None, 700, 3_000)),
            steps=chance.choice((None, None, 3, 12)),
            replans=chance.choice((0, 1, 2)),
            wall_ms=chance.choice((None, None, 8_000)),
        ),
    )
    return a.Hand(at_s=at_s, body=body)


def _plan(chance: Random) -> Plan:
    steps: list[PlannedStep] = []
    for name in "abcd"[: chance.randint(1, 4)]:
        before = tuple(step.id for step in steps if chance.random() < 0.4)
        steps.append(PlannedStep(id=name, role=chance.choice(("researcher", "executor")), after=before))
    return Plan(steps=tuple(steps))


def _switch(chance: Random, _cast: Cast, at_s: float) -> a.Switch:
    if chance.random() < 0.25:
        verb = chance.choice(("pause", "resume", "resume", "resume", "drain", "kill"))
        return a.Switch(at_s=at_s, verb=verb, task=None)
    verb = chance.choice(("pause", "pause", "resume", "resume", "resume", "kill", "drain"))
    return a.Switch(at_s=at_s, verb=verb, task=chance.randint(0, 5))


def _more(chance: Random, _cast: Cast, at_s: float) -> a.More:
    more = Amounts(
        tokens=chance.choice((0, 1_000, 5_000)),
        spend_usd_micros=chance.choice((0, 2_000)),
        tool_calls=chance.choice((0, 1)),
        model_calls=chance.choice((0, 3)),
        steps=chance.choice((0, 4)),
        wall_ms=chance.choice((0, 5_000)),
    )
    return a.More(at_s=at_s, task=chance.randint(0, 5), more=more)


def _reply(_chance: Random, _cast: Cast, at_s: float) -> a.Reply:
    return a.Reply(at_s=at_s, text="yes")


def _mischief(chance: Random, _cast: Cast, at_s: float) -> a.Mischief:
    kind, verb = chance.choice(sorted(INPUT_KINDS))
    data = chance.choice((b"", b"{", b'{"v":2}', b"[]", b"\xff"))
    if chance.random() < 0.5:
        kind, verb = "effect", "completed"
        data = encode(EffectCompleted(effect=chance.randint(0, 80), grant=1, value=msgspec.Raw(b"1")))
    elif chance.random() < 0.5:
        kind, verb = "agent", "result"
        step = chance.choice(("plan", "a", "b", "review"))
        data = encode(StepResult(step=step, attempt=chance.randint(1, 2), value=msgspec.Raw(b"1")))
    return a.Mischief(at_s=at_s, kind=kind, verb=verb, data=data, task=chance.randint(0, 5))


_WORK: dict[Draw, int] = {_submit: 8, _reply: 4, _more: 5}
_STOPS: dict[Draw, int] = {_switch: 14}
_DEATHS: dict[Draw, int] = {_crash: 14, _freeze: 6, _leave: 4}
_NET: dict[Draw, int] = {_storm: 10, _stall: 5, _cut: 8}

PROFILES: dict[str, dict[Draw, int]] = {
    "calm": _WORK,
    "clocks": _WORK | {_skew: 12, _switch: 4, _crash: 3},
    "deaths": _WORK | _DEATHS,
    "full": _WORK | {_fill: 10, _crash: 6, _switch: 3},
    "money": _WORK | {_more: 14, _submit: 14, _crash: 4, _mischief: 3},
    "network": _WORK | _NET,
    "stops": _WORK | _STOPS | {_crash: 4, _storm: 3},
    "storm": _WORK | _STOPS | _DEATHS | _NET | {_fill: 3, _skew: 3, _mischief: 4},
}
"""What the adversary does in each profile, and how often compared with the rest."""
