"""Reviews: what ran at level 3 is looked at afterwards, a failed one lowers the role, and may be undone."""

from typing import Any

import pytest
from tests.supervisor.core.world import ONE, PAYING, PUT, SEARCH, TOOLS, World

from interlock.contracts import facts
from interlock.contracts.effect import ToolCall
from interlock.contracts.people import Approve
from interlock.contracts.presence import ToolOffer
from interlock.supervisor.core.autonomy import level_of
from interlock.supervisor.core.limits import RECEIPT_MS

REFUND = ToolOffer(tool="refund", risk="write", repeatable=True)
SAVING = ToolOffer(tool="save", risk="write", repeatable=True, undo="forget", target="to")
FORGET = ToolOffer(tool="forget", risk="write", repeatable=False)
SAVE = ToolCall(tool="save", arguments={"to": "bob"})


def at_work(**charter: Any) -> tuple[World, int]:
    """Bring a researcher to its step whose changes are reviewed, with somebody who reviews."""
    world = World()
    allowed: dict[str, Any] = {"tools": ("save", "write_file", "pay"), "autonomy": 3}
    world.agent("researcher-1", **allowed | charter)
    world.worker(tools=(*TOOLS, PAYING, REFUND, SAVING, FORGET))
    world.person("olga", roles=("operator",))
    return world, world.submit(plan=ONE, review=False)


def saved(world: World, number: int, call: ToolCall = SAVE, key: str = "k1") -> int:
    """Let a change happen that is reviewed; return its effect."""
    effect = world.ask(number, "a", call, key=key)
    world.completed(number, effect)
    return effect


def level(world: World, risk: str = "write") -> int:
    return level_of(world.state, "researcher", risk, "default")


def test_what_ran_is_brought_to_somebody_with_all_that_it_takes_to_judge_it() -> None:
    world, number = at_work(escalation="editors")
    effect = saved(world, number)
    (asked,) = world.said(0, facts.Escalated)
    assert (asked.kind, asked.about, asked.effect, asked.number) == ("review", number, effect, 1)
    assert (asked.tool, asked.arguments, asked.risk) == ("save", {"to": "bob"}, "write")
    assert (asked.reversible, asked.undo, asked.desk) == ("undo", "forget", "editors")
    assert (asked.asks, asked.submitter, asked.tenant) == ("researcher-1", "alice", "default")
    # And nothing waits for it
    assert not asked.blocks
    world.result(number, "a")
    assert world.said(number, facts.Completed)
    assert (0, 1) in world.state.escalations


def test_what_failed_is_not_reviewed() -> None:
    world, number = at_work()
    world.failed(number, world.ask(number, "a", SAVE))
    assert not world.said(0, facts.Escalated)


def test_a_review_that_is_fine_changes_nothing() -> None:
    world, number = at_work()
    saved(world, number)
    world.say("olga", "human", "approve", Approve(), 0, 1)
    assert world.only(0, facts.Resolved).verdict == "approved"
    assert level(world) == 3


@pytest.mark.parametrize("over", [False, True])
def test_a_failed_review_lowers_the_role_and_undoes_what_was_done(over: bool) -> None:
    # Given something that was done, in a task that goes on or is over
    world, number = at_work()
    effect = saved(world, number)
    if over:
        world.result(number, "a")
    # When the review fails
    world.reject(0, 1, reason="bob left", undo=True)
    # Then the tool that undoes it is run, with what it was done with, and the key under which it was done
    granted = world.only(number, facts.EffectGranted)
    expected = {"to": "bob", "key": f"{number}.{effect}"}
    assert granted.call == ToolCall(tool="forget", arguments=expected)
    assert (granted.effect, granted.role, granted.worker) == (world.seq, "researcher", "effects-1")
    # And the role goes less far from now on
    assert world.said(0, facts.Resolved)[0].verdict == "rejected"
    assert level(world) == 2
    assert level(world, "irreversible") == 3
    # And when it is undone, that is the end of it
    world.completed(number, granted.effect)
    assert world.kinds(number) == ["EffectSettled"]
    assert not world.said(0)
    assert number not in world.state.settling


