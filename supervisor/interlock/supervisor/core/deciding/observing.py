"""Decides about what guards and access services have seen, and what may be done in whose name.

What nobody waits for, and changes nothing, is not said again.
"""

from interlock.contracts import facts
from interlock.contracts.inputs import Input
from interlock.contracts.observed import (
    AccessHello,
    ConnectionEnded,
    Entitlement,
    GuardHello,
    ProcessExited,
    Violation,
)
from interlock.supervisor.core.deciding.forging import accuse
from interlock.supervisor.core.deciding.people.escalating import escalate
from interlock.supervisor.core.deciding.presence import gone
from interlock.supervisor.core.kill import KilledProcess
from interlock.supervisor.core.turn import Turn


def guard_said_hello(turn: Turn, said: Input, body: GuardHello) -> None:
    """Let a guard join; it says hello again when it has other processes in its hands."""
    known = turn.state.guards.get(said.principal)
    if known is not None and known.incarnation == body.incarnation:
        if known.children == frozenset(body.children):
            return
    elif known is not None:
        gone(turn, said.principal, "it was started again")
    turn.say(
        0,
        facts.GuardJoined(
            principal=said.principal,
            incarnation=body.incarnation,
            host=body.host,
            children=body.children,
        ),
    )


def access_said_hello(turn: Turn, said: Input, body: AccessHello) -> None:
    """Let an access service join."""
    known = turn.state.access.get(said.principal)
    if known is not None and known.incarnation == body.incarnation:
        return
    if known is not None:
        gone(turn, said.principal, "it was started again")
    turn.say(0, facts.AccessJoined(principal=said.principal, incarnation=body.incarnation, host=body.host))


def process_exited(turn: Turn, said: Input, body: ProcessExited) -> None:
    """Take it that a process has ended: for the kills that wait for it, and for what it had in hand.

    A guard that was given up meanwhile is believed about what it had in its hands when that was killed.
    """
    guard = turn.state.guards.get(said.principal)
    if guard is not None and body.principal not in guard.children:
        accuse(turn, 0, said, "forge", f"it speaks of {body.principal}, which is not in its hands")
        return
    if guard is not None and body.given_up:
        _tell_of_crash(turn, said, body)
    awaited = any(
        _waits_for_exit(process, body) and (guard is not None or process.guard == said.principal)
        for process in _killed(turn, body.principal)
    )
    if guard is None and not awaited:
        turn.refuse(0, said.seq, f"late: {said.principal} is not here any more")
        return
    here = turn.state.agents.get(body.principal) or turn.state.workers.get(body.principal)
    # Another life may be here by now, or one that says another number: then its own silence is waited for.
    its_life = here is not None and here.pid != 0 and here.pid == body.pid
    if its_life or awaited:
        turn.say(
            0,
            facts.ExitObserved(
                principal=body.principal,
                input=said.seq,
                observer=said.principal,
                exited_us=body.exited_us or said.time_us,
                pid=body.pid,
            ),
        )
    if its_life:
        gone(turn, body.principal, f"{said.principal} saw it end")


def _tell_of_crash(turn: Turn, said: Input, body: ProcessExited) -> None:
    """Bring it to people that a process is not kept any more, or never could be started."""
    asked = facts.Escalated(
        at_ms=0, number=0, kind="crash", summary=body.given_up, asks=body.principal, input=said.seq
    )
    escalate(turn, 0, asked)


def connection_ended(turn: Turn, said: Input, body: ConnectionEnded) -> None:
    """Take it that a process has no connection any more, for the kills that wait for it."""
    if body.clients:
        return
    ended_us = body.ended_us or said.time_us
    for kill in turn.state.kills.values():
        process = kill.processes.get(body.principal)
        if process is None or not process.ends or process.disconnected_us is not None:
            continue
        # An earlier life may have lost its connection before the command, and be reported only now.
        if body.kicked or ended_us >= kill.commanded_us:
            turn.say(
                0,
                facts.ConnectionObserved(
                    principal=body.principal,
                    input=said.seq,
                    observer=said.principal,
                    ended_us=ended_us,
                ),
            )
            return


def violated(turn: Turn, said: Input, body: Violation) -> None:
    """Say what the server has refused."""
    turn.say(
        0,
        facts.AccessViolated(
            at_ms=turn.now_ms,
            principal=body.principal,
            action=body.action,
            target=body.target,
            times=body.times,
            detail=body.detail,
            input=said.seq,
            observer=said.principal,
        ),
    )


def entitled(turn: Turn, said: Input, body: Entitlement) -> None:
    """Set what may be done in the name of the principal that the subject names."""
    if len(said.rest) != 1 or not said.rest[0]:
        turn.refuse(0, said.seq, "an entitlement names one principal: access.entitled.<principal>")
        return
    fact = facts.Entitled(
        principal=said.rest[0],
        roles=body.roles,
        tenants=body.tenants,
        tools=body.tools,
        models=body.models,
        groups=body.groups,
        keys=body.keys,
        until_ms=body.until_ms,
    )
    if turn.state.entitlements.get(fact.principal) != fact:
        turn.say(0, fact)


def _killed(turn: Turn, principal: str) -> list[KilledProcess]:
    found = (kill.processes.get(principal) for kill in turn.state.kills.values())
    return [process for process in found if process is not None]


def _waits_for_exit(process: KilledProcess, body: ProcessExited) -> bool:
    """Tell whether an exit is that of a process: one whose number is not known, only when it was ordered."""
    if process.exited_us is not None:
        return False
    return process.pid == body.pid if process.pid else body.told_us > 0
