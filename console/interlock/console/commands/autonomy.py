"""`interlock autonomy`: how far roles go by themselves, shown and set."""

from collections.abc import Iterator
from typing import Any

import click
import msgspec

from interlock.bus.ports import Log
from interlock.console.environment import Reach, Where, connected, find
from interlock.console.errors import BadInput, RefusedBySupervisor
from interlock.console.exits import Exit
from interlock.console.help import command
from interlock.console.options import json_option, reach_options, reason_option
from interlock.console.output import out, print_json, say
from interlock.console.runtime import run_async
from interlock.console.sayings import decided, refusal, set_autonomy
from interlock.console.whole import Whole
from interlock.contracts import facts as f
from interlock.contracts.control import SetAutonomy
from interlock.contracts.decision import Decision
from interlock.contracts.errors import MalformedSubject
from interlock.contracts.message import decode
from interlock.contracts.subjects import FLEET_DECISIONS, token
from interlock.supervisor.core.autonomy import ANY, CHANGING
from interlock.supervisor.core.evolving.policies import autonomy_set
from interlock.supervisor.core.state import State

LEVELS = {
    1: "suggest only",
    2: "prepare and propose",
    3: "execute with review",
    4: "execute with guardrails",
    5: "full",
}


class Standing(msgspec.Struct, frozen=True):
    """One level that holds: for a role, a risk and a tenant; by whom it was set, and why."""

    role: str
    risk: str
    tenant: str
    level: int
    by: str
    reason: str = ""
    lowered: bool = False


@command("autonomy")
@click.argument("role", required=False, metavar="[ROLE]")
@click.argument("level", required=False, type=Whole(0, 5), metavar="[LEVEL]")
@click.option("--risk", type=click.Choice([ANY, *CHANGING]), default=ANY, help="Only for what has this risk.")
@click.option("--tenant", metavar="NAME", default=ANY, help="Only for the tasks of this tenant.")
@reason_option
@json_option
@reach_options
def autonomy(
    role: str | None,
    level: int | None,
    risk: Any,
    tenant: str,
    reason: str,
    as_json: bool,
    **where: Any,
) -> int:
    """Show how far roles go by themselves with what they change, or set it.

    1 suggest only, 2 prepare and propose, 3 execute with review, 4 execute with guardrails, 5 full; 0 gives
    it back to the charter. The most particular setting counts, one of a tenant before one of a risk. It holds
    at once, also for running tasks.

    Examples:
      interlock autonomy
      interlock autonomy executor 2 --reason "new prompts"
      interlock autonomy executor 5 --risk write --tenant acme

    """
    if tenant != ANY:
        _named("--tenant", tenant)
    if role is not None:
        _named("ROLE", role)
    reach = find(Where(**where))
    if role is None or level is None:
        if risk != ANY or tenant != ANY or reason:
            raise BadInput("which level? interlock autonomy ROLE LEVEL sets one; without LEVEL all are shown")
        return run_async(_show(reach, role, as_json=as_json))
    wanted = SetAutonomy(level=level, risk=risk, tenant=tenant, reason=reason)
    return run_async(_set(reach, role, wanted, as_json=as_json))


def _named(what: str, name: str) -> None:
    try:
        token(name)
    except MalformedSubject as error:
        raise BadInput(f"{what}: {error}") from error


async def _show(reach: Reach, role: str | None, *, as_json: bool) -> int:
    async with connected(reach) as bus:
        found = [each for each in await read_levels(bus) if role in {None, each.role}]
    if as_json:
        print_json(found)
        return Exit.DONE
    for line in table(found):
        out(line)
    if not found:
        say("no agent has been here yet" if role is None else f"nobody has had the role {role} so far")
    return Exit.DONE


async def read_levels(log: Log) -> list[Standing]:
    """Return every level that holds, a role's charter first."""
    charters: dict[str, Standing] = {}
    said: dict[tuple[str, str, str], f.AutonomySet] = {}
    state = State()
    async for record in log.history([FLEET_DECISIONS]):
        for fact in decode(Decision, record.data).facts:
            if isinstance(fact, f.AgentJoined):
                charter = fact.charter
                by = f"charter {charter.version}"
                charters[charter.role] = Standing(charter.role, ANY, ANY, charter.autonomy, by)
            elif isinstance(fact, f.AutonomySet):
                # The core tells which of them still hold.
                state = autonomy_set(state, 0, fact)
                said[fact.role, fact.risk, fact.tenant] = fact
    settings = [
        Standing(*key, level=level, by=said[key].by, reason=said[key].reason, lowered=key in state.lowered)
        for key, level in sorted(state.autonomy.items())
    ]
    return sorted([*charters.values(), *settings], key=lambda each: each.role)


def table(found: list[Standing]) -> Iterator[str]:
    """Write levels in columns."""
    if not found:
        return
    roles, tenants = (
        max(len(part), *(len(getattr(each, part)) for each in found)) for part in ("role", "tenant")
    )
    yield f"{'role':<{roles}}  {'risk':<12}  {'tenant':<{tenants}}  {'level':<25}  set by"
    for each in found:
        why = f": {each.reason}" if each.reason else ""
        lowered = "lowered by " if each.lowered else ""
        where = f"{each.role:<{roles}}  {each.risk:<12}  {each.tenant:<{tenants}}"
        yield f"{where}  {each.level} {LEVELS[each.level]:<23}  {lowered}{each.by}{why}"


async def _set(reach: Reach, role: str, wanted: SetAutonomy, *, as_json: bool) -> int:
    async with connected(reach) as bus:
        seq = await set_autonomy(bus, role, wanted)
        decision = await decided(bus, 0, seq)
        if decision is not None and (refused := refusal(decision, seq)):
            raise RefusedBySupervisor(f"autonomy of {role}: {refused}")
        levels = await read_levels(bus)
    if as_json:
        print_json([each for each in levels if each.role == role])
    if decision is None:
        say(f"it stands in the log as record {seq}; no supervisor has decided on it yet")
        return Exit.DONE
    risk = "" if wanted.risk == ANY else f" with {wanted.risk} effects"
    tenant = "" if wanted.tenant == ANY else f" for {wanted.tenant}"
    now = (
        f"goes to level {wanted.level} ({LEVELS[wanted.level]})"
        if wanted.level
        else "goes as its charter says"
    )
    say(f"{role} {now}{risk}{tenant} from record {seq} on")
    if role not in {each.role for each in levels if each.by.startswith("charter ")}:
        say(f"nobody has had the role {role} so far")
    return Exit.DONE
