"""What a guard shall run, as data: its children, their order, and how each is kept.

The words are those of Erlang/OTP: https://www.erlang.org/doc/apps/stdlib/supervisor.html. Nothing is started
here.
"""

from pathlib import Path
from typing import Literal

import msgspec

from interlock.supervisor.errors import MalformedPlan
from interlock.supervisor.guard.intensity import Intensity

Role = Literal["agent", "effects", "supervisor", "access", "viewer"]
Restart = Literal["permanent", "transient", "temporary"]
MOST_CHILDREN = 1_024
GRACE_S = 3.0


class Child(msgspec.Struct, frozen=True, kw_only=True):
    """One process: its principal on the bus, what it runs, and with which environment.

    Children start by `order`, the lowest first; with `ready` those of a higher order wait until this one has
    written to the descriptor that INTERLOCK_READY_FD names. They stop in reverse, each within `grace_s`.
    `permanent` ones are always started again, `transient` ones when they failed, `temporary` ones never.
    `charter` is the role of an agent's charter, `log` the file that takes its output.
    """

    name: str
    role: Role
    command: tuple[str, ...]
    environment: dict[str, str]
    log: str
    charter: str = ""
    order: int = 0
    restart: Restart = "permanent"
    grace_s: float = GRACE_S
    ready: bool = False


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """All children of a guard, and how often one of them may die."""

    children: tuple[Child, ...]
    intensity: Intensity = Intensity()


def read(path: Path) -> Plan:
    """Read a plan; raise MalformedPlan when the file cannot be read, or says what cannot be done."""
    try:
        plan = msgspec.json.decode(path.read_bytes(), type=Plan)
    except OSError as error:
        raise MalformedPlan(f"the plan {path} cannot be read: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise MalformedPlan(f"the plan {path} is none: {error}") from error
    names = [child.name for child in plan.children]
    if len(set(names)) < len(names) or len(names) > MOST_CHILDREN:
        raise MalformedPlan(
            f"the plan {path} has {len(names)} children, {len(set(names))} of different names: "
            f"each needs its own, and at most {MOST_CHILDREN} are kept"
        )
    bare = [child.name for child in plan.children if not child.command]
    if bare:
        raise MalformedPlan(f"the plan {path} does not say what {bare[0]} runs: give it a command")
    return plan
