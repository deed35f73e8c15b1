"""Facts about switches, receipts and what was seen from outside, in plain words."""

import pytest
from tests.console.stop.examples import receipted

from interlock.console.lines import said
from interlock.console.stop.times import said_moment
from interlock.contracts import facts as f
from interlock.contracts.scope import FLEET, Scope

UNTIL_MS = 1_764_000_600_000
MOMENT = said_moment(UNTIL_MS)


@pytest.mark.parametrize(
    ("fact", "line"),
    [
        (f.Paused(at_ms=1, by="bob", reason="lunch"), "paused by bob: lunch"),
        (f.Paused(at_ms=1, by="bob", until_ms=UNTIL_MS), f"paused by bob until {MOMENT}"),
        (
            f.Drained(at_ms=1, by="bob", reason="night"),
            "drained by bob: the steps in hand may finish, no other begins: night",
        ),
        (
            f.Switched(
                at_ms=1, scope=Scope(kind="tool", name="search"), state="killed", by="bob", reason="odd"
            ),
            "tool search is killed, by bob: odd",
        ),
        (
            f.Switched(
                at_ms=1,
                scope=Scope(kind="step", task=42, step="plan"),
                state="paused",
                by="bob",
                until_ms=UNTIL_MS,
            ),
            f"step plan of task 42 is paused until {MOMENT}, by bob",
        ),
        (f.FleetSwitched(at_ms=1, state="draining", by="bob"), "everything is draining, by bob"),
        (
            f.ReleaseAsked(at_ms=1, by=("bob",), needed=2),
            "bob wants everything to go on; 1 other person has to say so too: interlock resume fleet",
        ),
        (
            f.ReleaseAsked(at_ms=1, by=("ada", "bob"), needed=4),
            "ada, bob want everything to go on; 2 other people have to say so too: interlock resume fleet",
        ),
        (
            f.ReleaseRuleSet(people=2, by="ada", reason="four eyes"),
            "after a kill of everything 2 different people have to resume it, says ada: four eyes",
        ),
        (
            f.ReleaseRuleSet(people=1, by="ada"),
            "after a kill of everything 1 person has to resume it, says ada",
        ),
        (
            f.AgentCondemned(at_ms=1, principal="clerk-1", incarnation="i", reason="it goes on", kill=4),
            "the process of clerk-1 shall end: it goes on",
        ),
        (
            f.StepStopped(step="plan", attempt=1, principal="clerk-1", stopped_us=5),
            "plan: clerk-1 confirms that it has stopped",
        ),
        (
            f.GuardJoined(
                principal="guard-1", incarnation="i", host="h", children=tuple(f"a-{n}" for n in range(7))
            ),
            "guard-1 joined on h: it watches the processes of a-0, a-1, a-2, a-3, a-4 and 2 more",
        ),
        (
            f.GuardJoined(principal="guard-1", incarnation="i"),
            "guard-1 joined: it watches the processes of nobody yet",
        ),
        (
            f.AccessJoined(principal="access-1", incarnation="i", host="h"),
            "access-1 joined on h: it sees connections end",
        ),
        (
            f.ExitObserved(principal="clerk-1", input=71, observer="guard-1", exited_us=5),
            "guard-1 saw the process of clerk-1 end (record 71)",
        ),
        (
            f.ConnectionObserved(principal="clerk-1", input=70, observer="access-1", ended_us=5),
            "access-1 saw the last connection of clerk-1 end (record 70)",
        ),
        (
            f.AccessViolated(
                at_ms=1, principal="clerk-1", action="publish", target="interlock.decision.42", times=3
            ),
            "refused: clerk-1 tried to publish on interlock.decision.42 (3 times)",
        ),
        (
            f.AccessViolated(at_ms=1, principal="", action="connect", detail="unknown key"),
            "refused: somebody unknown tried to connect: unknown key",
        ),
        (
            f.Entitled(principal="olga", roles=("submitter",), models=("openai/*",)),
            "what may be done in the name of olga: roles submitter; models openai/*",
        ),
        (f.Entitled(principal="olga"), "what may be done in the name of olga: everything"),
        (
            receipted(),
            (
                "receipt of the kill of task 42 (record 61): effects: 1 aborted, 1 completed, 1 in doubt, "
                "1 refused; processes: 1 exited, 1 disconnected, 1 stopped, 1 unobserved; "
                "not everything was observed"
            ),
        ),
        (
            receipted(scope=FLEET, effects=(), processes=(), complete=True, more_effects=2),
            (
                "receipt of the kill of everything (record 61): effects: none was open; processes: none had "
                "work; 2 more"
            ),
        ),
    ],
)
def test_each_fact_is_said_in_plain_words(fact: f.AnyFact, line: str) -> None:
    assert said(fact) == line
