"""A small world in which paying much takes two people of finance, and somebody never gets anything."""

from typing import Any

from tests.supervisor.core.world import MODEL, ONE, SEARCH, SHIPPED, World

from interlock.contracts.effect import ToolCall
from interlock.contracts.message import Json
from interlock.contracts.policy import Calendar, Policies, PolicyFile, Route, SetPolicies
from interlock.contracts.presence import ToolOffer
from interlock.supervisor.core.limits import SUSPEND_MS

PAY = ToolOffer(tool="pay", risk="irreversible", repeatable=True, target="to", undo="refund")
OUTSIDE = ToolOffer(tool="fetch", risk="read", repeatable=True, untrusted=True)
MUCH: Json = {"cents": 60_000, "to": "acme"}
LITTLE: Json = {"cents": 100, "to": "acme"}
STOLEN: Json = {"cents": 60_000, "to": "fox"}
FINANCE = ("bob", "carol", "dan")
_SCHEMA = """
action pay in [irreversible] appliesTo {
  principal: [Agent], resource: [Tool],
  context: { arguments: { cents: Long, to: String }, run: Run }
};
"""
_POLICIES = """
@id("reads") permit (principal, action in Action::"read", resource);
@id("models") permit (principal, action == Action::"model", resource);
@id("little") permit (principal, action == Action::"pay", resource)
when { context.arguments.cents <= 50000 };
@id("much")
@says("never pay more than $500 without two of finance, neither of them the requester")
@require_approval("finance")
@quorum("2")
permit (principal, action == Action::"pay", resource)
when { context.arguments.cents > 50000 };
@id("fox") @says("the fox gets nothing")
forbid (principal, action == Action::"pay", resource)
when { context.arguments.to == "fox" };
"""


def bundle(more: str = "", routes: tuple[Route, ...] = (), calendars: tuple[Calendar, ...] = ()) -> Policies:
    """Return the policies; `more` is Cedar that makes another version of them."""
    return Policies(
        policies=(PolicyFile(name="pay.cedar", text=_POLICIES + more),),
        schemas=(*SHIPPED.bundle.schemas, PolicyFile(name="pay.cedarschema", text=_SCHEMA)),
        routes=routes,
        calendars=calendars,
    )


def set_policies(world: World, policies: Policies) -> None:
    """Let the supervisor that leads say policies."""
    world.say("supervisor-1", "supervisor", "policies", SetPolicies(bundle=policies))


def at_the_desk(*routes: Route, calendars: tuple[Calendar, ...] = (), **charter: Any) -> tuple[World, int]:
    """Return a world with people and policies, and a task of alice's whose step `a` is in hand."""
    world = World()
    world.person("alice", roles=("submitter",))
    world.person("olga", roles=("operator",))
    for name in FINANCE:
        world.person(name, "finance", roles=("approver",))
    set_policies(world, bundle(routes=routes, calendars=calendars))
    allowed: dict[str, Any] = {"tools": ("pay", "search", "fetch"), "autonomy": 5, "capacity": 1}
    world.agent("researcher-1", **(allowed | charter))
    world.worker(models=(MODEL,), tools=(PAY, SEARCH, OUTSIDE))
    return world, world.submit(plan=ONE, review=False)


def pay(world: World, number: int, arguments: Json | None = None, key: str = "k1", step: str = "a") -> int:
    """Let the agent ask for a payment; return the effect."""
    return world.ask(number, step, ToolCall(tool="pay", arguments=arguments or MUCH), key)


def asked(*routes: Route, calendars: tuple[Calendar, ...] = (), **charter: Any) -> tuple[World, int, int]:
    """Return a world in which two of finance are asked to agree, and nobody has the step: task and effect."""
    world, number = at_the_desk(*routes, calendars=calendars, **charter)
    effect = pay(world, number)
    world.tick(SUSPEND_MS)
    return world, number, effect
