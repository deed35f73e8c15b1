"""What an adversary may do, as data: each action has its time, and can be left out of a scenario."""

import msgspec

from interlock.console.simulation.line import Weather
from interlock.contracts.budget import Amounts
from interlock.contracts.task import Submit


class Action(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Something that happens at a virtual time (seconds)."""

    at_s: float


class Crash(Action, frozen=True, kw_only=True):
    """Kill a process after so many more callbacks of its own, and start it again later."""

    who: str
    steps: int
    back_s: float


class Freeze(Action, frozen=True, kw_only=True):
    """Stop a process where it is, and let it go on later."""

    who: str
    for_s: float


class Leave(Action, frozen=True, kw_only=True):
    """Let an agent or effect worker end in order, and start it again later."""

    who: str
    back_s: float


class Storm(Action, frozen=True, kw_only=True):
    """Give a process's line bad weather for a while."""

    who: str
    for_s: float
    weather: Weather


class Stall(Action, frozen=True, kw_only=True):
    """Let nothing move on a process's line for a while."""

    who: str
    for_s: float


class Cut(Action, frozen=True, kw_only=True):
    """Break a process's connection (`server`: everybody's) for a while; it is noticed after `notice_s`."""

    who: str
    for_s: float
    notice_s: float


class Fill(Action, frozen=True, kw_only=True):
    """Let the log have no more room for a while."""

    for_s: float


class Skew(Action, frozen=True, kw_only=True):
    """Let a process's clock jump."""

    who: str
    by_ms: int


class Hand(Action, frozen=True, kw_only=True):
    """Submit a task."""

    body: Submit


class Switch(Action, frozen=True, kw_only=True):
    """Pause, drain, kill or resume the n-th task (None: the fleet)."""

    verb: str
    task: int | None


class More(Action, frozen=True, kw_only=True):
    """Raise the limits of the n-th task."""

    task: int
    more: Amounts


class Reply(Action, frozen=True, kw_only=True):
    """Answer every open question."""

    text: str


class Mischief(Action, frozen=True, kw_only=True):
    """Let `mallory` say something that is malformed, stale or not his to say, about the n-th task."""

    kind: str
    verb: str
    data: bytes
    task: int


AnyAction = (
    Crash
    | Freeze
    | Leave
    | Storm
    | Stall
    | Cut
    | Fill
    | Skew
    | Hand
    | Switch
    | More
    | Reply
    | Mischief
)


def sentence(action: Action) -> str:
    """Say an action in plain words."""
    return f"at {action.at_s:7.3f} s  {_words(action)}"


def _words(action: Action) -> str:  # noqa: PLR0911 - one sentence for each kind
    match action:
        case Crash():
            return f"{action.who} is killed {action.steps} callbacks later, and back after {action.back_s:g} s"
        case Freeze():
            return f"{action.who} is frozen for {action.for_s:g} s"
        case Leave():
            return f"{action.who} is asked to end, and back after {action.back_s:g} s"
        case Storm():
            weather = action.weather
            return (
                f"bad weather for {action.who} for {action.for_s:g} s: up to {weather.most_ms:g} ms late, "
                f"{weather.lost:.0%} lost, {weather.doubled:.0%} doubled, {weather.acks_lost:.0%} of acks lost"
            )
        case Stall():
            return f"the line of {action.who} stalls for {action.for_s:g} s"
        case Cut():
            return f"the connection of {action.who} breaks for {action.for_s:g} s"
        case Fill():
            return f"the log is full for {action.for_s:g} s"
        case Skew():
            return f"the clock of {action.who} jumps by {action.by_ms} ms"
        case _:
            return _said(action)


def _said(action: Action) -> str:
    match action:
        case Hand(body=body):
            planned = f" with a plan of {len(body.plan.steps)} steps" if body.plan is not None else ""
            return f"a task of {body.tenant} is submitted{planned}, priority {body.priority}"
        case Switch():
            return f"somebody says {action.verb} to {_task(action.task)}"
        case More():
            return f"somebody raises the limits of {_task(action.task)}"
        case Reply():
            return "somebody answers every open question"
        case Mischief():
            return f"mallory says {action.kind}.{action.verb} about {_task(action.task)}: {action.data[:40]!r}"
        case _:
            return type(action).__name__


def _task(number: int | None) -> str:
    return "the fleet" if number is None else f"task no. {number + 1}"
