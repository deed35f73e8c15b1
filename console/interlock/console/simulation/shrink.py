"""Makes a failing scenario small: leaves out actions as long as the same law still breaks.

Source: delta debugging (Zeller and Hildebrandt, 2002), with a bound on the runs.
"""

from interlock.console.simulation.actions import AnyAction
from interlock.console.simulation.run import Report, Simulation
from interlock.console.simulation.scenario import Scenario

MOST_RUNS = 250


class Shrinking:
    """The search for the shortest scenario in which the same law breaks."""

    def __init__(self, scenario: Scenario, law: str, most_runs: int = MOST_RUNS) -> None:
        self.scenario = scenario
        self._law = law
        self._runs_left = most_runs

    def shrink(self) -> Scenario:
        """Return the smallest scenario that was found."""
        parts = 2
        while len(self.scenario.actions) > 1 and self._runs_left > 0:
            smaller = self._without_a_part(parts)
            if smaller is not None:
                self.scenario = smaller
                parts = max(2, parts - 1)
            elif parts >= len(self.scenario.actions):
                break
            else:
                parts = min(len(self.scenario.actions), parts * 2)
        return self.scenario

    def _without_a_part(self, parts: int) -> Scenario | None:
        actions = self.scenario.actions
        size = -(-len(actions) // parts)
        for first in range(0, len(actions), size):
            rest = actions[:first] + actions[first + size :]
            if self._still_breaks(rest):
                return self.scenario.only(rest)
        return None

    def _still_breaks(self, actions: tuple[AnyAction, ...]) -> bool:
        if self._runs_left <= 0:
            return False
        self._runs_left -= 1
        violation = Simulation(self.scenario.only(actions)).run().violation
        return violation is not None and violation.law == self._law


def shrunken(scenario: Scenario, report: Report) -> Scenario:
    """Return a small scenario that breaks the same law as the report's, or the same if nothing was broken."""
    return Shrinking(scenario, report.violation.law).shrink() if report.violation else scenario
