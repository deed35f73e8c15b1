"""Whether an effect carries the approvals that it takes now; signatures were checked when they came."""

from collections.abc import Sequence

from interlock.contracts.approval import digest_of
from interlock.contracts.consent import judged
from interlock.contracts.people import Need
from interlock.contracts.presence import ModelOffer, ToolOffer
from interlock.supervisor.core.membership import has_key
from interlock.supervisor.core.ruling import Ruling
from interlock.supervisor.core.state import Effect, State


def satisfies(state: State, effect: Effect, ruling: Ruling, now_ms: int) -> bool:
    """Tell whether enough have agreed to this very call, under the policies in force, and it counts still.

    For whom each of them speaks was settled when they were counted: here the effect's own needs tell it.
    """
    if not effect.approvals or now_ms >= effect.approved_until_ms:
        return False
    if effect.requester_may and not ruling.requester_may:
        return False
    arguments = effect.demand.arguments
    policies = "" if state.policies is None else state.policies.digest
    digest = effect.approvals[0].statement.arguments if arguments is None else digest_of(arguments)
    for approval in effect.approvals:
        said = approval.statement
        if (said.effect, said.arguments, said.policies) != (effect.seq, digest, policies):
            return False
        if not has_key(state, said.by, approval.public_key, now_ms):
            return False
    return all(_covered(need, effect.needs) for need in ruling.needs)


def is_as_agreed(effect: Effect, offer: ToolOffer | ModelOffer) -> bool:
    """Tell whether a model is offered as people have agreed to it: for that data, and there."""
    arguments = effect.demand.arguments
    if not effect.approvals or arguments is None or isinstance(offer, ToolOffer):
        return True
    return judged(arguments, offer) == arguments


def _covered(need: Need, met: Sequence[Need]) -> bool:
    return any(one.role == need.role and one.quorum >= need.quorum for one in met)
