"""The use of a model may take people's word: of exactly this call, this model, there, for no more money."""

import pytest
from msgspec.structs import replace
from tests.supervisor.core.models import (
    DEAR,
    ELSEWHERE,
    FAR,
    FREE,
    HOME,
    SECRET,
    asked,
    at_the_desk,
    careful,
)
from tests.supervisor.core.payments import set_policies
from tests.supervisor.core.people import signed, statement_of
from tests.supervisor.core.world import UNPRICED, World, all_of, limited

from interlock.contracts import facts
from interlock.contracts.approval import digest_of
from interlock.contracts.budget import Amounts
from interlock.contracts.consent import asked_of_model, judged
from interlock.contracts.decision import Decision
from interlock.contracts.effect import ModelCall
from interlock.contracts.limits import DEFAULT_APPROVAL_S, MAX_DECISION_BYTES, MAX_JUDGED_BYTES
from interlock.contracts.message import encode
from interlock.contracts.people import Approve, Edit
from interlock.contracts.presence import ModelOffer
from interlock.supervisor.core.demands import demand_of
from interlock.supervisor.core.limits import MAX_ASKED, MAX_ASKED_BYTES
from interlock.supervisor.dispatches import do_effect

VALID_MS = DEFAULT_APPROVAL_S * 1_000
WHOLE = {
    "purpose": "answer",
    "prompt": "Who is ill?\nSay the name.",
    "inputs": {"ward": 3},
    "returns": {"type": "object"},
    "model": "far/x",
    "prompt_version": "7",
    "max_output_tokens": 100,
    "temperature": 0.0,
    "data_class": "confidential",
    "region": "us",
}


def granted(world: World, number: int, effect: int) -> ModelCall:
    """Return the call as its worker is told it."""
    known = world.effect(number, effect)
    assert known.state == "granted", known
    call = do_effect(world.task(number), known, "i", SECRET, 1).call
    assert isinstance(call, ModelCall)
    return call


# What people are told, and what follows from their word.


def test_people_are_told_all_that_the_model_is_asked_where_it_runs_and_what_it_may_cost() -> None:
    world, number = at_the_desk()
    effect = world.ask(number, "a", SECRET)
    said = world.only(number, facts.Escalated)
    assert (said.kind, said.effect, said.tool, said.arguments) == ("approval", effect, "model:far/x", WHOLE)
    assert said.digest == digest_of(WHOLE)
    assert said.summary == "researcher wants to ask the model far/x (confidential data, in us)"
    assert (said.reversible, said.undo, said.risk) == ("no", "", "")
    assert said.cost == Amounts(spend_usd_micros=323, tokens=223, model_calls=1)
    assert [(rule.id, rule.says[:17]) for rule in said.rules] == [("abroad", "what leaves the E")]
    assert [(need.role, need.quorum) for need in said.needs] == [("privacy", 1)]
    assert (said.desk, said.excluded, said.blocks) == ("privacy", ("alice",), True)
    assert world.state.policies is not None
    assert said.policies == world.state.policies.digest


def test_one_of_them_lets_it_happen_and_what_is_sent_is_what_was_judged() -> None:
    world, number, effect = asked()
    world.approve(number, by="alice")
    assert world.effect(number, effect).state == "escalated"
    world.approve(number, by="pia")
    assert world.kinds(number)[:3] == ["ApprovalCounted", "Resolved", "EffectGranted"]
    known, call = world.effect(number, effect), granted(world, number, effect)
    (approval,) = known.approvals
    assert approval.statement.arguments == digest_of(judged(asked_of_model(call), FAR))
    assert known.reserved == world.only(number, facts.EffectGranted).reserved
    assert known.reserved.beyond(known.agreed) is None
    assert [need.role for need in known.needs] == ["privacy"]


def test_a_no_is_told_to_whoever_asked() -> None:
    world, number, effect = asked()
    world.reject(number, by="olga", reason="not his name")
    assert world.effect(number, effect).reason == "person: olga said no: not his name"


def test_a_model_at_home_asks_nobody() -> None:
    world, number = at_the_desk(HOME)
    world.ask(number, "a", SECRET)
    assert world.kinds(number) == ["EffectGranted"]


def test_where_policies_ask_nobody_about_models_no_prompt_is_kept() -> None:
    world, number = at_the_desk(policies=careful(FREE))
    world.ask(number, "a", SECRET)
    assert world.only(number, facts.EffectGranted).demand.arguments is None


