"""The processes of a local environment, as data: what each is called, runs and may know.

Starting them is the launcher's. Agents get no keys of models, and of the starter's environment only PATH,
HOME and the language; only effects may know how to reach models.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from interlock.console.state import StateFolder

COMMON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ")
MODEL_ACCESS = (
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_BASE_URL",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
)
FILES = ("INTERLOCK_PRICES", "SSL_CERT_FILE", "SSL_CERT_DIR")


class Service(NamedTuple):
    """What runs in an environment: its name and role on the bus, its module with arguments, its stage."""

    name: str
    role: str
    module: tuple[str, ...]
    stage: int


SERVICES = (
    Service("supervisor-1", "supervisor", ("interlock.supervisor",), 0),
    Service("effects-1", "effects", ("interlock.effects",), 1),
    Service("planner-1", "agent", ("interlock.agents", "planner"), 2),
    Service("researcher-1", "agent", ("interlock.agents", "researcher"), 2),
    Service("executor-1", "agent", ("interlock.agents", "executor"), 2),
    Service("reviewer-1", "agent", ("interlock.agents", "reviewer"), 2),
)


class Child(msgspec.Struct, frozen=True, kw_only=True):
    """One process, permanent: restarted when it dies. The highest stage is stopped first.

    `joins` is whether the fleet's decisions tell when it is ready.
    """

    name: str
    command: tuple[str, ...]
    environment: dict[str, str]
    stage: int = 0
    joins: bool = True


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What all processes of one environment share."""

    state: StateFolder
    url: str
    docs: tuple[Path, ...]
    model: str
    keys: Mapping[str, Path]


def children(plan: Plan, environment: Mapping[str, str]) -> tuple[Child, ...]:
    """Return the processes of a local environment in the order in which they start."""
    return tuple(_child(plan, service, environment) for service in SERVICES)


def _child(plan: Plan, service: Service, environment: Mapping[str, str]) -> Child:
    common = {name: environment[name] for name in COMMON if name in environment}
    settings = {
        "INTERLOCK_URL": plan.url,
        "INTERLOCK_PRINCIPAL": service.name,
        "INTERLOCK_KEY_FILE": str(plan.keys[service.name]),
        "INTERLOCK_LOG": "json",
        "INTERLOCK_PARENT": str(os.getpid()),
    }
    own = _of_effects(plan, environment) if service.role == "effects" else {}
    return Child(
        name=service.name,
        command=(sys.executable, "-P", "-m", *service.module),
        environment=common | settings | own,
        stage=service.stage,
        joins=service.role != "supervisor",
    )


def _of_effects(plan: Plan, environment: Mapping[str, str]) -> dict[str, str]:
    access = {name: environment[name] for name in MODEL_ACCESS if name in environment}
    # A process starts in the root folder, where a relative path would name something else.
    files = {name: str(Path(environment[name]).absolute()) for name in FILES if environment.get(name)}
    return (
        access
        | files
        | {
            "INTERLOCK_DOCS": os.pathsep.join(map(str, plan.docs)),
            "INTERLOCK_WORKSPACES": str(plan.state.workspaces),
            "INTERLOCK_CACHE": str(plan.state.cache),
            "INTERLOCK_MODEL": plan.model,
        }
    )
