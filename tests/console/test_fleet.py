"""Who is there, with those who only watch, and who is held by a switch."""

import pytest
from tests.console.conftest import accepted, decision
from tests.console.terminal import Terminal

from interlock.console.exits import Exit
from interlock.console.fleet import fold_fleet
from interlock.console.views import FleetView
from interlock.contracts import facts as f
from interlock.contracts.charter import Charter
from interlock.contracts.scope import Scope

CLERK = f.AgentJoined(
    principal="clerk-1",
    incarnation="i",
    capacity=2,
    charter=Charter(role="clerk", version="1", objective="File."),
)
WORKER = f.EffectsJoined(principal="effects-1", incarnation="i", capacity=8)
GUARD = f.GuardJoined(principal="guard-1", incarnation="i", host="h", children=("clerk-1",))
ACCESS = f.AccessJoined(principal="access-1", incarnation="i", host="h")
AGENT, ROLE = Scope(kind="agent", name="clerk-1"), Scope(kind="role", name="clerk")


def seen(*facts: f.AnyFact) -> FleetView:
    view = FleetView()
    fold_fleet(view, decision(*facts, task=0))
    return view


def switched(scope: Scope, state: f.SwitchState, by: str = "bob") -> f.Switched:
    return f.Switched(at_ms=1, scope=scope, state=state, by=by)


def test_guards_and_access_services_come_and_go_like_everybody() -> None:
    view = seen(GUARD, ACCESS)
    assert [(member.kind, member.capacity) for member in view.members.values()] == [
        ("guard", 0),
        ("access", 0),
    ]
    assert view.members["guard-1"].about == "starts, watches and kills clerk-1 on h"
    fold_fleet(view, decision(f.Left(principal="guard-1", incarnation="i", reason="silent"), task=0))
    assert view.members["guard-1"].left == "silent"


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ((), None),
        ((switched(AGENT, "killed"),), "killed"),
        ((switched(ROLE, "paused"),), "paused"),
        ((switched(ROLE, "killed"), switched(AGENT, "paused")), "killed"),
        ((switched(AGENT, "draining"), switched(ROLE, "paused")), "draining"),
        ((switched(AGENT, "killed"), switched(AGENT, "running")), None),
        ((switched(Scope(kind="agent", name="clerk-2"), "killed"),), None),
        ((switched(Scope(kind="tool", name="clerk-1"), "killed"),), None),
    ],
)
def test_an_agent_is_held_by_the_strictest_switch_over_it(
    facts: tuple[f.Switched, ...], state: str | None
) -> None:
    view = seen(CLERK, WORKER, *facts)
    switch = view.switch_over(view.members["clerk-1"])
    assert (switch and switch.state) == state
    assert view.is_killed(view.members["clerk-1"]) == (state == "killed")
    assert view.switch_over(view.members["effects-1"]) is None


def test_tasks_lists_what_is_draining(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    task = terminal.submit()
    terminal.decide(task, accepted(), f.Drained(at_ms=1, by="bob"))
    assert terminal.type("tasks") == Exit.DONE
    assert capsys.readouterr().out.splitlines()[1].split()[:2] == [str(task), "draining"]


def test_agents_lists_who_watches_and_who_is_killed_though_gone(
    terminal: Terminal, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a killed agent that is gone, another that left, a guard and an access service
    monkeypatch.setattr("interlock.console.commands.agents.BEATS_S", 0.01)
    other = f.AgentJoined(principal="clerk-2", incarnation="i", capacity=1, charter=CLERK.charter)
    terminal.decide(0, CLERK, other, GUARD, ACCESS, switched(AGENT, "killed"))
    terminal.decide(
        0,
        f.Left(principal="clerk-1", incarnation="i", reason="killed"),
        f.Left(principal="clerk-2", incarnation="i", reason="bye"),
    )
    # When the agents are listed
    assert terminal.type("agents") == Exit.DONE
    # Then who is killed says so, and who left for good is not there
    lines = [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()]
    assert [line[0] for line in lines] == ["clerk-1", "guard-1", "access-1"]
    assert lines[0][2].startswith("killed by bob")
    assert lines[1][2].startswith("silent")
    assert terminal.type("agents", "--json") == Exit.DONE
    assert '"switched_by": "bob"' in capsys.readouterr().out
