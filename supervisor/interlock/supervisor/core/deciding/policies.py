"""Decides whether policies that somebody has put into the folder hold from now on, and what they change.

What waits for people under older policies is asked anew: they judged by other rules. How policies are read it
must not know.
"""

from interlock.contracts import facts
from interlock.contracts.inputs import Input
from interlock.contracts.policy import SetPolicies
from interlock.supervisor.core.deciding.exceeding import report_excess
from interlock.supervisor.core.deciding.people.reasking import reask_stale
from interlock.supervisor.core.policy.rulings import objections
from interlock.supervisor.core.turn import Turn


def policies_said(turn: Turn, said: Input, body: SetPolicies) -> None:
    """Let a bundle hold, or say why it will not do; the one that holds already changes nothing."""
    digest = body.bundle.digest
    known = turn.state.policies
    if known is not None and known.digest == digest:
        return
    reasons = objections(digest, body.bundle)
    if reasons:
        turn.say(0, facts.PoliciesRefused(digest=digest, reasons=reasons, input=said.seq))
        return
    turn.say(
        0,
        facts.PoliciesSet(
            at_ms=turn.now_ms, by=said.principal, digest=digest, bundle=body.bundle, input=said.seq
        ),
    )
    for principal in sorted(turn.state.agents):
        if not turn.is_full(0):
            report_excess(turn, principal)
    reask_stale(turn)
