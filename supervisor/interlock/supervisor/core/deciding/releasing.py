"""Decides who may let a killed fleet go on: as many different people as the rule says."""

from interlock.contracts import facts
from interlock.contracts.control import ReleaseRule
from interlock.contracts.inputs import Input
from interlock.supervisor.core.turn import Turn


def rule_set(turn: Turn, said: Input, body: ReleaseRule) -> None:
    """Set how many people it takes; as long as the fleet is killed, it may only take more."""
    now = turn.state.release.people
    if said.rest != ("fleet",):
        turn.refuse(0, said.seq, f"a release is of the fleet, not of {'.'.join(said.rest)!r}")
    elif body.people == now:
        turn.refuse(0, said.seq, f"it takes {now} already to release the fleet")
    elif turn.state.switch == "killed" and body.people < now:
        turn.refuse(0, said.seq, f"the fleet is killed: it takes {now} to release it, and now not fewer")
    else:
        rule = facts.ReleaseRuleSet(people=body.people, by=said.principal, reason=body.reason)
        turn.say(0, rule)


def may_release(turn: Turn, said: Input) -> bool:
    """Tell whether this one is the last who had to want it; else say that it is wanted."""
    release = turn.state.release
    if said.principal in release.asked:
        missing = release.people - len(release.asked)
        turn.refuse(0, said.seq, f"{said.principal} wants it already: {missing} more must resume the fleet")
        return False
    asked = (*release.asked, said.principal)
    if len(asked) >= release.people:
        return True
    turn.say(0, facts.ReleaseAsked(at_ms=turn.now_ms, by=asked, needed=release.people))
    return False
