"""The effect gate: charter, autonomy, offers and prices, in this order; and keys that are asked for again."""

from typing import Any

import pytest
from tests.supervisor.core.world import (
    LOOK,
    MODEL,
    ONE,
    PUT,
    SEARCH,
    THINK,
    UNPRICED,
    World,
    all_of,
)

from interlock.contracts import facts
from interlock.contracts.budget import Amounts
from interlock.contracts.effect import AskCall, Call, EffectCompleted, EffectRequest, ModelCall, ToolCall
from interlock.contracts.presence import ModelOffer
from interlock.supervisor.core.limits import SUSPEND_MS

USED = Amounts(tokens=50, spend_usd_micros=70, model_calls=1)


def at_work(*, worker: bool = True, **charter: Any) -> tuple[World, int]:
    """Return a world in which a researcher with this charter has step `a` in hand."""
    world = World()
    world.agent("researcher-1", **charter)
    world.agent("reviewer-1")
    if worker:
        world.worker()
    return world, world.submit(plan=ONE)


def test_a_grant_names_the_worker_and_reserves_the_upper_bound() -> None:
    world, number = at_work()
    effect = world.ask(number, "a", THINK)
    granted = world.only(number, facts.EffectGranted)
    assert (granted.effect, granted.grant, granted.worker) == (effect, 1, "effects-1")
    assert granted.reserved == Amounts(tokens=200, spend_usd_micros=300, model_calls=1)
    assert world.task(number).account.reserved == granted.reserved
    assert (
        world.state.shared["tenant default"].reserved
        == world.state.shared["fleet"].reserved
        == granted.reserved
    )


def test_settlement_counts_what_was_used_and_frees_the_rest() -> None:
    world, number = at_work()
    effect = world.ask(number, "a", THINK)
    world.completed(number, effect, USED)
    settled = world.only(number, facts.EffectSettled)
    assert (settled.end, settled.basis, settled.spent, settled.overrun) == ("completed", "actual", USED, None)
    assert world.task(number).account.spent == USED.plus(Amounts(steps=1))
    assert world.task(number).account.reserved == Amounts()


def test_use_beyond_the_reservation_is_counted_and_shown_as_an_overrun() -> None:
    world, number = at_work()
    effect = world.ask(number, "a", THINK)
    world.completed(number, effect, Amounts(tokens=250, model_calls=1))
    assert world.only(number, facts.EffectSettled).overrun == Amounts(tokens=50)


@pytest.mark.parametrize(
    ("charter", "call", "rule", "sentence"),
    [
        ({"tools": ()}, LOOK, "charter.tools", "does not list the tool search"),
        ({"tools": ("search",)}, PUT, "charter.tools", "does not list the tool write_file"),
        ({"models": ()}, THINK, "charter.models", "allows no model"),
        (
            {"models": ("openai/*",)},
            ModelCall(purpose="p", prompt="p", model="offline/x"),
            "charter.models",
            "does not allow the model offline/x",
        ),
        ({"data_classes": ("public",)}, LOOK, "charter.data_classes", "for internal data"),
        ({"data_classes": ()}, THINK, "charter.data_classes", "allows none"),
        ({"regions": ("eu",)}, LOOK, "charter.regions", "does not say where it runs"),
        ({"regions": ("eu",)}, THINK, "charter.regions", "allows eu"),
        (
            {"tools": ("rm",)},
            ToolCall(tool="rm"),
            "offers",
            "no effect worker here offers tool rm; offered are",
        ),
    ],
)
def test_what_the_charter_does_not_allow_is_denied_with_the_rule(
    charter: dict[str, Any], call: Call, rule: str, sentence: str
) -> None:
    world, number = at_work(**charter)
    world.ask(number, "a", call)
    denied = world.only(number, facts.EffectDenied)
    assert denied.rule == rule
    assert sentence in denied.reason
    assert world.task(number).account.reserved == Amounts()


@pytest.mark.parametrize(("autonomy", "call"), [(1, LOOK), (2, LOOK), (3, PUT), (5, PUT)])
def test_reading_is_allowed_at_every_level_and_writing_from_the_third(autonomy: int, call: Call) -> None:
    world, number = at_work(autonomy=autonomy)
    world.ask(number, "a", call)
    assert world.kinds(number) == ["EffectGranted"]


def test_a_model_without_a_price_is_refused_not_guessed() -> None:
    world, number = at_work(worker=False)
    world.worker(models=(UNPRICED,))
    world.ask(number, "a", ModelCall(purpose="p", prompt="p"))
    denied = world.only(number, facts.EffectDenied)
    assert denied.rule == "budget.unpriced"
    assert "no price is known for the model new/unpriced" in denied.reason


