"""Bundles of policies for tests: what is shipped, and a desk that pays."""

from interlock.contracts.facts import PoliciesSet
from interlock.contracts.policy import Calendar, Policies, PolicyFile, Route
from interlock.supervisor.policies import read_folder, shipped_folder

SHIPPED = read_folder(shipped_folder(), 0)

PAY_SCHEMA = """
action pay in [irreversible] appliesTo {
  principal: [Agent],
  resource: [Tool],
  context: { arguments: { amount_cents: Long, to: String, rate?: decimal, tags?: Set<String> }, run: Run }
};
"""

PAY = """
@id("small")
@says("up to $500 is paid by itself")
permit (principal in Role::"executor", action == Action::"pay", resource)
when { context.arguments.amount_cents <= 50000 };

@id("large")
@says("more than $500 takes two of finance")
@require_approval("finance")
@quorum("2")
permit (principal in Role::"executor", action == Action::"pay", resource)
when { context.arguments.amount_cents > 50000 };

@id("hostile")
@says("nothing is paid because of what a stranger wrote")
forbid (principal, action == Action::"pay", resource)
when { context.run.untrusted };
"""


def bundle(
    policies: str = "",
    schema: str = "",
    *,
    routes: tuple[Route, ...] = (),
    calendars: tuple[Calendar, ...] = (),
    shipped: bool = True,
) -> Policies:
    """Return the shipped policies (or none) with these."""
    files = SHIPPED.policies if shipped else ()
    schemas = SHIPPED.schemas
    if policies:
        files = (*files, PolicyFile(name="more.cedar", text=policies))
    if schema:
        schemas = (*schemas, PolicyFile(name="more.cedarschema", text=schema))
    return Policies(policies=files, schemas=schemas, routes=routes, calendars=calendars)


def in_force(policies: Policies) -> PoliciesSet:
    """Return the fact that sets a bundle."""
    return PoliciesSet(at_ms=0, by="supervisor-1", digest=policies.digest, bundle=policies)
