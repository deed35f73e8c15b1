"""Which agents may not be connected now, in one environment, as the bus and the log tell it; without IO.

A kill is heard twice: at once as a plain message, and then as a record of the log. Both refuse until a
decision about the same scope says something else; one that was heard only as a plain message (the log was
full) also ends when somebody resumes the scope. It must not know connections, keys or people.
"""

import re
from collections.abc import Iterable

import msgspec

from interlock.bus.logs import log
from interlock.contracts.facts import AgentJoined, FleetSwitched, Refused, Switched
from interlock.contracts.facts.fact import Fact
from interlock.contracts.scope import FLEET, Doing, Scope, covers

MOST_UNDECIDED = 4_096
# The scopes whose kill ends connections; all others are the supervisor's and the workers' matter.
KINDS = ("agent", "role", "fleet")

_NUMBERED = re.compile(r"(?P<role>.+?)-\d+")


class _Kill(msgspec.Struct, frozen=True):
    """A kill that no decision speaks of yet: its record (0: heard only), and what had been read before it."""

    seq: int
    after_seq: int


class Switches:
    """The kills that hold over agents, roles and the fleet."""

    def __init__(self) -> None:
        self._killed: dict[Scope, str] = {}
        self._undecided: dict[Scope, _Kill] = {}
        self._roles: dict[str, str] = {}
        self._read_seq = 0
        self._cause = 0

    def heard(self, verb: str, scope: Scope) -> bool:
        """Take a plain control message; return whether it is a kill that ends connections."""
        known = self._undecided.get(scope)
        if scope.kind not in KINDS:
            return False
        if verb == "kill":
            self._note(scope, known or _Kill(0, self._read_seq))
            return True
        if verb == "resume" and known is not None and not known.seq:
            del self._undecided[scope]
        return False

    def read(self, seq: int, verb: str, scope: Scope) -> bool:
        """Take a control's record of the log, in order; return whether it is a kill that ends connections."""
        self._read_seq = max(self._read_seq, seq)
        if scope.kind not in KINDS:
            return False
        if seq <= self._cause:
            return False
        if verb == "kill":
            self._note(scope, _Kill(seq, seq - 1))
            return True
        if verb == "resume":
            known = self._undecided.get(scope)
            if known is not None and not known.seq and seq > known.after_seq:
                del self._undecided[scope]
        return False

    def decided(self, seq: int, cause: int, facts: Iterable[Fact]) -> None:
        """Take a decision about the fleet, in order; what stands before its cause has been decided."""
        self._read_seq = max(self._read_seq, seq)
        self._cause = max(self._cause, cause)
        self._undecided = {
            scope: kill for scope, kill in self._undecided.items() if not 0 < kill.seq < self._cause
        }
        for fact in facts:
            match fact:
                case Switched(scope=scope):
                    self._switch(scope, fact)
                case FleetSwitched():
                    self._switch(FLEET, fact)
                case Refused(input=refused) if refused:
                    self._undecided = {
                        scope: kill for scope, kill in self._undecided.items() if kill.seq != refused
                    }
                case AgentJoined():
                    self._roles[fact.principal] = fact.charter.role
                case _:
                    pass

    def role_of(self, agent: str) -> str:
        """Return an agent's role: as its charter says, else what stands before the number in its name."""
        known = self._roles.get(agent)
        if known is not None:
            return known
        numbered = _NUMBERED.fullmatch(agent)
        return numbered["role"] if numbered else agent

    @property
    def any(self) -> bool:
        """Whether any kill holds."""
        return bool(self._killed or self._undecided)

    def kill_over(self, agent: str, *, decided: bool = True) -> str:
        """Return the words for the kill that keeps an agent out, or nothing.

        Not `decided`: of kills that nobody has decided about, for what was decided is not all read yet.
        """
        if not self.any:
            return ""
        doing = Doing(agent=agent, role=self.role_of(agent))
        for scope in (*(self._killed if decided else ()), *self._undecided):
            if covers(scope, doing):
                return f"{scope} is killed: it has to be resumed first"
        return ""

    def _note(self, scope: Scope, kill: _Kill) -> None:
        self._undecided.pop(scope, None)
        if len(self._undecided) >= MOST_UNDECIDED:
            forgotten = next(iter(self._undecided))
            del self._undecided[forgotten]
            log.error("undecided_kill_forgotten", scope=str(forgotten), most=MOST_UNDECIDED)
        self._undecided[scope] = kill

    def _switch(self, scope: Scope, fact: Switched | FleetSwitched) -> None:
        if scope.kind not in KINDS:
            return
        if fact.state == "killed":
            self._killed[scope] = fact.by
        else:
            self._killed.pop(scope, None)
        undecided = self._undecided.get(scope)
        if undecided is not None and fact.input > undecided.after_seq:
            del self._undecided[scope]
