"""What an adversary may do, as data: each action has its time, and can be left out of a scenario."""

import msgspec

from interlock.console.simulation.line import Weather
from interlock.contracts.budget import Amounts, Budget
from interlock.contracts.scope import ScopeKind
from interlock.contracts.task import Submit

HOWS = (
    "approve",
    "approve briefly",
    "approve twice",
    "approve unsigned",
    "approve what stood there before",
    "edit",
    "edit to more",
    "reject",
    "answer",
    "raise",
    "reassign",
    "abort",
)
FORGERIES = ("sign by another's key", "sign in another's name", "sign over something else")
NEWEST = -1
"""Instead of a number, the task that was accepted last."""


class Action(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Something that happens at a virtual time (seconds)."""

    at_s: float

    def words(self) -> str:
        """Say it in plain words."""
        raise NotImplementedError

    def sentence(self) -> str:
        """Say when it happens, and what."""
        return f"at {self.at_s:7.3f} s  {self.words()}"


class Crash(Action, frozen=True, kw_only=True):
    """Kill a process after so many more callbacks of its own, and start it again later."""

    who: str
    steps: int
    back_s: float

    def words(self) -> str:
        """Say it in plain words."""
        return f"{self.who} is killed {self.steps} callbacks later, and back after {self.back_s:g} s"


class Freeze(Action, frozen=True, kw_only=True):
    """Stop a process where it is, and let it go on later."""

    who: str
    for_s: float

    def words(self) -> str:
        """Say it in plain words."""
        return f"{self.who} is frozen for {self.for_s:g} s"


class Leave(Action, frozen=True, kw_only=True):
    """Let an agent or effect worker end in order, and start it again later."""

    who: str
    back_s: float

    def words(self) -> str:
        """Say it in plain words."""
        return f"{self.who} is asked to end, and back after {self.back_s:g} s"


class Vanish(Action, frozen=True, kw_only=True):
    """Kill a process for good."""

    who: str

    def words(self) -> str:
        """Say it in plain words."""
        return f"{self.who} is gone for good"


class Storm(Action, frozen=True, kw_only=True):
    """Give a process's line bad weather for a while."""

    who: str
    for_s: float
    weather: Weather

    def words(self) -> str:
        """Say it in plain words."""
        weather = self.weather
        return (
            f"bad weather for {self.who} for {self.for_s:g} s: up to {weather.most_ms:g} ms late, "
            f"{weather.lost:.0%} lost, {weather.leads_lost:.0%} of signs that somebody leads, "
            f"{weather.doubled:.0%} doubled, {weather.acks_lost:.0%} of acks lost"
        )


class Stall(Action, frozen=True, kw_only=True):
    """Let nothing move on a process's line for a while."""

    who: str
    for_s: float

    def words(self) -> str:
        """Say it in plain words."""
        return f"the line of {self.who} stalls for {self.for_s:g} s"


class Cut(Action, frozen=True, kw_only=True):
    """Break a process's connection (`server`: everybody's) for a while; it is noticed after `notice_s`."""

    who: str
    for_s: float
    notice_s: float

    def words(self) -> str:
        """Say it in plain words."""
        return f"the connection of {self.who} breaks for {self.for_s:g} s"


class Fill(Action, frozen=True, kw_only=True):
    """Let the log have room for so many more records only, for a while."""

    for_s: float
    room: int = 0

    def words(self) -> str:
        """Say it in plain words."""
        return f"the log is full after {self.room} more records, for {self.for_s:g} s"


class Skew(Action, frozen=True, kw_only=True):
    """Let a process's clock jump."""

    who: str
    by_ms: int

    def words(self) -> str:
        """Say it in plain words."""
        return f"the clock of {self.who} jumps by {self.by_ms} ms"


class Hand(Action, frozen=True, kw_only=True):
    """Submit a task."""

    body: Submit

    def words(self) -> str:
        """Say it in plain words."""
        body = self.body
        planned = f" with a plan of {len(body.plan.steps)} steps" if body.plan is not None else ""
        return f"a task of {body.tenant} is submitted{planned}, priority {body.priority}"


class Switch(Action, frozen=True, kw_only=True):
    """Pause, drain, kill or resume the n-th task, the NEWEST, the fleet (None), or what `scope` names.

    A scope is such as `tool.search`; `step` names a step of that task; a pause may end after `for_s`.
    """

    verb: str
    task: int | None
    scope: str = ""
    step: str = ""
    by: str = "olga"
    for_s: int | None = None

    def words(self) -> str:
        """Say it in plain words."""
        what = self.scope or (f"step {self.step} of " if self.step else "") + _task(self.task)
        return f"{self.by} says {self.verb} to {what}" + (f" for {self.for_s} s" if self.for_s else "")


class Strike(Action, frozen=True, kw_only=True):
    """As soon as the next grant is on its way to an effect worker, kill what it is for: its `over`.

    The grant may come `late_s` later, and the worker's connection may break for so long.
    """

    over: ScopeKind
    by: str = "olga"
    late_s: float = 0.0
    cut_s: float = 0.0

    def words(self) -> str:
        """Say it in plain words."""
        late = f", which comes {self.late_s:g} s late" if self.late_s else ""
        cut = f"; its worker is cut off for {self.cut_s:g} s" if self.cut_s else ""
        return f"{self.by} kills the {self.over} of the next grant while it is on its way{late}{cut}"


class Rule(Action, frozen=True, kw_only=True):
    """Set how many people have to resume a killed fleet."""

    people: int

    def words(self) -> str:
        """Say it in plain words."""
        return f"from now on it takes {self.people} to release the fleet"


class More(Action, frozen=True, kw_only=True):
    """Raise the limits of the n-th task."""

    task: int
    more: Amounts

    def words(self) -> str:
        """Say it in plain words."""
        return f"somebody raises the limits of {_task(self.task)}"


class Limit(Action, frozen=True, kw_only=True):
    """Set the limits of a shared scope, such as `tenant.red`, in total and a day."""

    scope: str
    total: Budget
    day: Budget

    def words(self) -> str:
        """Say it in plain words."""
        return f"somebody sets limits of {self.scope}: {_limits(self.total)}; a day {_limits(self.day)}"


class Reply(Action, frozen=True, kw_only=True):
    """Answer every open question."""

    text: str

    def words(self) -> str:
        """Say it in plain words."""
        return "somebody answers every open question"


class Decide(Action, frozen=True, kw_only=True):
    """Let somebody decide about the n-th of what is open; `how` is one of HOWS."""

    place: int
    who: str
    how: str

    def words(self) -> str:
        """Say it in plain words."""
        return f"{self.who} decides about no. {self.place + 1} of what is open: {self.how}"


class Stand(Action, frozen=True, kw_only=True):
    """Let somebody delegate to another for so long (0: not any more)."""

    by: str
    to: str
    for_s: int

    def words(self) -> str:
        """Say it in plain words."""
        return f"{self.by} lets {self.to} stand in for {self.for_s} s"


class Sway(Action, frozen=True, kw_only=True):
    """Let other policies hold: those of that place among the rules."""

    rules: int

    def words(self) -> str:
        """Say it in plain words."""
        return f"the policies no. {self.rules + 1} hold from now on"


class Level(Action, frozen=True, kw_only=True):
    """Set how far a role goes by itself."""

    role: str
    level: int

    def words(self) -> str:
        """Say it in plain words."""
        return f"somebody lets {self.role} go as far as level {self.level}"


class Plant(Action, frozen=True, kw_only=True):
    """Plant a request that must be rejected in every task that goes on."""

    cents: int

    def words(self) -> str:
        """Say it in plain words."""
        return f"somebody plants a request to pay {self.cents} in every task"


class Mischief(Action, frozen=True, kw_only=True):
    """Let `mallory` say something that is malformed, stale or not his to say, about the n-th task."""

    kind: str
    verb: str
    data: bytes
    task: int

    def words(self) -> str:
        """Say it in plain words."""
        return f"mallory says {self.kind}.{self.verb} about {_task(self.task)}: {self.data[:40]!r}"


AnyAction = (
    Crash
    | Freeze
    | Leave
    | Vanish
    | Storm
    | Stall
    | Cut
    | Fill
    | Skew
    | Hand
    | Switch
    | Strike
    | Rule
    | More
    | Reply
    | Decide
    | Stand
    | Sway
    | Level
    | Plant
    | Mischief
    | Limit
)


def _limits(budget: Budget) -> str:
    said = [f"{value} {name}" for name, value in msgspec.structs.asdict(budget).items() if value is not None]
    return " and ".join(said) or "none"


def _task(number: int | None) -> str:
    if number == NEWEST:
        return "the newest task"
    return "the fleet" if number is None else f"task no. {number + 1}"
