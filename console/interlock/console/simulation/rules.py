"""The policies of a simulation, as Cedar for the core and as numbers for whoever checks it."""

from typing import NamedTuple

from interlock.console.simulation.roster import CONTROLLERS, FINANCE
from interlock.console.simulation.world import ABROAD
from interlock.contracts.policy import Policies, PolicyFile, Route

_SCHEMA = """
entity Role;
entity Agent in [Role] = { role: String, version: String, tenant: String, user: String };
entity Tool = { data_class: String, region: String };
entity Model = { data_class: String, region: String };
type Run = {
  autonomy: Long, untrusted: Bool, target: String, spent_usd_micros: Long, task: Long, submitter: String,
  hour: Long, weekday: Long,
};
action read, write, irreversible appliesTo {
  principal: [Agent], resource: [Tool], context: { run: Run },
};
action "model" appliesTo { principal: [Agent], resource: [Model], context: { run: Run } };
action pay in [irreversible] appliesTo {
  principal: [Agent], resource: [Tool], context: { arguments: { cents: Long, to: String }, run: Run },
};
"""

_MODELS = """
@id("models") permit (principal, action == Action::"model", resource);
"""
_WARY = """
@id("models") permit (principal, action == Action::"model", resource)
unless { principal.role == "executor" || resource.region == "abroad" };
@id("abroad") @require_approval("finance") @says("what leaves the house takes one of finance")
permit (principal, action == Action::"model", resource)
when { principal.role == "executor" || resource.region == "abroad" };
"""
_POLICIES = """
@id("reads") permit (principal, action in Action::"read", resource);
@id("writes") permit (principal, action in Action::"write", resource);
@id("small") permit (principal, action == Action::"pay", resource)
when {{ context.arguments.cents <= {free} }};
@id("large") @require_approval("finance") @quorum("{quorum}") @says("large sums take two of finance")
permit (principal, action == Action::"pay", resource) when {{ context.arguments.cents > {free} }};
@id("huge") forbid (principal, action == Action::"pay", resource)
when {{ context.arguments.cents > {most} }};
"""


class Sums(NamedTuple):
    """Up to `free` cents are paid by themselves, up to `most` with the word of `quorum` of finance.

    Who is `wary` also wants the word of one of finance for an executor's use of a model, and for any abroad.
    """

    free: int
    most: int
    quorum: int
    wary: bool = False

    def asks_about(self, role: str, region: str) -> bool:
        """Tell whether a role's use of a model there takes the word of one of finance."""
        return self.wary and (role == "executor" or region == ABROAD)

    @property
    def bundle(self) -> Policies:
        """The same as policies; who does not answer within twenty seconds is not asked alone any more."""
        models = (_WARY if self.wary else _MODELS).rstrip()
        text = models + _POLICIES.format(free=self.free, most=self.most, quorum=self.quorum)
        return Policies(
            policies=(PolicyFile(name="sums.cedar", text=text),),
            schemas=(PolicyFile(name="sums.cedarschema", text=_SCHEMA),),
            routes=(
                Route(role=FINANCE, after_s=20, then=CONTROLLERS),
                Route(role=CONTROLLERS, after_s=30, at_last="deny"),
            ),
        )


AT_FIRST = Sums(100, 10_000, 2)
STRICTER = Sums(10, 1_000, 2)
LAXER = Sums(1_000, 10_000, 1)
ALL = (AT_FIRST, STRICTER, LAXER)
BY_DIGEST: dict[str, Sums] = {
    sums.bundle.digest: sums for each in ALL for sums in (each, each._replace(wary=True))
}
