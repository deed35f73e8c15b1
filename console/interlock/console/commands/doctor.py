"""`interlock doctor`: is this machine fit, and does what runs here do well? Looks, and changes nothing."""

import os

import click

from interlock.bus.errors import BusError
from interlock.console import checks
from interlock.console.checks import Check
from interlock.console.commands.agents import hear_beats, read_fleet
from interlock.console.environment import connected, reach_local, speaker
from interlock.console.errors import ConsoleError
from interlock.console.exits import Exit
from interlock.console.help import command
from interlock.console.lines import said
from interlock.console.options import as_option, json_option, model_option, state_option
from interlock.console.output import out, print_json
from interlock.console.people.lines import SHORT_DIGEST
from interlock.console.processes import SERVICES
from interlock.console.runtime import run_async
from interlock.console.state import ServerFile, StateFolder, state_folder
from interlock.console.stop.scopes import typed
from interlock.console.views import FleetView
from interlock.console.whole import Whole

DEFAULT_PORT = 4222
SIGNS = {"ok": "ok  ", "note": "note", "bad": "BAD "}


@command()
@click.option("--port", type=Whole(1, 65_535), default=DEFAULT_PORT, show_default=True)
@model_option
@json_option
@state_option
@as_option
def doctor(port: int, model: str, as_json: bool, state: str | None, principal: str | None) -> int:
    """Check this machine: nats-server, state folder, disk, port, model, key, policies, tokens, and what runs.

    Says what to do about each thing that is not well; exits with 7 when something has to be repaired.

    Example:
      interlock doctor --model openai/gpt-5-mini

    """
    person = speaker(principal)
    return run_async(_doctor(state_folder(state, os.environ), port, model, person, as_json=as_json))


async def _doctor(state: StateFolder, port: int, model: str, person: str, *, as_json: bool) -> int:
    directory = checks.state_directory(state)
    server = state.running() if directory.grade != "bad" else None
    found = [checks.python(), await checks.server_binary(), directory, checks.port(port, server)]
    found += await checks.models(model, os.environ)
    found.append(checks.policies(os.environ))
    found += [check for check in (checks.prices(os.environ), checks.tokens(os.environ)) if check]
    found += await _environment(state, server, person)
    if as_json:
        print_json([check._asdict() for check in found])
    else:
        for check in found:
            out(
                f"{SIGNS[check.grade]}  {check.found}"
                + (f"\n      -> {check.remedy}" if check.remedy else "")
            )
    return Exit.UNREACHABLE if any(check.grade == "bad" for check in found) else Exit.DONE


async def _environment(state: StateFolder, server: ServerFile | None, person: str) -> list[Check]:
    """Check what runs in the state directory: reachable, complete, alive, not switched off."""
    if server is None:
        return [
            Check("note", "nothing runs here", "start it with: interlock up (interlock run starts its own)")
        ]
    try:
        async with connected(reach_local(state, server, person)) as bus:
            fleet = await read_fleet(bus)
            await hear_beats(bus, fleet)
    except (BusError, ConsoleError) as error:
        return [Check("bad", f"{server.url} runs, but cannot be used", str(error))]
    return [Check("ok", f"{server.url} answers as {person}"), *fleet_checks(fleet, state)]


def fleet_checks(fleet: FleetView, state: StateFolder) -> list[Check]:
    """Check who is there and lives, and what is switched off; who is killed need not live."""
    silent = sorted(
        name
        for name, member in fleet.members.items()
        if not member.left and member.in_hand is None and not fleet.is_killed(member)
    )
    missing = [service.name for service in SERVICES if service.joins and service.name not in fleet.members]
    names = ", ".join((*silent, *missing))
    if names:
        remedy = f"their logs are in {state.logs}; stop and start: interlock up"
        found = [Check("bad", f"silent: {names}", remedy)]
    else:
        living = sum(1 for member in fleet.members.values() if not member.left)
        found = [Check("ok", f"{living} agents, effect workers and those who watch them live")]
    if fleet.switch != "running":
        found.append(
            Check("note", f"everything is {fleet.switch}, by {fleet.switched_by}", "interlock resume fleet")
        )
    if fleet.refused is not None:
        holds = f"version {fleet.policies[:SHORT_DIGEST]} holds" if fleet.policies else "none hold"
        why = "; ".join(fleet.refused.reasons)
        found.append(
            Check(
                "note",
                f"policies: {holds}; what came after it will not do: {why}",
                "interlock policy check FOLDER",
            )
        )
    switches = fleet.switches.values()
    found += [Check("note", said(fact), f"interlock resume {typed(fact.scope)}") for fact in switches]
    return found
