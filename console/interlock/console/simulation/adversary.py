"""The adversary: draws from one seed, before anything runs, who plays and what goes wrong when.

Seeds are spread over profiles, so that a few thousand of them try every kind of trouble, alone and together.
"""

from collections.abc import Callable
from random import Random

import msgspec

from interlock.console.simulation import actions as a
from interlock.console.simulation.chance import chance
from interlock.console.simulation.line import Weather
from interlock.console.simulation.roster import STRANGER
from interlock.console.simulation.rules import ALL as RULES
from interlock.console.simulation.scenario import Cast, Scenario
from interlock.console.simulation.script import ROLES_OF_STEPS, asks_people
from interlock.contracts.budget import Amounts, Budget
from interlock.contracts.effect import EffectCompleted
from interlock.contracts.inputs import INPUT_KINDS
from interlock.contracts.message import encode
from interlock.contracts.people import HUMAN
from interlock.contracts.plan import Plan, PlannedStep
from interlock.contracts.scope import ScopeKind
from interlock.contracts.step import StepResult
from interlock.contracts.task import Submit

ROLES = ("planner", "researcher", "executor", "reviewer")
TENANTS = ("default", "red", "blue")
STRUCK: tuple[ScopeKind, ...] = (
    "task",
    "step",
    "step",
    "agent",
    "role",
    "tool",
    "tool",
    "model",
    "tenant",
)
DRIFTS = (0.0, 0.02, -0.02)
FIRST_S = 0.5
SECONDS_A_STEP = 0.7
DEFAULT_STEPS = 30
WARY = 0.5

Draw = Callable[[Random, Cast, float], a.AnyAction]


def draw(seed: int, steps: int = DEFAULT_STEPS) -> Scenario:
    """Draw a scenario with so many actions of the adversary."""
    profile = sorted(PROFILES)[seed % len(PROFILES)]
    luck = chance(seed, "scenario")
    wary = profile == "people" and chance(seed, "wary").random() < WARY
    cast = msgspec.structs.replace(_cast(luck, profile), wary=wary)
    weights = PROFILES[profile]
    drawn: list[a.AnyAction] = [_submit(luck, cast, FIRST_S + place / 4) for place in range(2)]
    for _ in range(steps):
        at_s = round(FIRST_S + luck.random() * steps * SECONDS_A_STEP, 3)
        (kind,) = luck.choices(tuple(weights), tuple(weights.values()))
        drawn.append(kind(luck, cast, at_s))
    drawn.sort(key=lambda action: action.at_s)
    return Scenario(seed, profile, cast, tuple(drawn))


def _cast(luck: Random, profile: str) -> Cast:
    agents = {
        f"{role}-{number}": luck.randint(1, 3)
        for role in ROLES
        for number in range(1, luck.choice((1, 1, 2)) + 1)
    }
    supervisors = tuple(f"supervisor-{number}" for number in range(1, luck.choice((1, 2, 2)) + 1))
    workers = {f"effects-{number}": luck.randint(1, 4) for number in range(1, luck.choice((1, 2)) + 1)}
    watched = luck.random()
    watchers = tuple(
        name for name, share in (("guard-1", 0.65), ("access-1", 0.85)) if watched < share or watched > 0.9
    )
    drifts = (
        {name: luck.choice(DRIFTS) for name in (*supervisors, *workers, "server")}
        if profile == "clocks"
        else {}
    )
    return Cast(
        supervisors,
        agents,
        workers,
        restless=luck.random() < 0.1,
        drifts=drifts,
        watchers=watchers,
        stubborn="guard-1" in watchers and luck.random() < 0.5,
        spending=profile == "people",
    )


def _somebody(luck: Random, cast: Cast) -> str:
    """Draw a process; the supervisor is the most interesting one."""
    if luck.random() < 0.45:
        return luck.choice(cast.supervisors)
    return luck.choice((*cast.agents, *cast.workers, *cast.workers))


