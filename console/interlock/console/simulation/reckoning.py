"""Receipts by a plain reader of the log: each kill has one, and it agrees with what really happened."""

from collections.abc import Callable

from interlock.console.simulation.world import Execution
from interlock.contracts import facts
from interlock.contracts.scope import FLEET, Scope, task_scope

Broken = Callable[[str, str], None]


class Reckoning:
    """The kills that were accepted, their receipts, and what was really executed."""

    def __init__(self, broken: Broken) -> None:
        self.open: dict[int, Scope] = {}
        self._broken = broken
        self._closed: set[int] = set()
        self._ran: set[int] = set()
        self._refused: dict[int, int] = {}

    def read(self, task: int, fact: facts.AnyFact, *, killed_above: bool) -> None:
        """Read a fact; `killed_above` is whether the task's tenant or the fleet is killed."""
        if isinstance(fact, facts.FleetSwitched) and fact.state == "killed":
            self._begin(fact.input, FLEET)
        elif isinstance(fact, facts.Switched) and fact.state == "killed":
            self._begin(fact.input, fact.scope)
        elif isinstance(fact, facts.Halted) and not killed_above:
            self._begin(fact.input, task_scope(task))
        elif isinstance(fact, facts.Receipted):
            self._end(fact)

    def executed(self, execution: Execution) -> None:
        """See an execution begin in the world."""
        self._ran.add(execution.effect)
        kill = self._refused.get(execution.effect)
        if kill is not None:
            self._broken(
                "receipt", f"effect {execution.effect} began after the receipt of {kill} called it refused"
            )

    def _begin(self, command: int, scope: Scope) -> None:
        if command in self.open or command in self._closed:
            self._broken("receipt", f"the command {command} killed {scope} twice")
        self.open[command] = scope

    def _end(self, receipt: facts.Receipted) -> None:
        scope = self.open.pop(receipt.kill, None)
        if scope != receipt.scope:
            self._broken("receipt", f"a receipt of {receipt.kill} over {receipt.scope}, killed was {scope}")
        self._closed.add(receipt.kill)
        for effect in receipt.effects:
            ran = effect.effect in self._ran
            if effect.fate == "refused" and ran:
                self._broken("receipt", f"effect {effect.effect} ran, but is called refused: {effect}")
            if effect.fate == "completed" and not ran:
                self._broken("receipt", f"effect {effect.effect} never ran, but is called completed")
            if effect.fate == "refused":
                self._refused[effect.effect] = receipt.kill
        for process in receipt.processes:
            if process.fate in {"exited", "disconnected", "stopped"} and not process.records:
                self._broken("receipt", f"{process.principal} is called {process.fate}, but nobody saw it")