def test_the_default_model_is_the_first_that_the_charter_allows() -> None:
    # Given a charter for one provider, and a worker whose default is another's
    world, number = at_work(worker=False, models=("openai/*",))
    theirs = ModelOffer(model="openai/y", input_usd_micros_per_mtok=1, output_usd_micros_per_mtok=1)
    world.worker(models=(MODEL, theirs))
    # When the agent leaves the model open, then it gets its own provider's
    world.ask(number, "a", THINK)
    assert world.only(number, facts.EffectGranted).demand.name == "openai/y"


def test_a_charter_is_not_escaped_by_leaving_the_model_open_or_by_asking_early() -> None:
    # Given an agent that asks while no worker is here
    world, number = at_work(worker=False, models=("openai/*",), autonomy=1)
    world.ask(number, "a", THINK, key="k1")
    world.ask(number, "a", PUT, key="k2")
    # When a worker comes that has only what the charter does not allow
    world.worker()
    # Then one is denied, and the other stays a suggestion
    assert [fact.rule for fact in world.said(number, facts.EffectDenied)] == ["offers"]
    assert [fact.tool for fact in world.said(number, facts.EffectRecommended)] == ["write_file"]
    assert not all_of(world.told, number, facts.EffectGranted)


def test_an_effect_waits_for_a_worker_and_is_granted_when_one_comes() -> None:
    world, number = at_work(worker=False)
    effect = world.ask(number, "a")
    assert world.only(number, facts.EffectHeld).waits_for == "capacity"
    world.worker()
    assert world.only(number, facts.EffectGranted).effect == effect


def test_the_longest_model_name_can_still_be_waited_for() -> None:
    world, number = at_work(worker=False)
    world.ask(number, "a", ModelCall(purpose="p", prompt="p", model="x" * 5_000))
    assert world.kinds(number) == ["EffectHeld"]
    world.worker()
    assert world.only(number, facts.EffectDenied).rule == "offers"


def test_a_worker_with_full_hands_gets_nothing_until_one_is_free_and_the_oldest_is_next() -> None:
    world, number = at_work(worker=False)
    world.worker(capacity=1)
    first, second, third = (world.ask(number, "a", key=key) for key in ("k1", "k2", "k3"))
    assert [seq for seq, _ in world.state.starved] == [second, third]
    world.completed(number, first, USED)
    assert world.kinds(number) == ["EffectSettled", "EffectGranted"]
    assert world.only(number, facts.EffectGranted).effect == second


def test_the_worker_with_the_fewest_in_hand_is_chosen_among_those_that_offer_it() -> None:
    world, number = at_work(worker=False)
    world.worker("effects-1", tools=())
    world.worker("effects-2", models=(), tools=(SEARCH,))
    world.worker("effects-3", tools=(SEARCH,))
    for place in range(4):
        world.ask(number, "a", LOOK, key=f"k{place}")
    hands = {name: len(worker.in_hand) for name, worker in world.state.workers.items()}
    assert hands == {"effects-1": 0, "effects-2": 2, "effects-3": 2}


# Keys.


def test_the_same_key_asked_again_is_the_same_effect() -> None:
    world, number = at_work()
    effect = world.ask(number, "a", key="k1")
    world.ask(number, "a", key="k1")
    assert world.only(number, facts.EffectRepeated).effect == effect
    assert len(all_of(world.told, number, facts.EffectGranted)) == 1


def test_a_replaced_agent_that_asks_the_same_key_buys_nothing_again() -> None:
    # Given an agent that has bought something and is lost
    world, number = at_work()
    world.agent("researcher-2")
    effect = world.ask(number, "a", key="k1")
    world.completed(number, effect, USED)
    world.bye("researcher-1")
    # When its successor asks the same key
    assert world.step(number, "a").principal == "researcher-2"
    world.ask(number, "a", key="k1")
    # Then it is the same effect, which ended long ago, and nothing is reserved
    assert world.only(number, facts.EffectRepeated) == facts.EffectRepeated(effect=effect, attempt=2)
    assert world.effect(number, effect).outcome
    assert world.task(number).account.spent.model_calls == 1


def test_the_same_key_in_another_step_is_another_effect() -> None:
    world, number = at_work()
    other = world.submit(plan=ONE)
    assert world.ask(number, "a", key="k1") != world.ask(other, "a", key="k1")
    assert world.kinds(other) == ["EffectGranted"]


