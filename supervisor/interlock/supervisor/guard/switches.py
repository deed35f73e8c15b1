"""Whom a kill holds back on this host, as far as heard; pure.

A kill is heard three times: at once as a plain message, then where it stands in the log, then as what the
supervisor decided about it. From the first of them on nobody in its scope may run, and until the supervisor
has decided that they may again: so it is for a kill that stands in the log. One that was only heard (the log
was full) can be taken back by whoever hears a resume, when the log had the time to show it.
"""

from interlock.contracts import facts as f
from interlock.contracts.decision import Decision
from interlock.contracts.scope import FLEET, Doing, Scope, covers
from interlock.supervisor.guard.plan import Child

_OF_PROCESSES = {"agent", "role", "fleet"}


class _Kill:
    """What was heard about one scope: how often, how many of those are settled, its last place in the log.

    One that was heard is settled when it is seen in the log, or taken back.
    """

    def __init__(self) -> None:
        self.heard = 0
        self.settled = 0
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

    def heard(self, scope: Scope) -> None:
        """Note a kill that came as a plain message."""
        if self.concerned(scope):
            self._heard.setdefault(scope, _Kill()).heard += 1

    def unsettled(self, scope: Scope) -> int:
        """Return how often a kill was heard up to now, 0 when the log has shown each of them."""
        kill = self._heard.get(scope)
        return 0 if kill is None or kill.settled >= kill.heard else kill.heard

    def take_back(self, scope: Scope, heard: int) -> None:
        """Settle the first so many kills that were heard: they were resumed, and the log never had them."""
        kill = self._heard.get(scope)
        if kill is not None:
            kill.settled = max(kill.settled, heard)

    def logged(self, scope: Scope, seq: int) -> bool:
        """Note where a kill stands in the log; return whether it is news."""
        if not self.concerned(scope):
            return False
        kill = self._heard.setdefault(scope, _Kill())
        kill.seq = seq
        if kill.settled < kill.heard:
            kill.settled += 1
            return False
        return seq > self.decided_seq

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
        return kill.settled < kill.heard or kill.seq > self.decided_seq