def _crash(luck: Random, cast: Cast, at_s: float) -> a.AnyAction:
    who = _somebody(luck, cast)
    return a.Crash(at_s=at_s, who=who, steps=luck.randint(0, 40), back_s=luck.choice((0.05, 0.3, 1.0, 6.0)))


def _freeze(luck: Random, cast: Cast, at_s: float) -> a.AnyAction:
    return a.Freeze(at_s=at_s, who=_somebody(luck, cast), for_s=luck.choice((0.3, 2.0, 5.0, 9.0)))


def _leave(luck: Random, cast: Cast, at_s: float) -> a.AnyAction:
    who = luck.choice((*cast.agents, *cast.workers))
    return a.Leave(at_s=at_s, who=who, back_s=luck.choice((0.3, 2.0, 8.0)))


def _vanish(luck: Random, cast: Cast, at_s: float) -> a.AnyAction:
    """Let one be gone for good of whom there are two."""
    seconds = [name for name in cast.names if name.endswith("-2")]
    return a.Vanish(at_s=at_s, who=luck.choice(seconds)) if seconds else _freeze(luck, cast, at_s)


def _storm(luck: Random, cast: Cast, at_s: float) -> a.AnyAction:
    weather = Weather(
        most_ms=luck.choice((2.0, 50.0, 400.0)),
        lost=luck.choice((0.0, 0.2, 0.6)),
        leads_lost=luck.choice((0.0, 0.0, 1.0)),
        doubled=luck.choice((0.0, 0.3)),
        acks_lost=luck.choice((0.0, 0.0, 0.1)),
    )
    return a.Storm(at_s=at_s, who=_somebody(luck, cast), for_s=luck.choice((1.0, 4.0, 10.0)), weather=weather)


def _stall(luck: Random, cast: Cast, at_s: float) -> a.AnyAction:
    return a.Stall(at_s=at_s, who=_somebody(luck, cast), for_s=luck.choice((0.2, 1.0, 4.0)))


def _cut(luck: Random, cast: Cast, at_s: float) -> a.AnyAction:
    who = "server" if luck.random() < 0.2 else _somebody(luck, cast)
    return a.Cut(
        at_s=at_s, who=who, for_s=luck.choice((0.1, 1.0, 4.0, 8.0)), notice_s=luck.choice((0.0, 0.2, 3.0))
    )


def _fill(luck: Random, _cast: Cast, at_s: float) -> a.AnyAction:
    return a.Fill(at_s=at_s, for_s=luck.choice((0.3, 1.5, 5.0)), room=luck.choice((0, 1, 1, 2, 3)))


def _skew(luck: Random, cast: Cast, at_s: float) -> a.AnyAction:
    who = luck.choice((*cast.supervisors, "server", "server"))
    return a.Skew(at_s=at_s, who=who, by_ms=luck.choice((-20_000, -1_500, -200, 300, 2_000, 40_000)))


def _submit(luck: Random, _cast: Cast, at_s: float) -> a.AnyAction:
    body = Submit(
        goal="why?",
        tenant=luck.choice(TENANTS),
        priority=luck.randint(0, 9),
        plan=_plan(luck) if luck.random() < 0.6 else None,
        review=luck.random() < 0.5,
        deadline_s=luck.choice((None, None, None, 12)),
        budget=Budget(
            tokens=luck.choice((None, None, 600, 2_000, 20_000)),
            tool_calls=luck.choice((None, None, 1, 3)),
            model_calls=luck.choice((None, None, 2, 6)),
            spend_usd_micros=luck.choice((None, None, 700, 3_000)),
            steps=luck.choice((None, None, 3, 12)),
            replans=luck.choice((0, 1, 2)),
            wall_ms=luck.choice((None, None, 8_000)),
        ),
    )
    return a.Hand(at_s=at_s, body=body)


def _buy(luck: Random, _cast: Cast, at_s: float) -> a.AnyAction:
    """Submit what lives long enough for people to think about it."""
    return a.Hand(at_s=at_s, body=Submit(goal="buy", plan=_plan(luck), review=False))


