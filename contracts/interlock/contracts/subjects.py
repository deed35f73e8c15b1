"""The subjects of the protocol: builds and reads them; knows nothing of who listens.

A record's subject says who speaks (the server enforces it) and what kind of thing is said;
the payload says the rest. Design: one log, two families (`in`, `decision`), four unstored kinds.
"""

import re

import msgspec

from interlock.contracts.errors import MalformedSubject

STREAM = "INTERLOCK"
ROOT = "interlock"
INPUTS = f"{ROOT}.in.>"
DECISIONS = f"{ROOT}.decision.>"
FLEET = "fleet"
FLEET_DECISIONS = f"{ROOT}.decision.{FLEET}"
LEADER = "leader"
LEADER_DECISIONS = f"{ROOT}.decision.{LEADER}"
BEATS = f"{ROOT}.beat.*"
LEADS = f"{ROOT}.lead.*"
LIVE = f"{ROOT}.live.>"
CONTROLS = f"{ROOT}.in.*.control.>"
KILLS = f"{ROOT}.in.*.control.kill.>"
ENTITLEMENTS = f"{ROOT}.in.*.access.entitled.*"
DELEGATIONS = f"{ROOT}.in.*.human.delegate"
SUBMISSIONS = f"{ROOT}.in.*.task.submit"
STORED = (INPUTS, DECISIONS)
# The same records by one pattern: a server reads with one filter many times faster than with two.
EVERYTHING = f"{ROOT}.>"

_TOKEN = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class InputSubject(msgspec.Struct, frozen=True):
    """A parsed `interlock.in.<principal>.<kind>.<verb>[.<rest>...]`."""

    principal: str
    kind: str
    verb: str
    rest: tuple[str, ...] = ()


def token(name: str) -> str:
    """Return `name` if it may stand as one token of a subject, else raise MalformedSubject."""
    if not _TOKEN.fullmatch(name):
        raise MalformedSubject(
            f"{name!r} is not a name on the bus: use 1 to 64 of a-z, 0-9, '-' and '_', "
            "and begin with a letter or digit"
        )
    return name


def input_subject(principal: str, kind: str, verb: str, *rest: str | int) -> str:
    """Build the subject on which `principal` says `kind`.`verb`."""
    return ".".join((ROOT, "in", principal, kind, verb, *map(str, rest)))


def read_input(subject: str) -> InputSubject:
    """Take an input's subject apart; raise MalformedSubject if it is none."""
    words = subject.split(".")
    if len(words) < 5 or words[0] != ROOT or words[1] != "in":
        raise MalformedSubject(f"{subject!r} is not {ROOT}.in.<principal>.<kind>.<verb>")
    return InputSubject(words[2], words[3], words[4], tuple(words[5:]))


def decision_subject(task: int) -> str:
    """Return the subject of a task's decisions; task 0 is the fleet."""
    return f"{ROOT}.decision.{task}" if task else FLEET_DECISIONS


def decided_task(subject: str) -> int:
    """Return which task a decision's subject belongs to; 0 is the fleet, and who leads it."""
    last = subject.rsplit(".", 1)[-1]
    return 0 if last in {FLEET, LEADER} else int(last)


def task_records(task: int) -> tuple[str, ...]:
    """Return the filters that together name every record of a task but its submission."""
    return (
        decision_subject(task),
        f"{ROOT}.in.*.*.*.{task}",
        f"{ROOT}.in.*.*.*.{task}.>",
        f"{ROOT}.in.*.control.*.task.{task}",
        f"{ROOT}.in.*.control.*.step.{task}.*",
    )


def kills_over(agent: str, role: str) -> tuple[str, ...]:
    """Return where kills are said that may be over an agent's work; of all others it need not be woken."""
    scopes = (FLEET, f"agent.{agent}", f"role.{role}", "tenant.*", "task.*", "step.*.*")
    return tuple(f"{ROOT}.in.*.control.kill.{scope}" for scope in scopes)


def dispatch_subject(principal: str) -> str:
    """Return where the one named principal is told what to do."""
    return f"{ROOT}.do.{principal}"


def outcome_subject(agent: str, worker: str) -> str:
    """Return where that effect worker tells that agent what became of an effect, unstored."""
    return f"{ROOT}.outcome.{agent}.{worker}"


def live_subject(task: int, step: str, principal: str) -> str:
    """Return where that principal shows a step's progress and tokens, unstored."""
    return f"{ROOT}.live.{task}.{step}.{principal}"


def beat_subject(principal: str) -> str:
    """Return where a principal shows that it lives."""
    return f"{ROOT}.beat.{principal}"


def lead_subject(principal: str) -> str:
    """Return where the supervisor that leads shows that somebody decides."""
    return f"{ROOT}.lead.{principal}"
