"""An approval is a capability: signed by those who may, over exactly this call, counted once, used once."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace
from tests.supervisor.core.payments import (
    LITTLE,
    MUCH,
    OUTSIDE,
    PAY,
    STOLEN,
    asked,
    at_the_desk,
    bundle,
    pay,
    set_policies,
)
from tests.supervisor.core.people import altered, key_of, signed, statement_of
from tests.supervisor.core.world import ONE, PUT, World

from interlock.contracts import facts
from interlock.contracts.approval import Approval, digest_of, is_signed
from interlock.contracts.budget import Amounts
from interlock.contracts.effect import ToolCall
from interlock.contracts.limits import DEFAULT_APPROVAL_S, MAX_JUDGED_BYTES
from interlock.contracts.people import Approve, Delegate, Edit
from interlock.contracts.plan import Plan, PlannedStep
from interlock.supervisor.core.approvals import satisfies
from interlock.supervisor.core.limits import SUSPEND_MS
from interlock.supervisor.core.ruling import Ruling
from interlock.supervisor.dispatches import do_effect

LESS = MUCH | {"cents": 55_000}
VALID_MS = DEFAULT_APPROVAL_S * 1_000


def refused(world: World, number: int) -> str:
    return str(world.only(number, facts.Refused).reason)


def say(world: World, number: int, approval: Approval, by: str = "bob", each: int = 1) -> None:
    world.say(by, "human", "approve", Approve(approval=approval), number, each)


def test_people_are_told_all_they_must_know_to_judge() -> None:
    # Given an agent that has read something from outside
    world, number = at_the_desk()
    read = world.ask(number, "a", ToolCall(tool=OUTSIDE.tool), "k0")
    world.completed(number, read, Amounts(tool_calls=1))
    outcome = world.seq
    # When it wants to pay
    effect = pay(world, number)
    # Then people are asked, with everything
    said = world.only(number, facts.Escalated)
    assert (said.number, said.kind, said.effect, said.step, said.key) == (1, "approval", effect, "a", "k1")
    assert (said.asks, said.role, said.submitter, said.tenant) == (
        "researcher-1",
        "researcher",
        "alice",
        "default",
    )
    assert (said.objective, said.summary) == ("Work.", "researcher wants to run pay (irreversible)")
    assert (said.tool, said.risk, said.arguments, said.digest) == (
        "pay",
        "irreversible",
        MUCH,
        digest_of(MUCH),
    )
    assert (said.reversible, said.undo, said.cost) == ("undo", "refund", Amounts(tool_calls=1))
    assert [(rule.id, rule.says[:14]) for rule in said.rules] == [("much", "never pay more")]
    assert world.state.policies is not None
    assert said.policies == world.state.policies.digest
    assert [(need.role, need.quorum) for need in said.needs] == [("finance", 2)]
    assert (said.desk, said.excluded, said.blocks) == ("finance", ("alice",), True)
    assert [(one.record, one.untrusted) for one in said.evidence] == [(outcome, True)]
    # And soon the step is in nobody's hand
    world.tick(SUSPEND_MS)
    assert world.kinds(number) == ["StepSuspended"]
    assert world.state.agents["researcher-1"].free == 1


def test_what_was_made_of_something_from_outside_comes_from_outside_too() -> None:
    # Given a step that has read something from outside, and two after it that pass it on
    world, _ = at_the_desk(capacity=8)
    names = ("read", "think", "act")
    steps = [
        PlannedStep(id=name, role="researcher", after=names[:place][-1:]) for place, name in enumerate(names)
    ]
    number = world.submit(plan=Plan(steps=tuple(steps)), review=False)
    world.completed(number, world.ask(number, "read", ToolCall(tool=OUTSIDE.tool)), Amounts(tool_calls=1))
    for name in ("read", "think"):
        world.result(number, name)
    # When the last wants to pay
    pay(world, number, step="act")
    # Then people see where it comes from
    (one,) = world.only(number, facts.Escalated).evidence
    assert (one.record, one.untrusted) == (world.step(number, "think").result, True)
    assert one.what == "the result of step think (researcher), made of what fetch told"


def test_two_of_them_let_it_happen_and_the_worker_gets_their_signatures() -> None:
    world, number, effect = asked()
    world.approve(number, by="bob")
    assert world.kinds(number) == ["ApprovalCounted"]
    world.approve(number, by="carol")
    assert world.kinds(number) == [
        "ApprovalCounted",
        "Resolved",
        "EffectGranted",
        "StepAwakened",
        "StepAssigned",
    ]
    closed = world.only(number, facts.Resolved)
    assert (closed.verdict, closed.by, closed.input) == ("approved", ("bob", "carol"), world.seq)
    granted = world.effect(number, effect)
    order = do_effect(world.task(number), granted, "i", ToolCall(tool="pay", arguments=MUCH), 1)
    assert [one.statement.by for one in order.approvals] == ["bob", "carol"]
    assert all(is_signed(one) and one.counted_ms == world.now_ms for one in order.approvals)
    assert (order.needs, order.approved_until_ms) == (granted.needs, world.now_ms + VALID_MS)
    assert not order.requester_may


def test_a_small_payment_asks_nobody() -> None:
    world, number = at_the_desk()
    pay(world, number, LITTLE)
    assert world.kinds(number) == ["EffectGranted"]


def test_what_nobody_could_read_is_refused_and_not_cut() -> None:
    world, number = at_the_desk()
    pay(world, number, MUCH | {"to": "x" * MAX_JUDGED_BYTES})
    denied = world.only(number, facts.EffectDenied)
    assert denied.rule == "limits.judged"
    assert f"at most {MAX_JUDGED_BYTES}" in denied.reason
    assert not world.state.escalations


# Who may, and who not.


@pytest.mark.parametrize(
    ("who", "sentence"),
    [
        ("alice", "alice has asked for 1.1, and may not approve it: others have to"),
        ("olga", "1.1 is for finance: olga speaks for nobody there who is missing"),
        ("mallory", "1.1 is for finance: mallory speaks for nobody there who is missing"),
        ("root", "1.1 is for finance: root speaks for nobody there who is missing"),
    ],
)
def test_who_is_not_asked_cannot_agree(who: str, sentence: str) -> None:
    world, number, effect = asked()
    world.person("root", roles=("admin",))
    world.approve(number, by=who)
    assert refused(world, number) == sentence.replace("1.1", f"{number}.1")
    assert world.effect(number, effect).state == "escalated"


def test_the_requester_may_not_agree_even_as_one_of_finance() -> None:
    world, number, _ = asked()
    world.person("alice", "finance")
    world.approve(number, by="alice")
    assert "may not approve it" in refused(world, number)


def test_each_counts_once() -> None:
    world, number, effect = asked()
    world.approve(number, by="bob")
    world.approve(number, by="bob")
    assert refused(world, number) == f"bob has approved {number}.1 already: others of finance have to"
    assert world.effect(number, effect).state == "escalated"


def test_an_approval_without_a_signature_says_how_to_sign() -> None:
    world, number, _ = asked()
    world.say("bob", "human", "approve", Approve(), number, 1)
    assert f"`interlock approve {number}.1` signs what it shows" in refused(world, number)


def swap_names(world: World, number: int) -> Approval:
    return signed(statement_of(world.state, number, 1, "carol"))


def with_a_strange_key(world: World, number: int) -> Approval:
    return signed(statement_of(world.state, number, 1, "bob"), key_of("mallory"))


def with_anothers_key(world: World, number: int) -> Approval:
    return signed(statement_of(world.state, number, 1, "bob"), key_of("carol"))


def altered_afterwards(world: World, number: int) -> Approval:
    return altered(signed(statement_of(world.state, number, 1, "bob")), valid_s=80_000)


def without_sense(world: World, number: int) -> Approval:
    return replace(signed(statement_of(world.state, number, 1, "bob")), signature="?")


@pytest.mark.parametrize(
    "forged", [swap_names, with_a_strange_key, with_anothers_key, altered_afterwards, without_sense]
)
def test_a_forged_approval_is_refused_and_said_to_be_one(forged: Callable[[World, int], Approval]) -> None:
    world, number, effect = asked()
    say(world, number, forged(world, number))
    assert world.kinds(number) == ["Refused", "AccessViolated"]
    assert world.only(number, facts.AccessViolated).principal == "bob"
    assert world.effect(number, effect).state == "escalated"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"arguments": digest_of(MUCH | {"cents": 60_001})}, "look at it again"),
        ({"tool": "refund"}, "look at it again"),
        ({"verdict": "edit"}, "look at it again"),
        ({"policies": "0" * 64}, "the policies are not those"),
        ({"number": 2}, "it was signed for"),
        ({"task": 999}, "it was signed for"),
        ({"effect": 999}, "it was signed for"),
        ({"asked_ms": 999}, "that was asked at another time, as in another log"),
        ({"asked_ms": 0}, "that was asked at another time, as in another log"),
    ],
    ids=["arguments", "tool", "verdict", "policies", "number", "task", "effect", "log", "no log"],
)
def test_what_was_signed_has_to_be_what_is_asked(changes: dict[str, Any], sentence: str) -> None:
    world, number, _ = asked()
    statement = replace(statement_of(world.state, number, 1, "bob"), **changes)
    say(world, number, signed(statement))
    assert sentence in refused(world, number)


def test_two_that_are_open_at_once_cannot_be_swapped() -> None:
    # Given two payments that are asked at once
    world, number = at_the_desk()
    pay(world, number)
    world.tick(SUSPEND_MS)
    other = world.submit(plan=ONE, review=False)
    pay(world, other, MUCH | {"cents": 70_000})
    # When what was signed of one is said of the other
    say(world, other, signed(statement_of(world.state, number, 1, "bob")))
    # Then it is refused
    assert f"it was signed for {number}.1, not for {other}.1" in refused(world, other)


def test_whose_key_or_group_was_taken_away_counts_no_more() -> None:
    world, number, effect = asked()
    world.approve(number, by="bob")
    world.entitled("bob", groups=("finance",), keys=(key_of("bob-2").public_key,))
    world.approve(number, by="carol")
    assert world.effect(number, effect).state == "escalated"
    world.entitled("carol", roles=("approver",), keys=(key_of("carol").public_key,))
    world.approve(number, by="dan")
    assert world.effect(number, effect).state == "escalated"
    approval = signed(statement_of(world.state, number, 1, "bob"), key_of("bob-2"))
    say(world, number, approval)
    assert world.effect(number, effect).state == "granted"


# Keys and groups that end: those of people who come with tokens.


def until(world: World, who: str, until_ms: int, *groups: str) -> None:
    """Let somebody be known, with a key, until then."""
    keys = (key_of(who).public_key,)
    world.entitled(who, roles=("approver",), groups=groups or ("finance",), keys=keys, until_ms=until_ms)


def test_whose_key_has_ended_is_not_counted_any_more() -> None:
    world, number, effect = asked()
    end_ms = world.now_ms + 60_000
    until(world, "bob", end_ms)
    world.approve(number, by="bob")
    assert world.kinds(number) == ["ApprovalCounted"]
    # When it has ended, then another's word is the first of two
    world.tick(60_000)
    world.approve(number, by="carol")
    assert world.effect(number, effect).state == "escalated"
    # And with the next token of the same person both count, as soon as anybody of them says so
    until(world, "bob", world.now_ms + 60_000)
    for who, sentence in (("mallory", "mallory speaks for nobody"), ("alice", "may not approve it")):
        world.approve(number, by=who)
        assert sentence in refused(world, number)
    world.approve(number, by="bob")
    assert world.only(number, facts.Resolved).by == ("bob", "carol")
    assert world.effect(number, effect).state == "granted"


def test_a_key_that_has_ended_signs_nothing() -> None:
    world, number, _ = asked()
    until(world, "bob", world.now_ms)
    world.approve(number, by="bob")
    refusal = world.only(number, facts.Refused)
    assert (refusal.violated, "bob speaks for nobody" in refusal.reason) == (None, True)
    # As one of finance by the directory's word, but with a key that has ended, it is as a stranger's
    world.person("eve", "finance")
    until(world, "bob", world.now_ms, "nobodys")
    delegate(world, "eve", "bob")
    world.approve(number, by="bob")
    assert "is none by which bob may sign" in refused(world, number)


def test_whose_group_has_ended_is_not_stood_in_for() -> None:
    world, number, _ = asked()
    world.person("eve", roles=("approver",))
    until(world, "bob", world.now_ms + 60_000)
    delegate(world, "bob", "eve")
    world.tick(60_000)
    world.approve(number, by="eve")
    assert "eve speaks for nobody there" in refused(world, number)


def test_what_was_agreed_to_by_a_key_that_ended_before_the_grant_is_asked_again() -> None:
    # Given two who have agreed while the only worker has its hands full
    world, number, effect = asked()
    busy = world.submit(plan=ONE, review=False)
    pay(world, busy, LITTLE)
    while world.state.workers["effects-1"].free:
        pay(world, busy, LITTLE | {"cents": 1 + world.seq}, key=f"k{world.seq}")
    until(world, "bob", world.now_ms + 60_000)
    for name in ("bob", "carol"):
        world.approve(number, by=name)
    granted = world.effect(number, effect)
    ruling = Ruling(allowed=True, needs=granted.needs)
    assert satisfies(world.state, granted, ruling, world.now_ms + 59_999)
    # When it is granted after the end of a key, then it is not enough
    assert not satisfies(world.state, granted, ruling, world.now_ms + 60_000)


# Time, policies, kills.


def test_an_approval_expires_while_others_are_awaited() -> None:
    world, number, effect = asked()
    world.approve(number, by="bob")
    world.tick(VALID_MS)
    world.approve(number, by="carol")
    assert world.effect(number, effect).state == "escalated"
    world.approve(number, by="bob")
    assert world.effect(number, effect).state == "granted"


def test_who_comes_again_when_the_first_word_has_expired_counts_again() -> None:
    world, number, effect = asked()
    world.approve(number, by="bob")
    world.tick(VALID_MS)
    world.approve(number, by="bob")
    assert world.kinds(number) == ["ApprovalCounted"]
    world.approve(number, by="carol")
    assert world.effect(number, effect).state == "granted"


def approved_and_held(*, edit: bool = False) -> tuple[World, int, int]:
    """Return a payment that was approved, perhaps as edited, and waits for a worker."""
    world, number, effect = asked()
    world.more(number, wall_ms=10**9)
    if edit:
        world.edit(number, LESS, by="bob")
    else:
        world.approve(number, by="bob")
    world.bye("effects-1")
    world.approve(number, by="carol")
    assert world.effect(number, effect).state == "held"
    return world, number, effect


def test_what_waits_for_a_worker_in_a_paused_task_keeps_its_approvals() -> None:
    world, number, effect = approved_and_held()
    world.control("pause", number)
    world.tick(10 * VALID_MS)
    world.control("resume", number)
    world.worker(tools=(PAY, OUTSIDE))
    granted = world.effect(number, effect)
    assert granted.state == "granted"
    assert granted.approved_until_ms == world.now_ms + VALID_MS


def test_what_is_asked_anew_is_what_was_edited() -> None:
    world, number, effect = approved_and_held(edit=True)
    world.tick(VALID_MS)
    world.worker(tools=(PAY, OUTSIDE))
    assert world.escalation(number, 2).arguments == LESS
    for who in ("carol", "dan"):
        world.approve(number, 2, by=who)
    assert world.effect(number, effect).arguments == LESS


def test_what_was_approved_and_could_not_begin_in_time_is_asked_anew() -> None:
    # Given an approved payment that waits for a worker
    world, number, effect = approved_and_held()
    # When the worker comes too late
    world.tick(VALID_MS)
    world.worker(tools=(PAY, OUTSIDE))
    # Then people are asked once more
    assert world.escalation(number, 2).said.effect == effect
    assert world.effect(number, effect).approvals == ()


@pytest.mark.parametrize("scope", ["task", "tenant", "fleet"])
def test_the_clock_of_approvals_stands_still_while_the_task_is_paused(scope: str) -> None:
    world, number, effect = asked()
    world.approve(number, by="bob")
    words = {"task": f"task {number}", "tenant": "tenant default", "fleet": "fleet"}[scope]
    world.switch("pause", words)
    world.tick(10 * VALID_MS)
    world.switch("resume", words)
    world.approve(number, by="carol")
    granted = world.effect(number, effect)
    assert granted.state == "granted"
    assert granted.approved_until_ms == world.now_ms + VALID_MS
    assert {one.counted_ms for one in granted.approvals} == {world.now_ms}


def test_other_policies_void_what_was_agreed_to_under_the_last() -> None:
    # Given one of two approvals
    world, number, effect = asked()
    world.approve(number, by="bob")
    stale = signed(statement_of(world.state, number, 1, "carol"))
    # When the policies change, then it is asked anew
    set_policies(world, bundle("// another version"))
    world.tick()
    assert (number, 1) not in world.state.escalations
    assert world.escalation(number, 2).said.effect == effect
    # And what was signed before does not count
    say(world, number, stale, by="carol", each=1)
    assert "is void" in refused(world, number)
    world.approve(number, 2, by="carol")
    assert world.effect(number, effect).state == "escalated"
    world.approve(number, 2, by="bob")
    assert world.effect(number, effect).state == "granted"


@pytest.mark.parametrize("scope", ["task", "fleet", "tool", "step"])
def test_a_kill_voids_what_was_asked(scope: str) -> None:
    world, number, effect = asked()
    world.approve(number, by="bob")
    approval = signed(statement_of(world.state, number, 1, "carol"))
    words = {"task": f"task {number}", "fleet": "fleet", "tool": "tool pay", "step": f"step {number} a"}
    world.switch("kill", words[scope])
    (closed,) = [fact for fact in world.said(number) if isinstance(fact, facts.Resolved)]
    assert (closed.number, closed.verdict, closed.by) == (1, "void", ())
    say(world, number, approval, by="carol")
    assert f"{number}.1 is void" in refused(world, number)
    known = world.task(number).effects.get(effect)
    assert known is None or known.state in {"aborted", "denied"}


# One verdict.


def test_exactly_one_verdict_counts_and_a_second_is_told_of_it() -> None:
    world, number, _ = asked()
    late = signed(statement_of(world.state, number, 1, "dan"))
    world.approve(number, by="bob")
    world.approve(number, by="carol")
    say(world, number, late, by="dan")
    assert refused(world, number) == f"{number}.1 was approved by bob and carol"
    world.reject(number, by="dan")
    assert refused(world, number) == f"{number}.1 was approved by bob and carol"


def test_who_comes_after_the_end_of_the_task_is_told_too() -> None:
    world, number, effect = asked()
    world.approve(number, by="bob")
    world.approve(number, by="carol")
    world.completed(number, effect, Amounts(tool_calls=1))
    world.result(number, "a")
    assert world.task(number).phase == "completed"
    world.reject(number, by="dan")
    assert refused(world, number) == f"{number}.1 was approved by bob and carol"


@pytest.mark.parametrize("who", ["bob", "olga", "alice"])
def test_a_no_ends_it_and_the_agent_is_told_why(who: str) -> None:
    world, number, effect = asked()
    world.reject(number, by=who, reason="too much")
    assert world.kinds(number) == ["Resolved", "EffectDenied", "StepAwakened", "StepAssigned"]
    denied = world.only(number, facts.EffectDenied)
    assert (denied.rule, denied.reason) == ("person", f"{who} said no: too much")
    assert world.effect(number, effect).reason == f"person: {who} said no: too much"


def test_a_stranger_cannot_say_no() -> None:
    world, number, _ = asked()
    world.reject(number, by="mallory")
    assert refused(world, number) == f"{number}.1 is on the desk of finance: mallory does not belong there"


# Editing.


def test_edited_arguments_pass_the_gate_again_and_voids_what_others_agreed_to() -> None:
    # Given a payment to which one has agreed
    world, number, effect = asked()
    world.approve(number, by="bob")
    # When another changes it
    world.edit(number, LESS, by="carol")
    # Then only the editor has agreed to that
    assert world.kinds(number) == ["ArgumentsEdited", "ApprovalCounted"]
    known = world.escalation(number)
    assert (known.arguments, [one.by for one in known.approvals]) == (LESS, ["carol"])
    # And with one more it is done as edited
    world.approve(number, by="bob")
    closed = world.only(number, facts.Resolved)
    assert (closed.verdict, closed.by) == ("edited", ("carol", "bob"))
    order = do_effect(
        world.task(number), world.effect(number, effect), "i", ToolCall(tool="pay", arguments=MUCH), 1
    )
    assert order.call == ToolCall(tool="pay", arguments=LESS)
    assert {one.statement.arguments for one in order.approvals} == {digest_of(LESS)}


def test_an_edit_to_what_needs_nobody_happens_at_once() -> None:
    world, number, effect = asked()
    world.edit(number, LITTLE, by="bob")
    assert world.effect(number, effect).arguments == LITTLE
    assert world.effect(number, effect).state == "granted"


def test_an_edit_waits_for_whoever_offers_the_tool_and_an_approval_does_not() -> None:
    # Given a call that people are asked about, while nobody offers its tool
    world, number, effect = asked()
    world.bye("effects-1")
    # When somebody edits it, then what is missing is said, and nothing changes
    world.edit(number, LITTLE, by="bob")
    assert refused(world, number).startswith("no effect worker here offers the tool pay now")
    assert f"{number}.1 stays as it was, and waits: start one that does" in refused(world, number)
    assert f"edit {number}.1 again" in refused(world, number)
    assert (number, 1) in world.state.escalations
    # And it can be approved as it is, and happens when a worker is back
    world.approve(number, by="bob")
    world.approve(number, by="carol")
    assert world.only(number, facts.Resolved).verdict == "approved"
    world.worker("effects-2", tools=(PAY,))
    assert world.only(number, facts.EffectGranted).effect == effect


def test_an_edit_that_the_policies_forbid_is_refused_and_nothing_changes() -> None:
    world, number, _ = asked()
    before = world.escalation(number)
    world.edit(number, STOLEN, by="bob")
    assert "it may not happen, by" in refused(world, number)
    assert "the fox gets nothing" in refused(world, number)
    assert world.escalation(number) == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (MUCH, "nothing is changed"),
        (MUCH | {"to": "x" * MAX_JUDGED_BYTES}, "more than anybody can judge"),
    ],
    ids=["the_same", "too_long"],
)
def test_an_edit_has_to_change_something_that_people_can_judge(
    arguments: dict[str, Any], sentence: str
) -> None:
    world, number, _ = asked()
    world.edit(number, arguments, by="bob")
    assert sentence in refused(world, number)


def test_what_the_policies_say_of_the_edited_call_counts_from_then_on() -> None:
    # Given a payment that its requester may approve, as one of finance
    world, number = at_the_desk()
    world.person("alice", "finance")
    one_cent = MUCH | {"cents": 1}
    may = """@id("cent") @require_approval("finance") @requester("may")
    permit (principal, action == Action::"pay", resource) when { context.arguments.cents == 1 };"""
    set_policies(world, bundle(may))
    effect = pay(world, number, one_cent)
    assert world.escalation(number).excluded == ()
    # When another makes it one that the requester may not
    world.edit(number, MUCH, by="bob")
    # Then the requester may not
    world.approve(number, by="alice")
    assert "may not approve it" in refused(world, number)
    assert world.effect(number, effect).state == "escalated"


@pytest.mark.parametrize("who", ["alice", "mallory", "olga"])
def test_who_may_not_agree_may_not_edit(who: str) -> None:
    world, number, _ = asked()
    world.edit(number, LITTLE, by=who)
    assert world.kinds(number) == ["Refused"]


def test_an_edit_signed_over_other_arguments_is_refused() -> None:
    world, number, _ = asked()
    approval = signed(statement_of(world.state, number, 1, "bob", LITTLE))
    body = Edit(arguments=LITTLE | {"cents": 101}, approval=approval)
    world.say("bob", "human", "edit", body, number, 1)
    assert "look at it again" in refused(world, number)


# Standing in for others.


def delegate(world: World, by: str, to: str, for_s: int = 3_600) -> None:
    world.say(by, "human", "delegate", Delegate(to=to, for_s=for_s))


def test_a_delegate_counts_for_the_one_it_stands_in_for_never_for_both() -> None:
    # Given eve, whom bob has asked to stand in for him
    world, number, effect = asked()
    world.person("eve", roles=("approver",))
    delegate(world, "bob", "eve")
    world.approve(number, by="eve")
    counted = world.only(number, facts.ApprovalCounted)
    assert (counted.by, counted.instead_of) == ("eve", "bob")
    # When bob himself agrees too, then he is refused, and it still takes another
    world.approve(number, by="bob")
    assert "bob speaks for nobody there who is missing" in refused(world, number)
    world.approve(number, by="carol")
    assert world.effect(number, effect).state == "granted"


def test_one_of_finance_who_stands_in_for_another_is_one_person() -> None:
    world, number, effect = asked()
    delegate(world, "carol", "bob")
    world.approve(number, by="bob")
    assert world.only(number, facts.ApprovalCounted).instead_of == ""
    world.approve(number, by="bob")
    assert "already" in refused(world, number)
    assert world.effect(number, effect).state == "escalated"


def test_the_requester_cannot_stand_in_nor_be_stood_in_for() -> None:
    world, number, _ = asked()
    delegate(world, "bob", "alice")
    world.approve(number, by="alice")
    assert "may not approve it" in refused(world, number)
    world.person("alice", "finance")
    world.person("eve")
    delegate(world, "alice", "eve")
    world.approve(number, by="eve")
    assert "eve speaks for nobody there" in refused(world, number)


@pytest.mark.parametrize("how", ["over", "taken_back", "of_nobody", "at_second_hand"])
def test_a_delegation_ends_and_gives_only_what_one_has(how: str) -> None:
    world, number, _ = asked()
    world.person("eve")
    world.person("zoe")
    if how == "of_nobody":
        delegate(world, "zoe", "eve")
    else:
        delegate(world, "bob", "eve")
    if how == "over":
        world.tick(3_600_000)
    elif how == "taken_back":
        delegate(world, "bob", "eve", 0)
    elif how == "at_second_hand":
        delegate(world, "eve", "zoe")
    who = "zoe" if how == "at_second_hand" else "eve"
    world.approve(number, by=who)
    assert f"{who} speaks for nobody there" in refused(world, number)


@pytest.mark.parametrize(
    ("by", "to", "sentence"),
    [
        ("mallory", "bob", "nothing is known of mallory"),
        ("bob", "bob", "name somebody else"),
        ("bob", "nobody", "nobody is known as nobody"),
    ],
)
def test_who_cannot_delegate_is_told_why(by: str, to: str, sentence: str) -> None:
    world, _ = at_the_desk()
    delegate(world, by, to)
    assert sentence in refused(world, 0)


def test_at_a_level_that_only_prepares_the_requester_decides_about_its_own_assistant() -> None:
    world = World()
    world.person("alice", roles=("operator",))
    world.agent("researcher-1", autonomy=2)
    world.worker()
    number = world.submit(plan=ONE)
    effect = world.ask(number, "a", PUT)
    assert world.only(number, facts.Escalated).excluded == ()
    world.approve(number, by="alice")
    granted = world.effect(number, effect)
    assert granted.state == "granted"
    # And the worker is told that alice may
    assert do_effect(world.task(number), granted, "i", PUT, 1).requester_may
    # But where policies say by now that others have to, what she agreed to is not enough
    for requester_may in (True, False):
        ruling = Ruling(allowed=True, needs=granted.needs, requester_may=requester_may)
        assert satisfies(world.state, granted, ruling, world.now_ms) is requester_may


def test_nobody_says_yes_by_other_words() -> None:
    world, number, effect = asked()
    for verb in ("answer", "raise"):
        body = {"answer": b'{"text":"yes"}', "raise": b'{"more":{}}'}[verb]
        world.say("bob", "human", verb, body, number, 1)
        assert (
            refused(world, number) == f"{number}.1 is an approval: approve, edit, reject, reassign, abort it"
        )
    assert world.effect(number, effect).state == "escalated"