def test_what_was_free_at_home_is_asked_about_when_its_worker_is_lost_and_another_has_it_abroad() -> None:
    # Given a call that a worker at home does for nobody's word
    world, number = at_the_desk(replace(FAR, region="eu"))
    effect = world.ask(number, "a", SECRET)
    assert world.effect(number, effect).state == "granted"
    # When only one abroad is left
    world.worker("effects-2", models=(FAR,))
    world.silence("effects-1")
    # Then people are asked, with all of it
    assert world.escalation(number).arguments == WHOLE


def test_of_a_call_that_has_ended_the_prompt_is_not_kept() -> None:
    world, number, effect = asked()
    world.approve(number, by="pia")
    assert world.effect(number, effect).demand.arguments == WHOLE
    world.completed(number, effect, Amounts(tokens=1, model_calls=1))
    assert world.effect(number, effect).demand.arguments is None
    refused = world.ask(number, "a", replace(SECRET, prompt="And now?"), "k2")
    world.reject(number, 2, by="pia")
    assert world.effect(number, refused).demand.arguments is None


def test_what_nobody_could_read_is_refused_and_not_cut() -> None:
    world, number = at_the_desk()
    world.ask(number, "a", replace(SECRET, prompt="x" * MAX_JUDGED_BYTES))
    denied = world.only(number, facts.EffectDenied)
    assert denied.rule == "limits.judged"
    assert f"at most {MAX_JUDGED_BYTES}" in denied.reason
    assert not world.state.escalations


def test_nobody_is_asked_about_what_has_no_price() -> None:
    world, number = at_the_desk(replace(UNPRICED, model="far/x", data_class="confidential"))
    world.ask(number, "a", SECRET)
    assert world.only(number, facts.EffectDenied).rule == "budget.unpriced"


def test_the_same_asked_again_and_again_counts_as_the_same_whether_its_model_is_open_or_not() -> None:
    world, number, _ = asked()
    world.reject(number, by="pia")
    world.ask(number, "a", SECRET, "k2")
    digest = demand_of(SECRET).digest
    assert world.task(number).repeats["a", digest] == 2


# What was signed.


@pytest.mark.parametrize("tool", ["far/x", "model:home/x", "search"])
def test_a_word_for_anything_else_of_that_name_does_not_count(tool: str) -> None:
    world, number, effect = asked()
    world.approve(number, by="pia", tool=tool)
    assert "what was signed is not what" in world.only(number, facts.Refused).reason
    assert world.effect(number, effect).state == "escalated"


def test_nobody_edits_what_a_model_is_asked() -> None:
    world, number, effect = asked()
    changed = WHOLE | {"prompt": "Who is well?"}
    approval = signed(statement_of(world.state, number, 1, "pia", changed))
    world.say("pia", "human", "edit", Edit(arguments=changed, approval=approval), number, 1)
    reason = world.only(number, facts.Refused).reason
    assert reason.startswith(f"{number}.1 is about the use of a model, which nobody edits")
    assert world.effect(number, effect).state == "escalated"
    world.approve(number, by="pia")
    assert granted(world, number, effect).prompt == SECRET.prompt


# No other model, place or price may be put in its place.


@pytest.mark.parametrize("held", [False, True])
def test_a_model_left_open_is_the_one_that_was_approved_whatever_comes_first_by_then(*, held: bool) -> None:
    # Given a call that leaves its model open, of which people judge the model abroad
    world, number = at_the_desk()
    if held:
        world.bye("effects-1")
    effect = world.ask(number, "a", SECRET)
    if held:
        world.worker(models=(FAR,))
    # When by the time of their yes the only worker would give it another
    world.bye("effects-1")
    world.worker("effects-0", models=(HOME, FAR))
    world.approve(number, by="pia")
    # Then it is the one that was approved
    assert granted(world, number, effect).model == "far/x"


@pytest.mark.parametrize(("capacity", "state"), [(2, "granted"), (1, "held")])
def test_the_worker_that_offers_it_as_agreed_gets_it_though_another_has_freer_hands(
    capacity: int, state: str
) -> None:
    world, number = at_the_desk(capacity=capacity)
    world.ask(number, "a", replace(SECRET, model=HOME.model), "k0")
    effect = world.ask(number, "a", SECRET)
    world.worker("effects-0", models=(ELSEWHERE,))
    world.approve(number, by="pia")
    known = world.effect(number, effect)
    assert (known.state, known.worker) == (state, "effects-1" if state == "granted" else "")


@pytest.mark.parametrize("now", [ELSEWHERE, DEAR], ids=["elsewhere", "dearer"])
def test_what_is_offered_otherwise_by_then_is_asked_anew(now: ModelOffer) -> None:
    world, number, effect = asked()
    world.worker(models=(now, HOME))
    world.approve(number, by="pia")
    known = world.escalation(number, 2)
    assert (known.said.effect, known.said.tool) == (effect, "model:far/x")
    assert known.arguments["region"] == now.region
    world.approve(number, 2, by="pia")
    assert granted(world, number, effect).model == "far/x"
    assert world.effect(number, effect).agreed == known.said.cost


