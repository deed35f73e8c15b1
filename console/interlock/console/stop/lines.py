"""Says each fact about switches, receipts and what was seen from outside in one line. Only words."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from interlock.console.stop.scopes import said_scope
from interlock.console.stop.times import said_moment
from interlock.contracts import facts as f

FEW = 5
TRIED: dict[str, str] = {
    "connect": "tried to connect",
    "publish": "tried to publish on",
    "subscribe": "tried to listen to",
    "payload": "sent too much at once",
    "flood": "sent too much too fast",
    "forge": "said what is not its own to say:",
    "replay": "said again what is over:",
}


def because(reason: str) -> str:
    """Return a reason as the end of a line."""
    return f": {reason}" if reason else ""


def until(until_ms: int | None) -> str:
    """Return until when something holds, as a piece of a line."""
    return f" until {said_moment(until_ms)}" if until_ms else ""


def people(names: Iterable[str]) -> str:
    """Return a few names, and how many there are besides."""
    every = tuple(names)
    more = f" and {len(every) - FEW} more" if len(every) > FEW else ""
    return ", ".join(every[:FEW]) + more


def counted(words: Iterable[str]) -> str:
    """Return how often each word stands there: 2 aborted, 1 in doubt."""
    return ", ".join(f"{count} {word.replace('_', ' ')}" for word, count in Counter(words).items())


def still_needed(fact: f.ReleaseAsked) -> int:
    """Return how many people more have to want it."""
    return max(0, fact.needed - len(fact.by))


def violator(principal: str) -> str:
    """Name who tried what is not its own."""
    return principal or "somebody unknown"


def _paused(fact: f.Paused) -> str:
    return f"paused by {fact.by}{until(fact.until_ms)}{because(fact.reason)}"


def _switched(fact: f.Switched) -> str:
    return f"{fact.scope} is {fact.state}{until(fact.until_ms)}, by {fact.by}{because(fact.reason)}"


def _fleet_switched(fact: f.FleetSwitched) -> str:
    return f"everything is {fact.state}{until(fact.until_ms)}, by {fact.by}{because(fact.reason)}"


def _release_asked(fact: f.ReleaseAsked) -> str:
    more = still_needed(fact)
    others = "1 other person has" if more == 1 else f"{more} other people have"
    verb = "wants" if len(fact.by) == 1 else "want"
    return f"{people(fact.by)} {verb} everything to go on; {others} to say so too: interlock resume fleet"


def _release_rule(fact: f.ReleaseRuleSet) -> str:
    wanted = "1 person has" if fact.people == 1 else f"{fact.people} different people have"
    return f"after a kill of everything {wanted} to resume it, says {fact.by}{because(fact.reason)}"


def _guard(fact: f.GuardJoined) -> str:
    of = people(fact.children) or "nobody yet"
    return f"{fact.principal} joined{_on(fact.host)}: it watches the processes of {of}"


def _on(host: str) -> str:
    return f" on {host}" if host else ""


def _violated(fact: f.AccessViolated) -> str:
    times = f" ({fact.times} times)" if fact.times > 1 else ""
    tried = f"{TRIED[fact.action]} {fact.target}".strip()
    return f"refused: {violator(fact.principal)} {tried}{times}{because(fact.detail)}"


def _entitled(fact: f.Entitled) -> str:
    named = (
        ("roles", fact.roles),
        ("tenants", fact.tenants),
        ("tools", fact.tools),
        ("models", fact.models),
    )
    allowed = "; ".join(f"{what} {people(names)}" for what, names in named if names)
    return f"what may be done in the name of {fact.principal}: {allowed or 'everything'}"


def _receipted(fact: f.Receipted) -> str:
    effects = counted(effect.fate for effect in fact.effects) or "none was open"
    processes = counted(process.fate for process in fact.processes) or "none had work"
    more = fact.more_effects + fact.more_processes
    rest = f"; {more} more" if more else ""
    open_end = "" if fact.complete else "; not everything was observed"
    return (
        f"receipt of the kill of {said_scope(fact.scope)} (record {fact.kill}): "
        f"effects: {effects}; processes: {processes}{rest}{open_end}"
    )


SAID: dict[type[f.Fact], Callable[[Any], str]] = {
    f.Paused: _paused,
    f.Drained: lambda fact: (
        f"drained by {fact.by}: the steps in hand may finish, no other begins{because(fact.reason)}"
    ),
    f.Switched: _switched,
    f.FleetSwitched: _fleet_switched,
    f.ReleaseAsked: _release_asked,
    f.ReleaseRuleSet: _release_rule,
    f.AgentCondemned: lambda fact: f"the process of {fact.principal} shall end{because(fact.reason)}",
    f.StepStopped: lambda fact: f"{fact.step}: {fact.principal} confirms that it has stopped",
    f.GuardJoined: _guard,
    f.AccessJoined: lambda fact: f"{fact.principal} joined{_on(fact.host)}: it sees connections end",
    f.ExitObserved: lambda fact: (
        f"{fact.observer} saw the process of {fact.principal} end (record {fact.input})"
    ),
    f.ConnectionObserved: lambda fact: (
        f"{fact.observer} saw the last connection of {fact.principal} end (record {fact.input})"
    ),
    f.AccessViolated: _violated,
    f.Entitled: _entitled,
    f.Receipted: _receipted,
}
