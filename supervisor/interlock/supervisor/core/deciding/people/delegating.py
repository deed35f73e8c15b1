"""Decides about who is asked instead: reassigning, and delegating."""

from interlock.contracts import facts
from interlock.contracts.errors import MalformedSubject
from interlock.contracts.inputs import Input
from interlock.contracts.message import line
from interlock.contracts.people import Delegate, Reassign
from interlock.contracts.subjects import token
from interlock.supervisor.core.escalation import Escalation
from interlock.supervisor.core.routing import deadline_of
from interlock.supervisor.core.turn import Turn


def reassign(turn: Turn, said: Input, body: Reassign, task: int, known: Escalation) -> None:
    """Bring a question to another desk; who may approve stays as the policy says."""
    try:
        desk = token(body.to)
    except MalformedSubject as error:
        turn.refuse(task, said.seq, str(error))
        return
    if desk == known.desk:
        turn.refuse(task, said.seq, f"{task}.{known.said.number} is on the desk of {desk} already")
        return
    turn.say(
        task,
        facts.EscalationMoved(
            at_ms=turn.now_ms,
            number=known.said.number,
            desk=desk,
            deadline_ms=deadline_of(turn.state, desk, turn.now_ms),
            by=said.principal,
            input=said.seq,
            reason=line(body.reason),
        ),
    )


def delegated(turn: Turn, said: Input, body: Delegate) -> None:
    """Let somebody else answer in the speaker's place for a while."""
    reason = ""
    if said.principal not in turn.state.entitlements:
        reason = f"nothing is known of {said.principal}: there is nothing to delegate"
    elif body.to == said.principal:
        reason = "name somebody else: who delegates to itself delegates nothing"
    elif body.for_s and body.to not in turn.state.entitlements:
        reason = f"nobody is known as {body.to}: people are once they have connected with a key of theirs"
    if reason:
        turn.refuse(0, said.seq, reason)
        return
    turn.say(
        0,
        facts.Delegated(
            at_ms=turn.now_ms,
            by=said.principal,
            to=body.to,
            until_ms=turn.now_ms + body.for_s * 1_000,
            reason=line(body.reason),
        ),
    )
