"""The processes of a local environment, as data: what each is called, runs and may know.

Starting them is the guard's. Agents get no keys of models, and of the starter's environment only PATH,
HOME and the language; only effects may know how to reach models, and what their tools need.
"""

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from interlock.console.notifying.places import PLACE, VARIABLE
from interlock.console.state import StateFolder
from interlock.supervisor.guard.plan import Child, Role

COMMON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ")
MODEL_ACCESS = (
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_BASE_URL",
)
TOOLS = ("INTERLOCK_TOOLS",)
NAMED = "INTERLOCK_TOOLS_ENV"
"""Lists the variables that tools from outside need: addresses, tokens. No other process is given them."""
WAY_OUT = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
TRUST = ("SSL_CERT_FILE", "SSL_CERT_DIR")
POLICIES = ("INTERLOCK_POLICIES",)
TOKENS = ("INTERLOCK_OIDC",)
FILES = ("INTERLOCK_PRICES", *TRUST)


class Service(NamedTuple):
    """What runs in an environment: its name and role on the bus, its module with arguments, its order.

    With `ready` those of a higher order are started when it has said that it is ready, and the environment is
    up then. `charter` is the role of an agent's charter, `knows` what it is told besides, as variables.
    """

    name: str
    role: Role
    module: tuple[str, ...]
    order: int
    ready: bool = False
    charter: str = ""
    knows: Mapping[str, str] = MappingProxyType({})

    @property
    def joins(self) -> bool:
        """Whether the fleet's decisions tell when it is there."""
        return self.role in JOINING


JOINING = ("agent", "effects", "access")
GUARD = "guard-1"
SERVICES = (
    Service("access-1", "access", ("interlock.supervisor.access",), 0, ready=True),
    Service("supervisor-1", "supervisor", ("interlock.supervisor",), 1),
    Service("effects-1", "effects", ("interlock.effects",), 2),
    *(
        Service(f"{role}-1", "agent", ("interlock.agents", role), 3, charter=role)
        for role in ("planner", "researcher", "executor", "reviewer")
    ),
)


NOTIFIER = Service("notifier-1", "viewer", ("interlock.console.notifying",), 3, ready=True)
"""Runs where a file of channels was named: it reads the log, and tells people outside.

It says when it reads, for at its very first start what was decided before is told nobody. None waits for it
but whoever starts the environment.
"""


class GuardProcess(msgspec.Struct, frozen=True, kw_only=True):
    """The process that starts and keeps all others: what it runs, and the file that takes its output."""

    command: tuple[str, ...]
    environment: dict[str, str]
    log: Path


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What all processes of one environment share; `channels` is the file of the notifier."""

    state: StateFolder
    url: str
    docs: tuple[Path, ...]
    model: str
    keys: Mapping[str, Path]
    channels: Path | None = None


def children(
    plan: Plan, environment: Mapping[str, str], services: Iterable[Service] = SERVICES
) -> tuple[Child, ...]:
    """Return the processes of a local environment in the order in which they start."""
    return tuple(_child(plan, service, environment) for service in services)


def guard(plan: Plan, environment: Mapping[str, str]) -> GuardProcess:
    """Return the guard of a local environment."""
    return GuardProcess(
        command=_python("interlock.supervisor.guard"),
        environment=_settings(plan, GUARD, environment),
        log=plan.state.log_of(GUARD),
    )


def named_variables(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the variables that tools from outside are given besides."""
    names = environment.get(NAMED, "").split(",")
    return tuple(dict.fromkeys(name.strip() for name in names if name.strip()))


def _child(plan: Plan, service: Service, environment: Mapping[str, str]) -> Child:
    own: dict[str, str] = {}
    if service.role == "effects":
        own = _of_effects(plan, environment)
    elif service.role == "access":
        own = _of_access(plan, environment)
    elif service.role == "supervisor":
        own = _files(environment, POLICIES)
    elif service.role == "viewer":
        own = _of_notifier(plan, environment)
    return Child(
        name=service.name,
        role=service.role,
        command=_python(*service.module),
        environment=_settings(plan, service.name, environment) | own | dict(service.knows),
        log=str(plan.state.log_of(service.name)),
        charter=service.charter,
        order=service.order,
        ready=service.ready,
    )


def _python(*module: str) -> tuple[str, ...]:
    return (sys.executable, "-P", "-m", *module)


def _settings(plan: Plan, name: str, environment: Mapping[str, str]) -> dict[str, str]:
    common = {name: environment[name] for name in COMMON if name in environment}
    return common | {
        "INTERLOCK_URL": plan.url,
        "INTERLOCK_PRINCIPAL": name,
        "INTERLOCK_KEY_FILE": str(plan.keys[name]),
        "INTERLOCK_LOG": "json",
    }


def _of_access(plan: Plan, environment: Mapping[str, str]) -> dict[str, str]:
    return _files(environment, (*TOKENS, *TRUST)) | {
        "INTERLOCK_DIRECTORY": str(plan.state.store),
        "INTERLOCK_SERVER_LOG": str(plan.state.store / "nats-server.log"),
    }


def _of_notifier(plan: Plan, environment: Mapping[str, str]) -> dict[str, str]:
    """Return what a notifier needs: its file, the secrets that it names, and the way out."""
    if plan.channels is None:
        return {}
    # Most environments have no notifier, and pydantic needs 130 ms and 9 MB to load.
    from interlock.console.notifying.file import read_file, variables_of  # noqa: PLC0415 - for that reason

    names = variables_of(read_file(plan.channels)) | {*WAY_OUT, *TRUST}
    known = {name: environment[name] for name in names if name in environment}
    return known | {VARIABLE: str(plan.channels), PLACE: str(plan.state.notifying)}


def _of_effects(plan: Plan, environment: Mapping[str, str]) -> dict[str, str]:
    given = (*MODEL_ACCESS, *WAY_OUT, *TOOLS, *named_variables(environment))
    access = {name: environment[name] for name in given if name in environment}
    return (
        access
        | _files(environment, FILES)
        | {
            "INTERLOCK_DOCS": os.pathsep.join(map(str, plan.docs)),
            "INTERLOCK_WORKSPACES": str(plan.state.workspaces),
            "INTERLOCK_CACHE": str(plan.state.cache),
            "INTERLOCK_MODEL": plan.model,
        }
    )


def _files(environment: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """Return paths as absolute ones: a process starts in the root folder, and would find something else."""
    return {name: str(Path(environment[name]).absolute()) for name in names if environment.get(name)}
