"""Whether an effect carries the approvals that it takes now; signatures were checked when they came."""

from collections.abc import Sequence

from interlock.contracts.approval import digest_of
from interlock.contracts.people import Need
from interlock.supervisor.core.state import Effect


def satisfies(effect: Effect, needs: Sequence[Need], policies: str, now_ms: int) -> bool:
    """Tell whether enough people have agreed to this very call, under these policies, and it still counts.

    For whom each of them speaks was settled when they were counted: here the effect's own needs tell it.
    """
    if not effect.approvals or now_ms >= effect.approved_until_ms:
        return False
    arguments = effect.demand.arguments
    digest = effect.approvals[0].statement.arguments if arguments is None else digest_of(arguments)
    for approval in effect.approvals:
        said = approval.statement
        if (said.effect, said.arguments, said.policies) != (effect.seq, digest, policies):
            return False
    return all(_covered(need, effect.needs) for need in needs)


def _covered(need: Need, met: Sequence[Need]) -> bool:
    return any(one.role == need.role and one.quorum >= need.quorum for one in met)
