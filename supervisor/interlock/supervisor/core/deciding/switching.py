"""Decides about the switches over the fleet, agents, roles, tools, models and tenants.

Whom a switch is over need not be here: it holds for who comes later.
"""

from interlock.contracts import facts
from interlock.contracts.control import Control
from interlock.contracts.facts import SwitchState
from interlock.contracts.inputs import Input
from interlock.contracts.scope import FLEET, Scope
from interlock.supervisor.core.deciding.killing import kill_agents, kill_effects, kill_tasks
from interlock.supervisor.core.deciding.releasing import may_release
from interlock.supervisor.core.deciding.retrying import retry_held
from interlock.supervisor.core.limits import MAX_SWITCHES
from interlock.supervisor.core.switches import switch_of
from interlock.supervisor.core.transitions import SWITCHES
from interlock.supervisor.core.turn import Turn

BY_ITSELF = "supervisor"
PAUSE_OVER = "its pause is over"
_GOING_ON = frozenset(("running", "draining"))


def switch_fleet(turn: Turn, said: Input, body: Control) -> None:
    """Switch everything; it takes as many people as the rule says to let a killed fleet go on."""
    now = turn.state.switch
    following = SWITCHES[now].get(said.verb)
    if following is None:
        turn.refuse(0, said.seq, f"the fleet is {now}: it cannot {said.verb}")
    elif now != "killed" or may_release(turn, said):
        turn.say(
            0,
            facts.FleetSwitched(
                at_ms=turn.now_ms,
                state=following,
                by=said.principal,
                reason=body.reason,
                input=said.seq,
                commanded_us=said.time_us,
                until_ms=ends_ms(turn, body),
            ),
        )
        _follow(turn, FLEET, following)


def switch_named(turn: Turn, said: Input, body: Control, scope: Scope) -> None:
    """Switch what has a name."""
    now = switch_of(turn.state, scope)
    following = SWITCHES[now].get(said.verb)
    if following is None:
        turn.refuse(0, said.seq, f"{scope} is {now}: it cannot {said.verb}")
    elif now == "running" and _is_no_agent(turn, scope):
        sentence = f"{scope.name} is no agent: {said.verb} a tool, a model, a tenant or the fleet instead"
        turn.refuse(0, said.seq, sentence)
    elif now == "running" and len(turn.state.switches) >= MAX_SWITCHES:
        turn.refuse(0, said.seq, f"{MAX_SWITCHES} switches are set: resume some, or {said.verb} the fleet")
    else:
        turn.say(0, switched(turn, said, body, scope, following))
        _follow(turn, scope, following)


def _is_no_agent(turn: Turn, scope: Scope) -> bool:
    """Tell whether what is called an agent is here, and is something else."""
    state = turn.state
    others = (state.workers, state.guards, state.access)
    return scope.kind == "agent" and any(scope.name in known for known in others)


def switched(turn: Turn, said: Input, body: Control, scope: Scope, state: SwitchState) -> facts.Switched:
    """Build the fact of a switch that somebody has commanded."""
    return facts.Switched(
        at_ms=turn.now_ms,
        scope=scope,
        state=state,
        by=said.principal,
        reason=body.reason,
        input=said.seq,
        commanded_us=said.time_us,
        until_ms=ends_ms(turn, body),
    )


def ends_ms(turn: Turn, body: Control) -> int | None:
    """Return when a pause ends by itself."""
    return None if body.for_s is None else turn.now_ms + body.for_s * 1_000


def pauses_over(turn: Turn) -> None:
    """Let go on what was paused until now."""
    over = [
        scope
        for scope, switch in turn.state.switches.items()
        if switch.until_ms is not None and turn.now_ms >= switch.until_ms
    ]
    for scope in sorted(over, key=str):
        if turn.is_full(scope.task):
            continue
        if scope == FLEET:
            turn.say(
                0, facts.FleetSwitched(at_ms=turn.now_ms, state="running", by=BY_ITSELF, reason=PAUSE_OVER)
            )
        else:
            said = facts.Switched(
                at_ms=turn.now_ms, scope=scope, state="running", by=BY_ITSELF, reason=PAUSE_OVER
            )
            turn.say(scope.task, said)
        _follow(turn, scope, "running")


def _follow(turn: Turn, scope: Scope, state: SwitchState) -> None:
    """Let happen what follows from a switch: a kill reaches what is there, what was held is tried again."""
    if state in _GOING_ON:
        for number in list(turn.state.waiting):
            retry_held(turn, number)
    elif state == "killed":
        match scope.kind:
            case "agent" | "role":
                kill_agents(turn, scope)
            case "tool" | "model":
                kill_effects(turn, scope)
            case "tenant":
                kill_tasks(turn)
            case _:
                kill_agents(turn, scope)
                kill_tasks(turn)