def _plan(luck: Random) -> Plan:
    steps: list[PlannedStep] = []
    for name in "abcd"[: luck.randint(1, 4)]:
        before = tuple(step.id for step in steps if luck.random() < 0.4)
        role = luck.choice(ROLES_OF_STEPS)
        given = asks_people(luck) if role == HUMAN else {}
        steps.append(PlannedStep(id=name, role=role, input=given, after=before))
    return Plan(steps=tuple(steps))


def _switch(luck: Random, cast: Cast, at_s: float) -> a.AnyAction:
    kind = luck.random()
    by = luck.choice(("olga", "olga", "ada"))
    if kind < 0.35:
        return _switch_scope(luck, cast, at_s, by)
    if kind < 0.4:
        return a.Rule(at_s=at_s, people=luck.choice((1, 2, 2, 3)))
    if kind < 0.55:
        verb = luck.choice(("pause", "resume", "resume", "resume", "drain", "kill"))
        return a.Switch(at_s=at_s, verb=verb, task=None, by=by)
    if kind < 0.65:
        return a.Switch(at_s=at_s, verb="kill", task=a.NEWEST, by=by)
    verb = luck.choice(("pause", "pause", "resume", "resume", "resume", "kill", "drain"))
    step = luck.choice(("plan", "a", "b", "c", "review")) if kind > 0.85 else ""
    for_s = luck.choice((None, 2)) if verb == "pause" else None
    return a.Switch(at_s=at_s, verb=verb, task=luck.randint(0, 5), step=step, by=by, for_s=for_s)


def _switch_scope(luck: Random, cast: Cast, at_s: float, by: str) -> a.AnyAction:
    """Switch an agent, a role, a tool, a model or a tenant; there are few, so that one is let go again."""
    scope = luck.choice(
        (
            f"agent.{luck.choice((*cast.agents, *cast.agents, *cast.workers))}",
            f"role.{luck.choice(ROLES)}",
            f"tool.{luck.choice(('search', 'write_file'))}",
            f"model.{luck.choice(('offline/x', 'offline/*'))}",
            f"tenant.{luck.choice(TENANTS)}",
            f"tenant.{luck.choice(TENANTS)}",
        )
    )
    verb = luck.choice(("pause", "drain", "kill", "kill", "resume", "resume", "resume"))
    for_s = luck.choice((None, 2)) if verb == "pause" else None
    return a.Switch(at_s=at_s, verb=verb, task=None, scope=scope, by=by, for_s=for_s)


def _strike(luck: Random, _cast: Cast, at_s: float) -> a.AnyAction:
    over = luck.choice(STRUCK)
    late_s, cut_s = luck.choice((0.0, 0.02, 0.6, 1.5)), luck.choice((0.0, 0.1))
    return a.Strike(at_s=at_s, over=over, by=luck.choice(("olga", "ada")), late_s=late_s, cut_s=cut_s)


def _more(luck: Random, _cast: Cast, at_s: float) -> a.AnyAction:
    more = Amounts(
        tokens=luck.choice((0, 1_000, 5_000)),
        spend_usd_micros=luck.choice((0, 2_000)),
        tool_calls=luck.choice((0, 1)),
        model_calls=luck.choice((0, 3)),
        steps=luck.choice((0, 4)),
        wall_ms=luck.choice((0, 5_000)),
    )
    return a.More(at_s=at_s, task=luck.randint(0, 5), more=more)


def _limit(luck: Random, _cast: Cast, at_s: float) -> a.AnyAction:
    scope = luck.choice(
        ("fleet", "tenant.red", "tenant.blue", "tenant.default", "role.researcher", "role.executor")
    )
    return a.Limit(at_s=at_s, scope=scope, total=_shared_budget(luck), day=_shared_budget(luck))


def _shared_budget(luck: Random) -> Budget:
    if luck.random() < 0.3:
        return Budget()
    return Budget(
        tokens=luck.choice((None, None, 1_500, 6_000)),
        tool_calls=luck.choice((None, None, 3, 8)),
        spend_usd_micros=luck.choice((None, None, 2_000, 8_000)),
        steps=luck.choice((None, None, 8)),
        wall_ms=luck.choice((None, None, None, 12_000)),
    )