def test_what_is_cheaper_by_then_is_granted() -> None:
    world, number, effect = asked(DEAR)
    world.worker(models=(FAR, HOME))
    world.approve(number, by="pia")
    assert granted(world, number, effect).model == "far/x"


def test_without_the_approved_model_there_is_no_other() -> None:
    world, number, effect = asked()
    world.worker(models=(HOME,))
    world.approve(number, by="pia")
    assert world.effect(number, effect).state == "denied"
    assert world.effect(number, effect).reason.startswith("offers: ")


# What happens meanwhile.


@pytest.mark.parametrize("now", [FAR, ELSEWHERE], ids=["as agreed", "elsewhere"])
def test_what_a_lost_worker_had_is_granted_again_as_agreed_or_asked_anew(now: ModelOffer) -> None:
    world, number, effect = asked()
    world.approve(number, by="pia")
    world.worker("effects-2", models=(now,))
    world.silence("effects-1")
    if now is FAR:
        assert world.effect(number, effect).worker == "effects-2"
        assert granted(world, number, effect).model == "far/x"
    else:
        assert world.effect(number, effect).state == "escalated"
        assert world.escalation(number, 2).arguments["region"] == "cn"


def test_a_prompt_that_turns_out_too_long_is_granted_anew_without_asking_anybody() -> None:
    # Given a budget that cannot bear the bytes of a prompt, and a server that counts
    world, number, effect = asked(call=replace(SECRET, prompt="x" * 400), budget=limited(tokens=300))
    world.approve(number, by="pia")
    assert world.effect(number, effect).to_count
    # When it is more than was reserved, and fits when it is known
    world.counted(number, effect, world.effect(number, effect).reserved.tokens - 30)
    # Then it is granted with the same word
    assert not world.said(number, facts.Escalated)
    assert world.effect(number, effect).state == "granted"


def test_what_waits_for_a_worker_is_asked_about_when_one_comes() -> None:
    world, number = at_the_desk()
    world.bye("effects-1")
    effect = world.ask(number, "a", SECRET)
    assert world.effect(number, effect).state == "held"
    world.worker(models=(FAR,))
    assert world.escalation(number).arguments == WHOLE


def test_what_is_too_long_to_be_judged_is_not_kept_while_it_waits() -> None:
    world, number = at_the_desk()
    world.bye("effects-1")
    effect = world.ask(number, "a", replace(SECRET, prompt="x" * MAX_JUDGED_BYTES))
    assert world.only(number, facts.EffectHeld).demand.arguments is None
    world.worker(models=(FAR,))
    assert world.effect(number, effect).reason.startswith("limits.judged: policies want people's word")


def test_what_was_approved_and_could_not_begin_in_time_is_asked_anew() -> None:
    world, number, effect = asked(capacity=1)
    world.more(number, wall_ms=10**9)
    world.bye("effects-1")
    world.approve(number, by="pia")
    assert world.effect(number, effect).state == "held"
    world.tick(VALID_MS)
    world.worker(models=(FAR,))
    assert world.escalation(number, 2).said.effect == effect
    assert world.effect(number, effect).approvals == ()


def test_other_policies_void_what_was_agreed_to_under_the_last() -> None:
    world, number, effect = asked()
    stale = signed(statement_of(world.state, number, 1, "pia"))
    set_policies(world, careful(more="// another version"))
    world.tick()
    assert world.escalation(number, 2).arguments == WHOLE
    world.say("pia", "human", "approve", Approve(approval=stale), number, 1)
    assert "is void" in world.only(number, facts.Refused).reason
    world.approve(number, 2, by="pia")
    assert granted(world, number, effect).model == "far/x"


def test_under_policies_that_ask_nobody_it_happens_and_under_those_that_forbid_it_not() -> None:
    world, number, effect = asked()
    set_policies(world, careful(FREE))
    world.tick()
    assert granted(world, number, effect).model == "far/x"
    again, other, refused = asked()
    set_policies(again, careful(more='forbid (principal, action == Action::"model", resource);'))
    again.tick()
    assert again.effect(other, refused).state == "denied"


