"""`interlock agents`: who is there, by the fleet's decisions, and who lives, by the beats heard now.

Who is killed stands there too, for somebody has to let it go on.
"""

import asyncio
import contextlib
from typing import Any

from interlock.bus.ports import Bus, Message
from interlock.console.environment import Reach, Where, connected, find
from interlock.console.exits import Exit
from interlock.console.fleet import fold_fleet
from interlock.console.help import command
from interlock.console.options import json_option, reach_options
from interlock.console.output import out, print_json, say
from interlock.console.prices import price_fields, said_price
from interlock.console.runtime import run_async
from interlock.console.views import FleetView, MemberView
from interlock.contracts.decision import Decision
from interlock.contracts.errors import ContractError
from interlock.contracts.message import decode
from interlock.contracts.presence import Beat
from interlock.contracts.subjects import BEATS, FLEET_DECISIONS

BEATS_S = 1.5


@command()
@json_option
@reach_options
def agents(as_json: bool, **where: Any) -> int:
    """List who is there: agents, effect workers, and the guards and access services that watch them.

    What each offers, and what it has in hand; an agent that is paused, draining or killed says so. Under an
    effect worker stand its models with their prices: where each stands, and of which day it is.
    Listens for up to 1.5 seconds for signs of life.

    Example:
      interlock agents

    """
    return run_async(_agents(find(Where(**where)), as_json=as_json))


async def _agents(reach: Reach, *, as_json: bool) -> int:
    async with connected(reach) as bus:
        fleet = await read_fleet(bus)
        await hear_beats(bus, fleet)
    members = [member for member in fleet.members.values() if not member.left or fleet.is_killed(member)]
    if as_json:
        print_json({"switch": fleet.switch, "members": [_fields(fleet, member) for member in members]})
        return Exit.DONE
    if fleet.switch != "running":
        say(f"everything is {fleet.switch}, by {fleet.switched_by}; go on with: interlock resume fleet")
    if not members:
        say("nobody is there; start everything on this machine with: interlock up")
    for member in members:
        out(_line(fleet, member))
        for offer in member.models:
            out(f"  {offer.model}: {said_price(offer)}")
    return Exit.DONE


async def read_fleet(bus: Bus) -> FleetView:
    """Read who has come and gone."""
    fleet = FleetView()
    async for record in bus.history([FLEET_DECISIONS]):
        fold_fleet(fleet, decode(Decision, record.data))
    return fleet


async def hear_beats(bus: Bus, fleet: FleetView) -> None:
    """Listen until every member has shown that it lives, or the time is over."""
    waiting = {name for name, member in fleet.members.items() if not member.left}
    heard_all = asyncio.Event()

    async def on_beat(message: Message) -> None:
        name = message.subject.rsplit(".", 1)[-1]
        member = fleet.members.get(name)
        with contextlib.suppress(ContractError):
            beat = decode(Beat, message.data)
            if member is not None and beat.incarnation == member.incarnation:
                member.in_hand = beat.in_hand
                waiting.discard(name)
        if not waiting:
            heard_all.set()

    if not waiting:
        return
    listening = await bus.listen(BEATS, on_beat)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(BEATS_S):
            await heard_all.wait()
    await listening.stop()


def _line(fleet: FleetView, member: MemberView) -> str:
    hand = _hand(fleet, member)
    offered = (*(offer.model for offer in member.models), *member.offers)
    offers = f" [{', '.join(offered)}]" if offered else ""
    return f"{member.principal:<16} {member.role:<12} {hand:<18} {member.about}{offers}"


def _hand(fleet: FleetView, member: MemberView) -> str:
    """Say what holds a member, else whether it lives and has work in hand."""
    switch = fleet.switch_over(member)
    if switch is not None:
        return f"{switch.state} by {switch.by}"
    if member.in_hand is None:
        return "silent"
    return f"{member.in_hand} of {member.capacity} in hand" if member.capacity else "watches"


def _fields(fleet: FleetView, member: MemberView) -> dict[str, Any]:
    switch = fleet.switch_over(member)
    return {
        "principal": member.principal,
        "kind": member.kind,
        "role": member.role,
        "capacity": member.capacity,
        "in_hand": member.in_hand,
        "alive": member.in_hand is not None,
        "switch": switch.state if switch else "running",
        "switched_by": switch.by if switch else "",
        "models": [offer.model for offer in member.models],
        "prices": {offer.model: price_fields(offer) for offer in member.models},
        "tools": member.offers,
        "about": member.about,
    }