def _reply(_luck: Random, _cast: Cast, at_s: float) -> a.AnyAction:
    return a.Reply(at_s=at_s, text="yes")


def _decide(luck: Random, _cast: Cast, at_s: float) -> a.AnyAction:
    """Let people decide: mostly those who may, mostly yes; the stranger also forges."""
    who = luck.choice(
        ("fay", "fay", "fred", "fred", "finn", "alice", "carl", "olga", "nick", "nick", STRANGER)
    )
    how = luck.choice(("approve", "approve", "approve", "approve briefly", *a.HOWS))
    if who == STRANGER and luck.random() < 0.6:
        how = luck.choice(a.FORGERIES)
    return a.Decide(at_s=at_s, place=luck.randint(0, 3), who=who, how=how)


def _stand(luck: Random, _cast: Cast, at_s: float) -> a.AnyAction:
    by = luck.choice(("fay", "fred", "finn", "alice"))
    to = luck.choice(("nick", "nick", "carl", "fay"))
    return a.Stand(at_s=at_s, by=by, to=to, for_s=luck.choice((0, 5, 60)))


def _sway(luck: Random, _cast: Cast, at_s: float) -> a.AnyAction:
    return a.Sway(at_s=at_s, rules=luck.randrange(len(RULES)))


def _level(luck: Random, _cast: Cast, at_s: float) -> a.AnyAction:
    return a.Level(at_s=at_s, role=luck.choice(("executor", "researcher")), level=luck.randint(0, 5))


def _plant(luck: Random, _cast: Cast, at_s: float) -> a.AnyAction:
    return a.Plant(at_s=at_s, cents=luck.choice((5, 500)))


def _mischief(luck: Random, _cast: Cast, at_s: float) -> a.AnyAction:
    kind, verb = luck.choice(sorted(INPUT_KINDS))
    data = luck.choice((b"", b"{", b'{"v":2}', b"[]", b"\xff"))
    if luck.random() < 0.5:
        kind, verb = "effect", "completed"
        data = encode(EffectCompleted(effect=luck.randint(0, 80), grant=1, value=msgspec.Raw(b"1")))
    elif luck.random() < 0.5:
        kind, verb = "agent", "result"
        step = luck.choice(("plan", "a", "b", "review"))
        data = encode(StepResult(step=step, attempt=luck.randint(1, 2), value=msgspec.Raw(b"1")))
    return a.Mischief(at_s=at_s, kind=kind, verb=verb, data=data, task=luck.randint(0, 5))


_WORK: dict[Draw, int] = {_submit: 9, _reply: 6, _more: 5, _decide: 4}
_ASKED: dict[Draw, int] = {_decide: 30, _stand: 6, _sway: 6, _level: 3, _plant: 2}
_STOPS: dict[Draw, int] = {_switch: 14, _strike: 3}
_DEATHS: dict[Draw, int] = {_crash: 14, _freeze: 8, _leave: 4, _vanish: 1}
_NET: dict[Draw, int] = {_storm: 14, _stall: 7, _cut: 12}

PROFILES: dict[str, dict[Draw, int]] = {
    "calm": _WORK,
    "clocks": _WORK | {_limit: 3, _skew: 12, _switch: 4, _crash: 3},
    "deaths": _WORK | _DEATHS,
    "full": _WORK | {_fill: 10, _crash: 6, _switch: 3},
    "money": _WORK | {_limit: 10, _more: 10, _submit: 14, _crash: 4, _mischief: 3},
    "network": _WORK | _NET,
    "people": _WORK | _ASKED | {_submit: 2, _buy: 10, _switch: 3, _crash: 4, _strike: 2, _more: 1},
    "stops": _WORK | {_switch: 24, _strike: 6, _crash: 4, _storm: 3, _limit: 2},
    "storm": _WORK | {_limit: 5} | _STOPS | _DEATHS | _NET | {_fill: 3, _skew: 3, _mischief: 4},
}
"""What the adversary does in each profile, and how often compared with the rest."""
