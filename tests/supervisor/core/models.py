"""A small world in which a model abroad takes the word of privacy, and one at home that of nobody."""

from typing import Any

from msgspec.structs import replace
from tests.supervisor.core.payments import set_policies
from tests.supervisor.core.world import ONE, SEARCH, SHIPPED, World

from interlock.contracts.effect import ModelCall
from interlock.contracts.policy import Policies, PolicyFile
from interlock.contracts.presence import ModelOffer
from interlock.supervisor.core.limits import SUSPEND_MS

HOME = ModelOffer(
    model="home/x",
    input_usd_micros_per_mtok=1_000_000,
    output_usd_micros_per_mtok=2_000_000,
    region="eu",
    counts=True,
)
FAR = replace(HOME, model="far/x", region="us", data_class="confidential")
DEAR = replace(FAR, output_usd_micros_per_mtok=3_000_000)
ELSEWHERE = replace(FAR, region="cn")
SECRET = ModelCall(
    purpose="answer",
    prompt="Who is ill?\nSay the name.",
    inputs={"ward": 3},
    returns={"type": "object"},
    prompt_version="7",
    max_output_tokens=100,
)
_POLICIES = """
@id("reads") permit (principal, action in Action::"read", resource);
@id("home") permit (principal, action == Action::"model", resource) when { resource.region == "eu" };
@id("abroad") @says("what leaves the EU takes the word of privacy") @require_approval("privacy")
permit (principal, action == Action::"model", resource) unless { resource.region == "eu" };
"""
FREE = """
@id("all") permit (principal, action, resource);
"""


def careful(text: str = _POLICIES, more: str = "") -> Policies:
    """Return the policies; `more` is Cedar that makes another version of them."""
    return Policies(
        policies=(PolicyFile(name="models.cedar", text=text + more),), schemas=SHIPPED.bundle.schemas
    )


def at_the_desk(
    *models: ModelOffer, policies: Policies | None = None, capacity: int = 8, **submitted: Any
) -> tuple[World, int]:
    """Return a world with people and policies, and a task of alice's whose step `a` is in hand."""
    world = World()
    world.person("alice", "privacy", roles=("submitter", "approver"))
    world.person("olga", roles=("operator",))
    for name in ("pia", "paul"):
        world.person(name, "privacy", roles=("approver",))
    set_policies(world, policies or careful())
    world.agent(
        "researcher-1",
        tools=("search",),
        models=("far/*", "home/*"),
        data_classes=("internal", "confidential"),
    )
    world.worker(models=models or (FAR, HOME), tools=(SEARCH,), capacity=capacity)
    return world, world.submit(plan=ONE, review=False, **submitted)


def asked(*models: ModelOffer, call: ModelCall = SECRET, **more: Any) -> tuple[World, int, int]:
    """Return a world in which privacy is asked about a model, and nobody has the step: task and effect."""
    world, number = at_the_desk(*models, **more)
    effect = world.ask(number, "a", call)
    world.tick(SUSPEND_MS)
    return world, number, effect
