"""What stands still by switches, as a plain reader of the log sees it, and what may not begin there.

It knows nothing of the core's own book of switches.
"""

from interlock.contracts import facts
from interlock.contracts.scope import FLEET, Doing, Scope, covers

_NO_NEW_STEP = frozenset(("agent", "role", "step"))


class Standing:
    """The switches that are not on `running`, with the record of the command."""

    def __init__(self) -> None:
        self.switches: dict[Scope, tuple[str, int]] = {}

    def read(self, fact: facts.AnyFact) -> None:
        """Read a fact; a step that is killed has no switch: it is dead."""
        if isinstance(fact, facts.FleetSwitched):
            self._set(FLEET, fact.state, fact.input)
        elif isinstance(fact, facts.Switched):
            dead = fact.scope.kind == "step" and fact.state == "killed"
            self._set(fact.scope, "running" if dead else fact.state, fact.input)

    def _set(self, scope: Scope, state: str, command: int) -> None:
        if state == "running":
            self.switches.pop(scope, None)
        else:
            self.switches[scope] = (state, command)

    def forbids(self, doing: Doing, *, step: bool) -> str:
        """Return why this may not begin (a step, or an effect), in words; nothing when it may."""
        for scope, (state, _) in self.switches.items():
            drained = state == "draining" and step and scope.kind in _NO_NEW_STEP
            if (state in {"paused", "killed"} or drained) and covers(scope, doing):
                return f"{scope} was {state}"
        return ""

    def killed_since(self, doing: Doing) -> tuple[Scope, int] | None:
        """Return a kill that is over this, and the record of its command."""
        for scope, (state, command) in self.switches.items():
            if state == "killed" and covers(scope, doing):
                return scope, command
        return None