def test_what_waited_before_policies_asked_about_models_has_to_be_asked_for_anew() -> None:
    world, number = at_the_desk(policies=careful(FREE))
    world.bye("effects-1")
    effect = world.ask(number, "a", SECRET)
    assert world.only(number, facts.EffectHeld).demand.arguments is None
    set_policies(world, careful())
    world.worker(models=(FAR,))
    assert "ask for it anew" in world.effect(number, effect).reason
    world.ask(number, "a", SECRET, "k2")
    assert world.escalation(number).arguments == WHOLE


def test_a_level_that_policies_look_at_lets_it_be_judged_anew() -> None:
    trusting = """
    @id("trusted") permit (principal, action == Action::"model", resource) when { context.run.autonomy >= 4 };
    @id("others") @require_approval("privacy") permit (principal, action == Action::"model", resource)
    when { context.run.autonomy < 4 };
    """
    world, number = at_the_desk(policies=careful(trusting))
    world.autonomy("researcher", 3)
    effect = world.ask(number, "a", SECRET)
    assert world.effect(number, effect).state == "escalated"
    world.autonomy("researcher", 2)
    assert not world.said(number)
    world.autonomy("researcher", 4)
    assert granted(world, number, effect).model == "far/x"


@pytest.mark.parametrize("scope", ["task {}", "fleet", "model far/*", "step {} a", "role researcher"])
def test_a_kill_voids_what_was_asked(scope: str) -> None:
    world, number, effect = asked()
    world.switch("kill", scope.format(number))
    closed = world.only(number, facts.Resolved)
    assert (closed.number, closed.verdict, closed.by) == (1, "void", ())
    known = world.task(number).effects.get(effect)
    assert known is None or known.state in {"aborted", "denied"}


def test_who_tries_a_failed_call_again_asks_people_again() -> None:
    world, number, effect = asked()
    world.approve(number, by="pia")
    world.failed(number, effect)
    world.failure(number, "a")
    world.tick(5_000)
    again = world.ask(number, "a", SECRET)
    assert again != effect
    assert world.escalation(number, 2).said.effect == again


# Bounds.

MANY = 70


def long(each: int) -> ModelCall:
    return replace(SECRET, prompt=f"{each:03}" * ((MAX_JUDGED_BYTES - 512) // 3))


def fits_a_record(world: World, number: int) -> bool:
    decision = Decision(task=number, cause=1, at_ms=1, by="s", facts=tuple(world.said(number)))
    return len(encode(decision)) <= MAX_DECISION_BYTES


def test_what_people_are_asked_at_once_is_bounded_by_its_size_and_asked_anew_by_and_by() -> None:
    # Given a step that asks for more long calls than people are asked at once
    world, number = at_the_desk(budget=limited(tokens=10**7, model_calls=10**4, spend_usd_micros=10**9))
    for each in range(40):
        world.ask(number, "a", long(each), f"k{each}")
    denied = all_of(world.told, number, facts.EffectDenied)
    assert {fact.rule for fact in denied} == {"limits.asked"}
    assert f"they would have more than {MAX_ASKED_BYTES} bytes of arguments to judge" in denied[0].reason
    assert len(denied) == 40 - MAX_ASKED_BYTES // MAX_JUDGED_BYTES
    # When the policies change, then all the others are asked about anew
    set_policies(world, careful(more="// another version"))
    world.tick()
    assert len(all_of(world.told, number, facts.Escalated)) == 2 * (40 - len(denied))


def test_short_calls_are_bounded_by_their_number_alone() -> None:
    world, number = at_the_desk()
    for each in range(MANY):
        world.ask(number, "a", replace(SECRET, prompt=f"{each}"), f"k{each}")
    assert len(all_of(world.told, number, facts.EffectDenied)) == MANY - MAX_ASKED
    # And all of them can be asked anew
    set_policies(world, careful(more="// another version"))
    world.tick()
    assert len(world.task(number).asked) == MAX_ASKED


@pytest.mark.parametrize("granted_before", [False, True])
def test_many_long_calls_that_go_on_at_once_fit_a_record(*, granted_before: bool) -> None:
    # Given many long calls that take nobody's word, in a worker's hands or waiting for one
    world, number = at_the_desk(
        HOME, capacity=200, budget=limited(tokens=10**7, model_calls=10**4, spend_usd_micros=10**9)
    )
    if not granted_before:
        world.bye("effects-1")
    for each in range(MANY):
        world.ask(number, "a", long(each), f"k{each}")
    # When another worker comes, and what was in hand is lost
    world.worker("effects-2", models=(HOME,), capacity=200)
    if granted_before:
        world.silence("effects-1")
    assert len(world.said(number, facts.EffectGranted)) == MANY
    assert fits_a_record(world, number)
    # Then each of them could still be judged
    assert all(effect.demand.arguments for effect in world.task(number).effects.values())