@pytest.mark.parametrize("over", [False, True])
@pytest.mark.parametrize("how", ["failed", "lost"])
def test_people_hear_when_something_could_not_be_undone(how: str, over: bool) -> None:
    world, number = at_work()
    saved(world, number)
    if over:
        world.result(number, "a")
    world.reject(0, 1, undo=True)
    undoing = world.seq
    if how == "failed":
        world.failed(number, undoing)
    else:
        world.bye("effects-1")
    told = [fact for fact in world.said(0, facts.Escalated) if fact.kind == "in_doubt"]
    assert [(fact.about, fact.effect) for fact in told] == [(number, undoing)]
    assert "forget should have undone something" in told[0].summary
    # And it is not done again by itself, nor does it hold up the task
    world.tick()
    assert not world.said(number, facts.EffectGranted)
    assert over or world.task(number).hold == "free"


def test_an_undoing_is_not_to_be_had_by_any_key_of_an_agent() -> None:
    world, number = at_work()
    effect = saved(world, number)
    world.reject(0, 1, undo=True)
    undoing = world.seq
    # The agent asks under a key that looks like it, and gets an effect of its own
    own = world.ask(number, "a", PUT, key=f"undo.{effect}")
    assert world.said(number, facts.Escalated)[0].effect == own
    world.completed(number, undoing)
    assert world.effect(number, undoing).state == "completed"


@pytest.mark.parametrize(
    ("call", "tools", "switch", "sentence"),
    [
        (PUT, TOOLS, "", "write_file does not say how: undo it by hand"),
        (SAVE, (SEARCH,), "", "no effect worker with a free hand offers forget"),
        (SAVE, (SAVING, FORGET), "tool forget", "tool forget is paused"),
        (SAVE, (SAVING, FORGET), "fleet", "fleet is paused"),
        (SAVE, (SAVING, FORGET), "tenant default", "tenant default is paused"),
        (
            ToolCall(tool="save", arguments={"to": "x" * 20_000}),
            (SAVING, FORGET),
            "",
            "save does not say how",
        ),
    ],
)
def test_what_cannot_be_undone_is_said_and_the_review_stays_open(
    call: ToolCall, tools: tuple[ToolOffer, ...], switch: str, sentence: str
) -> None:
    world, number = at_work()
    saved(world, number, call)
    world.worker(tools=tools)
    if switch:
        world.switch("pause", switch)
    world.reject(0, 1, undo=True)
    assert sentence in world.only(0, facts.Refused).reason
    assert level(world) == 3
    # And without undoing it can be rejected all the same
    world.reject(0, 1)
    assert world.said(0, facts.Resolved)
    assert level(world) == 2


def test_a_crash_between_the_grant_and_the_verdict_undoes_once() -> None:
    # Given an undoing whose verdict was lost with the supervisor
    world, number = at_work()
    saved(world, number)
    world.reject(0, 1, undo=True)
    undoing = world.seq
    world.crash(number)
    # When the same record is decided about again
    world.seq -= 1
    world.reject(0, 1, undo=True)
    # Then only the verdict is new
    assert not world.said(number, facts.EffectGranted)
    assert world.said(0, facts.Resolved)
    assert world.effect(number, undoing).state == "granted"


@pytest.mark.parametrize("scope", ["tool forget", "fleet", "tenant default"])
@pytest.mark.parametrize("over", [False, True])
def test_a_kill_reaches_an_undoing_and_its_receipt_says_what_became_of_it(scope: str, over: bool) -> None:
    world, number = at_work()
    saved(world, number)
    if over:
        world.result(number, "a")
    world.reject(0, 1, undo=True)
    undoing = world.seq
    kill = world.switch("kill", scope)
    world.aborted(number, undoing, started=False)
    assert [fact.kind for fact in world.said(0, facts.Escalated)] == ["in_doubt"]
    world.tick(RECEIPT_MS)
    receipt = next(fact for fact in world.told[0] if isinstance(fact, facts.Receipted) and fact.kill == kill)
    assert [(each.effect, each.fate) for each in receipt.effects] == [(undoing, "refused")]
