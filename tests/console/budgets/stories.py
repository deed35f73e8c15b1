"""Logs to be read: life at random and recorded histories as decisions in order, each with its sequence."""

from pathlib import Path
from random import Random

from tests.histories.recorder import load
from tests.supervisor.core.life import HAPPENINGS, Life
from tests.supervisor.core.world import World

from interlock.contracts.decision import Decision
from interlock.contracts.message import decode
from interlock.contracts.subjects import DECISIONS
from interlock.supervisor.core.turn import Decided

Story = list[tuple[int, Decision]]

HISTORIES = Path(__file__).parents[2] / "histories"


class Recorder(World):
    """A world that writes its decisions down as a supervisor does: the fleet's in their place."""

    def __init__(self) -> None:
        super().__init__()
        assert self.state.policies is not None
        begun = Decision(task=0, cause=0, at_ms=0, by="supervisor-1", facts=(self.state.policies,))
        self.story: Story = [(1, begun)]

    def _take(self, decided: Decided, again: Decided) -> None:
        super()._take(decided, again)
        for task, facts in decided.segments:
            decision = Decision(
                task=task, cause=self.seq, at_ms=self.now_ms, by="supervisor-1", facts=tuple(facts)
            )
            self.story.append((len(self.story) + 1, decision))


def lived(seed: int, happenings: int = 150) -> Recorder:
    """Return a world in which so much has happened at random."""
    chance = Random(seed)
    life = Life()
    life.world = recorder = Recorder()
    for happening in chance.choices(list(HAPPENINGS), list(HAPPENINGS.values()), k=happenings):
        happening(life, chance)
    return recorder


def recorded(name: str) -> Story:
    """Return the decisions of a recorded history."""
    records = load(HISTORIES / f"{name}.jsonl")
    prefix = DECISIONS.removesuffix(">")
    return [(r.seq, decode(Decision, r.data)) for r in records if r.subject.startswith(prefix)]
