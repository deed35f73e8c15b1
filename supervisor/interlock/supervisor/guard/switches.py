"""Whom a kill holds back on this host, as far as heard; pure.

A kill is heard three times: at once as a plain message, then where it stands in the log, then as what the
supervisor decided about it. From the first of them on nobody in its scope may run, and until the supervisor
has decided that they may again: so it is for a kill that stands in the log. One that was only heard (the log
was full) is taken back by a resume that is only heard.
"""

from interlock.contracts import facts as f
from interlock.contracts.decision import Decision
from interlock.contracts.scope import FLEET, Doing, Scope, covers
from interlock.supervisor.guard.plan import Child

_OF_PROCESSES = {"agent", "role", "fleet"}


class _Kill:
    """What was heard and not decided about one scope: how often only heard, and its last place in the log."""

    def __init__(self) -> None:
        self.unseen = 0
        self.seq = 0


class Switches:
    """The switches over the agents of one host. Only agents are killed; who governs them goes on."""

    def __init__(self, children: tuple[Child, ...]) -> None:
        self.decided_seq = 0
        self._agents = {
            child.name: Doing(agent=child.name, role=child.charter)
            for child in children
            if child.role == "agent"
        }
        self._killed: set[Scope] = set()
        self._heard: dict[Scope, _Kill] = {}
        self._lives: dict[str, str] = {}

    @property
    def agents(self) -> frozenset[str]:
        """All agents of this host."""
        return frozenset(self._agents)

    @property
    def held(self) -> frozenset[str]:
        """Who must not run."""
        scopes = {*self._killed, *(scope for scope, kill in self._heard.items() if self._holds(kill))}
        return frozenset(name for scope in scopes for name in self.concerned(scope))

    def concerned(self, scope: Scope) -> frozenset[str]:
        """Return which agents of this host a switch over processes is over."""
        if scope.kind not in _OF_PROCESSES:
            return frozenset()
        return frozenset(name for name, doing in self._agents.items() if covers(scope, doing))

    def heard(self, verb: str, scope: Scope) -> None:
        """Note a kill or resume that came as a plain message."""
        if verb == "kill" and self.concerned(scope):
            self._heard.setdefault(scope, _Kill()).unseen += 1
        elif verb == "resume" and scope in self._heard:
            self._heard[scope].unseen = 0

    def logged(self, verb: str, scope: Scope, seq: int) -> bool:
        """Note where a kill or resume stands in the log; True for a kill that is news."""
        if verb != "kill" or not self.concerned(scope):
            return False
        kill = self._heard.setdefault(scope, _Kill())
        news = not kill.unseen and seq > self.decided_seq
        kill.unseen = max(kill.unseen - 1, 0)
        kill.seq = seq
        return news

    def decided(self, decision: Decision) -> frozenset[str]:
        """Take in a decision about the fleet; return which agents it condemns."""
        condemned: set[str] = set()
        for fact in decision.facts:
            match fact:
                case f.Switched() if self.concerned(fact.scope):
                    self._decide(fact.scope, fact.state)
                case f.FleetSwitched():
                    self._decide(FLEET, fact.state)
                case f.AgentJoined() if fact.principal in self._agents:
                    self._lives[fact.principal] = fact.incarnation
                case f.AgentCondemned() if fact.principal in self._agents:
                    if self._lives.get(fact.principal, fact.incarnation) == fact.incarnation:
                        condemned.add(fact.principal)
                case _:
                    pass
        # Everything up to its cause is decided: what was heard of that is settled.
        self.decided_seq = max(self.decided_seq, decision.cause)
        return frozenset(condemned)

    def _decide(self, scope: Scope, state: f.SwitchState) -> None:
        if state == "killed":
            self._killed.add(scope)
        else:
            self._killed.discard(scope)

    def _holds(self, kill: _Kill) -> bool:
        return kill.unseen > 0 or kill.seq > self.decided_seq
