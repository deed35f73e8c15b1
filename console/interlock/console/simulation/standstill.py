"""Which steps could go on, by a plain reader of the log: where all of them wait for people, clocks stand."""

from collections.abc import Callable
from typing import Any, Literal

from interlock.contracts import facts

Word = Literal["blocked", "open", "awaiting", "done", "over"]


class Steps:
    """The steps of all tasks, in one word each."""

    def __init__(self) -> None:
        self._words: dict[int, dict[str, Word]] = {}
        self._after: dict[tuple[int, str], tuple[str, ...]] = {}
        self._readers: dict[type[Any], Callable[[int, Any], None]] = {
            facts.PlanRequested: self._plan_requested,
            facts.Planned: self._planned,
            facts.ReviewRequested: self._opened,
            facts.StepCompleted: self._completed,
            facts.StepFailed: self._opened,
            facts.StepLost: self._opened,
            facts.StepAwakened: self._opened,
            facts.StepSuspended: self._suspended,
            facts.StepDead: self._died,
            facts.StepReopened: self._reopened,
            facts.Completed: self._ended,
            facts.Failed: self._ended,
            facts.Halted: self._ended,
        }

    def read(self, task: int, fact: facts.AnyFact) -> None:
        """Read a fact."""
        reader = self._readers.get(type(fact))
        if reader is not None:
            reader(task, fact)

    def stands(self, task: int) -> bool:
        """Tell whether something in a task waits for people, and nothing could go on without them."""
        words = set(self._words.get(task, {}).values())
        return "awaiting" in words and "open" not in words

    def awaits(self, task: int, step: str) -> bool:
        """Tell whether a step is in nobody's hand because it waits for people."""
        return self._words.get(task, {}).get(step) == "awaiting"

    def _of(self, task: int) -> dict[str, Word]:
        return self._words.setdefault(task, {})

    def _plan_requested(self, task: int, fact: facts.PlanRequested) -> None:
        words = self._of(task)
        if fact.replan:
            words.update({step: "over" for step, word in words.items() if word != "done"})
        words[fact.step] = "open"

    def _planned(self, task: int, fact: facts.Planned) -> None:
        for step in fact.steps:
            self._of(task)[step.id] = "blocked"
            self._after[task, step.id] = step.after
        self._unblock(task)

    def _unblock(self, task: int) -> None:
        words = self._of(task)
        for step, word in words.items():
            after = self._after.get((task, step), ())
            if word == "blocked" and all(words.get(before) == "done" for before in after):
                words[step] = "open"

    def _opened(
        self,
        task: int,
        fact: facts.ReviewRequested | facts.StepFailed | facts.StepLost | facts.StepAwakened,
    ) -> None:
        self._of(task)[fact.step] = "open"

    def _completed(self, task: int, fact: facts.StepCompleted) -> None:
        self._of(task)[fact.step] = "done"
        self._unblock(task)

    def _suspended(self, task: int, fact: facts.StepSuspended) -> None:
        self._of(task)[fact.step] = "awaiting"

    def _died(self, task: int, fact: facts.StepDead) -> None:
        self._of(task)[fact.step] = "over"

    def _reopened(self, task: int, fact: facts.StepReopened) -> None:
        self._of(task)[fact.step] = "blocked"
        self._unblock(task)

    def _ended(self, task: int, _fact: facts.AnyFact) -> None:
        self._words.pop(task, None)
