"""The policies of a simulation, as Cedar for the core and as numbers for whoever checks it."""

from typing import NamedTuple

from interlock.console.simulation.roster import CONTROLLERS, FINANCE
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

_POLICIES = """
@id("models") permit (principal, action == Action::"model", resource);
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
    """Up to `free` cents are paid by themselves, up to `most` with the word of `quorum` of finance."""

    free: int
    most: int
    quorum: int

    @property
    def bundle(self) -> Policies:
        """The same as policies; who does not answer within twenty seconds is not asked alone any more."""
        text = _POLICIES.format(free=self.free, most=self.most, quorum=self.quorum)
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
BY_DIGEST: dict[str, Sums] = {sums.bundle.digest: sums for sums in ALL}
