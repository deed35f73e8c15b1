"""`interlock keys`: who people and processes of a local environment are, and by which keys that is known.

A change holds at once: who admits reads the directory. Only what is said here is printed, never a secret,
except by `export`.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from interlock.bus import bundle, identity
from interlock.bus.accounts import environments
from interlock.bus.clock import now_ms
from interlock.bus.errors import BusError
from interlock.bus.permissions import ROLES
from interlock.bus.principals import DEFAULT_ENVIRONMENT, Principal, Principals
from interlock.console.environment import speaker
from interlock.console.errors import BadInput
from interlock.console.help import command
from interlock.console.key_lines import fields, lines
from interlock.console.options import json_option, state_option
from interlock.console.output import out, print_json, say
from interlock.console.state import StateFolder, state_folder

Done = TypeVar("Done")


@click.group()
def keys() -> None:
    """Give people and agents their own identity, and take it away."""


@command("create")
@click.argument("principal")
@click.option(
    "--role",
    "roles",
    type=click.Choice(list(ROLES)),
    required=True,
    multiple=True,
    help="What it may say and hear; people may have several.",
)
@click.option(
    "--environment", default=None, metavar="NAME", help=f"Where it belongs  [{DEFAULT_ENVIRONMENT}]."
)
@click.option("--tenant", "tenants", multiple=True, metavar="NAME", help="Only on this account; repeatable.")
@click.option("--tool", "tools", multiple=True, metavar="PATTERN", help="Only this tool; repeatable.")
@click.option("--model", "models", multiple=True, metavar="PATTERN", help="Only this model; repeatable.")
@click.option("--group", "groups", multiple=True, metavar="NAME", help="May approve for it; repeatable.")
@click.option(
    "--charter", default=None, metavar="ROLE", help="An agent's role  [PRINCIPAL without its number]."
)
@click.option("--certificate", default=None, metavar="NAME", help="A name in its client certificate.")
@state_option
def create(principal: str, roles: tuple[str, ...], state: str | None, **wish: Any) -> int:
    """Admit PRINCIPAL, at once, and print the file of its key.

    Who is there already keeps its key; who was revoked gets a new one. What is allowed in its name is what is
    said now: tenants, tools and models, all where none is named; groups, none where none is named.

    Example:
      interlock keys create translator-1 --role agent
      interlock keys create bob --role submitter --role approver --tenant acme --group finance

    """
    folder, name = state_folder(state, os.environ), speaker(principal)
    folder.make()
    principals = Principals(folder.store)
    known = principals.read()
    out(str(_told(lambda: _admitted(principals, name, roles, wish))))
    _say_of_restart(folder, known, principals.read()[name].environment)
    return 0


@command("list")
@json_option
@state_option
def list_keys(as_json: bool, state: str | None) -> int:
    """List who may connect: roles, environment, and the age of each key.

    Example:
      interlock keys list

    """
    known = _principals(state).read()
    if as_json:
        print_json([fields(name, principal) for name, principal in sorted(known.items())])
        return 0
    if not known:
        say("nobody is enrolled; admit somebody with: interlock keys create NAME --role ROLE")
    for line in lines(known, now_ms()):
        out(line)
    return 0


@command("rotate")
@click.argument("principal")
@state_option
def rotate(principal: str, state: str | None) -> int:
    """Give PRINCIPAL a new key; the one before stays good until it is retired.

    Example:
      interlock keys rotate effects-1

    """
    principals, name = _principals(state), speaker(principal)
    out(str(_told(lambda: principals.rotate(name))))
    say(f"both keys of {name} are good; once it uses the new one: interlock keys retire {name}")
    return 0


@command("retire")
@click.argument("principal")
@state_option
def retire(principal: str, state: str | None) -> int:
    """Revoke all keys of PRINCIPAL but the newest.

    Example:
      interlock keys retire effects-1

    """
    principals, name = _principals(state), speaker(principal)
    retired = _told(lambda: principals.retire(name))
    say(f"{name} has one good key" + ("" if retired else " already") + "; who uses an older one is cut")
    return 0


@command("revoke")
@click.argument("principal")
@state_option
def revoke(principal: str, state: str | None) -> int:
    """Refuse PRINCIPAL from now on, and cut it, whatever it proves itself by.

    Example:
      interlock keys revoke bob

    """
    principals, name = _principals(state), speaker(principal)
    _told(lambda: principals.revoke(name))
    say(f"{name} is refused and cut; admit it again, with a new key: interlock keys create {name} --role …")
    return 0


@command("export")
@click.argument("principal")
@click.option("--url", metavar="URL", help="Where the server is for who uses it  [that of this environment].")
@click.option("--to", "path", metavar="FILE", help="A new file, for its owner only  [standard output].")
@state_option
def export(principal: str, url: str | None, path: str | None, state: str | None) -> int:
    """Write the key of PRINCIPAL, its name and the server's address, for another machine.

    Whoever has that file is who it names. There: interlock tasks --key FILE

    Example:
      interlock keys export bob --url nats://bus.example:4222 --to bob.creds

    """
    folder, name = state_folder(state, os.environ), speaker(principal)
    principals, running = Principals(folder.store), folder.running()
    if name not in principals.read():
        raise BadInput(f"there is no principal {name} in {folder.root}; see: interlock keys list")
    where = url or (running.url if running else None)
    if not where:
        raise BadInput(f"nothing runs in {folder.root}: say where the server will be, with --url")
    seed = _told(lambda: identity.load(principals.key_file(name))).seed
    bundle.write(bundle.Bundle(name, where, seed), Path(path) if path else None)
    if path:
        say(f"whoever has {path} is {name}")
    return 0


for each in (create, list_keys, rotate, retire, revoke, export):
    keys.add_command(each)


def _principals(state: str | None) -> Principals:
    return Principals(state_folder(state, os.environ).store)


def _admitted(principals: Principals, name: str, roles: tuple[str, ...], wish: dict[str, Any]) -> Path:
    """Admit a principal with what was said of it; return its key file."""
    found = principals.read().get(name)
    # Before there is a key: whoever has one never has more rights than were said.
    principals.enrol(name, _wished(found, roles, wish))
    return principals.reinstate(name) if found and found.revoked_ms else principals.admit(name, roles)


def _wished(found: Principal | None, roles: tuple[str, ...], wish: dict[str, Any]) -> Principal:
    principal = found or Principal(roles=roles)
    certificate = principal.certificate if wish["certificate"] is None else wish["certificate"]
    return msgspec.structs.replace(
        principal,
        roles=roles,
        environment=wish["environment"] or principal.environment,
        tenants=wish["tenants"],
        tools=wish["tools"],
        models=wish["models"],
        groups=wish["groups"],
        certificate=certificate,
        charter=principal.charter if wish["charter"] is None else wish["charter"],
    )


def _say_of_restart(folder: StateFolder, known: dict[str, Principal], environment: str) -> None:
    if folder.running() and environment not in environments(known):
        say(f"the environment {environment} is there when the server has been started again")


def _told(change: Callable[[], Done]) -> Done:
    """Do something; what the directory refuses is bad input."""
    try:
        return change()
    except BusError as refusal:
        raise BadInput(str(refusal)) from refusal
