"""Decides how far a role goes by itself when a person says so; it holds at once, also for running tasks."""

from interlock.contracts import facts
from interlock.contracts.control import SetAutonomy
from interlock.contracts.inputs import Input
from interlock.supervisor.core.deciding.people.reasking import reask_role
from interlock.supervisor.core.limits import MAX_AUTONOMY_SETTINGS
from interlock.supervisor.core.turn import Turn

MOST_NAME_CHARS = 64


def autonomy_said(turn: Turn, said: Input, body: SetAutonomy) -> None:
    """Set a role's level, or give it back to the role's charter."""
    match said.rest:
        case ("role", role) if len(role) <= MOST_NAME_CHARS:
            pass
        case _:
            wrong = ".".join(said.rest)
            turn.refuse(0, said.seq, f"autonomy is set of role.<name>, not of {wrong!r}")
            return
    key = (role, body.risk, body.tenant)
    if body.level and key not in turn.state.autonomy and len(turn.state.autonomy) >= MAX_AUTONOMY_SETTINGS:
        sentence = f"{MAX_AUTONOMY_SETTINGS} levels are set: take some back, or set one for all tenants"
        turn.refuse(0, said.seq, sentence)
        return
    turn.say(
        0,
        facts.AutonomySet(
            at_ms=turn.now_ms,
            role=role,
            risk=body.risk,
            tenant=body.tenant,
            level=body.level,
            by=said.principal,
            reason=body.reason,
            input=said.seq,
        ),
    )
    reask_role(turn, role)