@pytest.mark.parametrize("end", ["failed", "aborted"])
def test_what_was_not_done_is_tried_again_by_the_next_attempt(end: str) -> None:
    # Given an effect that failed or was stopped, and a step that failed for it
    world, number = at_work()
    effect = world.ask(number, "a", LOOK, key="k1")
    if end == "failed":
        world.failed(number, effect)
    else:
        world.aborted(number, effect, started=False)
    # When the same attempt asks again, it is told the same
    world.ask(number, "a", LOOK, key="k1")
    assert world.kinds(number) == ["EffectRepeated"]
    # And when the next attempt asks, it is done anew
    world.failure(number, "a")
    world.tick(60_000)
    again = world.ask(number, "a", LOOK, key="k1")
    assert world.only(number, facts.EffectGranted).effect == again != effect
    world.completed(number, again)
    world.ask(number, "a", LOOK, key="k1")
    assert world.only(number, facts.EffectRepeated).effect == again


def test_a_write_that_may_have_happened_is_never_tried_again_by_itself() -> None:
    world, number = at_work()
    effect = world.ask(number, "a", PUT, key="k1")
    world.aborted(number, effect, started=True)
    world.failure(number, "a")
    world.tick(60_000)
    world.ask(number, "a", PUT, key="k1")
    assert world.only(number, facts.EffectRepeated).effect == effect


# Questions to people.


def test_a_question_waits_for_exactly_one_answer_and_costs_nothing() -> None:
    world, number = at_work()
    effect = world.ask(number, "a", AskCall(question="May I?"))
    asked = world.only(number, facts.Escalated)
    assert (asked.kind, asked.summary, asked.effect, asked.blocks) == ("question", "May I?", effect, True)
    world.tick(SUSPEND_MS)
    assert world.step(number, "a").state == "awaiting"
    world.answer(number, effect)
    settled = world.only(number, facts.EffectSettled)
    assert (settled.end, settled.basis, settled.outcome) == ("answered", "nothing", world.seq)
    world.answer(number, effect, "no")
    assert world.only(number, facts.Refused).reason == f"{number}.1 was answered by alice"


@pytest.mark.parametrize("effect", [0, 999, "x", "9" * 5_000])
def test_an_answer_to_no_question_is_refused(effect: Any) -> None:
    world, number = at_work()
    world.say("olga", "human", "answer", b'{"text":"yes"}', number, effect)
    refused = [fact for said in world.last.values() for fact in said]
    assert [type(fact) for fact in refused] == [facts.Refused]


# Who may say what became of it.


@pytest.mark.parametrize(("who", "grant"), [("effects-2", 1), ("researcher-1", 1), ("effects-1", 2)])
def test_only_the_worker_that_has_the_grant_may_end_it(who: str, grant: int) -> None:
    world, number = at_work()
    effect = world.ask(number, "a")
    late = EffectCompleted(effect=effect, grant=grant, value=b"1", used=USED)  # type: ignore[arg-type]  # raw JSON
    world.say(who, "effect", "completed", late, number)
    assert world.kinds(number) == ["Refused", "AccessViolated"]
    assert world.effect(number, effect).state == "granted"


def test_an_outcome_that_comes_twice_is_settled_once() -> None:
    world, number = at_work()
    effect = world.ask(number, "a")
    world.completed(number, effect, USED)
    again = EffectCompleted(effect=effect, grant=1, value=b"1", used=USED)  # type: ignore[arg-type]  # raw JSON
    world.say("effects-1", "effect", "completed", again, number)
    assert world.only(number, facts.Refused).reason == f"late: effect {effect} is not in flight"
    assert world.task(number).account.spent.model_calls == 1


def test_a_request_by_somebody_who_does_not_have_the_step_is_late() -> None:
    world, number = at_work()
    body = EffectRequest(step="a", attempt=1, key="k", call=THINK)
    world.say("mallory", "agent", "effect", body, number)
    assert "mallory does not have attempt 1 of a in hand" in world.only(number, facts.Refused).reason


def test_a_finished_step_leaves_nothing_waiting() -> None:
    # Given a step with an effect in flight, one that waits and a question
    world, number = at_work(worker=False)
    world.worker(capacity=1)
    flying = world.ask(number, "a", key="k1")
    waiting = world.ask(number, "a", key="k2")
    question = world.ask(number, "a", AskCall(question="?"), key="k3")
    # When the step is done
    world.result(number, "a")
    # Then what waits is closed, and what flies settles by itself
    assert {world.effect(number, seq).state for seq in (waiting, question)} == {"aborted"}
    world.completed(number, flying, USED)
    assert world.only(number, facts.EffectSettled).spent == USED


def test_a_model_call_counts_as_one_even_when_its_model_is_named() -> None:
    world, number = at_work()
    world.ask(number, "a", ModelCall(purpose="p", prompt="p", model=MODEL.model, max_output_tokens=10))
    assert world.only(number, facts.EffectGranted).reserved.model_calls == 1
