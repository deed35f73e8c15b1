"""No decision outgrows a record: what finds no room comes later, and what never fits ends."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.supervisor.core.payments import bundle, set_policies
from tests.supervisor.core.world import MODEL, ONE, SEARCH, SHIPPED, World, all_of, limited

from interlock.contracts import facts, limits
from interlock.contracts.control import Control
from interlock.contracts.decision import Decision
from interlock.contracts.effect import ModelCall, ToolCall
from interlock.contracts.facts import AnyFact
from interlock.contracts.inputs import read_record
from interlock.contracts.message import encode
from interlock.contracts.plan import Plan, PlannedStep
from interlock.contracts.policy import PolicyFile
from interlock.contracts.presence import ToolOffer
from interlock.contracts.subjects import input_subject
from interlock.supervisor.core.decide import decide, decide_silence
from interlock.supervisor.core.limits import MAX_EFFECTS_PER_TASK, RECEIPT_MS
from interlock.supervisor.core.state import State, replace
from interlock.supervisor.core.turn import Decided

PAY = ToolOffer(tool="pay", risk="irreversible", repeatable=True, target="to")
ONCE = replace(PAY, repeatable=False)
DEAR = limited(tool_calls=10**6, model_calls=10**6, tokens=10**9, spend_usd_micros=10**12, steps=10**6)
LONG = "x" * (limits.MAX_JUDGED_BYTES - 100)
MOST_TICKS = 200
MANY_SWITCHES = 2_000
FOUR_TO_NINETEEN_BYTES = b"1e15"
"""A number that takes almost four times as many bytes, with its comma, when it is written again."""


class Crowd(World):
    """A world whose decisions are many and large: of each it is checked that it fits."""

    def _take(self, decided: Decided, again: Decided) -> None:
        assert again.by_task == decided.by_task
        fits(decided)
        assert not decided.outgrown
        self.state, self.last = decided.state, decided.by_task
        for task, said in decided.by_task.items():
            self.told.setdefault(task, []).extend(said)

    def tick_until(self, there: Callable[[], Any]) -> int:
        """Let it tick until something is so; return how often."""
        for times in range(MOST_TICKS):
            if there():
                return times
            self.tick(250)
        raise AssertionError("it never comes to that")


def fits(decided: Decided) -> None:
    for number, said in decided.segments:
        decision = Decision(
            task=number, cause=2**62, at_ms=2**62, by="s" * 64, facts=tuple(said), observed="x" * 80
        )
        assert len(encode(decision)) <= limits.MAX_DECISION_BYTES


def at_the_desk(tools: tuple[str, ...] = ("search", "pay"), **charter: Any) -> tuple[Crowd, int]:
    """Return a world where a payment's arguments stay at hand, and a step in hand that asks for much."""
    world = Crowd()
    set_policies(world, bundle())
    world.agent("researcher-1", tools=tools, autonomy=5, **charter)
    return world, world.submit(plan=ONE, review=False, budget=DEAR)


def pays(world: Crowd, number: int, times: int) -> list[int]:
    """Let the step ask for so many small payments with long arguments."""
    wishes = [{"cents": 1, "to": f"{each:04}{LONG}"} for each in range(times)]
    return [
        world.ask(number, "a", ToolCall(tool="pay", arguments=wish), f"k{each}")
        for each, wish in enumerate(wishes)
    ]


def looks(world: Crowd, number: int, times: int) -> list[int]:
    calls = [ToolCall(tool="search", arguments={"query": str(each)}) for each in range(times)]
    return [world.ask(number, "a", call, f"{each:096}") for each, call in enumerate(calls)]


def size(said: list[AnyFact]) -> int:
    return len(encode(said))


def in_state(world: Crowd, number: int, *states: str) -> list[int]:
    task = world.state.tasks[number]
    return sorted(seq for seq, effect in task.effects.items() if effect.state in states)


# What waits.


def test_many_that_waited_for_a_worker_are_granted_oldest_first_and_none_is_forgotten() -> None:
    # Given hundreds of calls that wait for a worker
    world, number = at_the_desk()
    asked = looks(world, number, 1_000)
    # When one with as many hands comes
    world.worker(capacity=1_024, tools=(SEARCH,))
    first = [fact.effect for fact in world.said(number, facts.EffectGranted)]
    # Then the oldest have theirs at once, and the others by and by
    assert 0 < len(first) < len(asked)
    assert first == asked[: len(first)]
    assert world.tick_until(lambda: not in_state(world, number, "held")) < 10
    assert in_state(world, number, "granted") == asked


def test_long_arguments_are_said_once_and_stay_at_hand() -> None:
    # Given payments that wait for a worker, of which policies may be asked once more
    world, number = at_the_desk()
    asked = pays(world, number, 40)
    assert size(world.told[number]) > 40 * len(LONG)
    # When they are granted, lost, wait again, and are granted again
    world.worker(capacity=64, tools=(PAY,))
    assert len(world.said(number, facts.EffectGranted)) == 40
    assert size(world.said(number)) < 2 * limits.MAX_JUDGED_BYTES * 2
    world.bye("effects-1")
    assert len(world.said(number, facts.EffectHeld)) == 40
    assert size(world.said(number)) < 2 * limits.MAX_JUDGED_BYTES * 2
    world.worker("effects-2", capacity=64, tools=(PAY,))
    # Then policies can still be asked about all of them
    kept = [world.effect(number, seq).demand.arguments for seq in asked]
    assert kept == [{"cents": 1, "to": f"{each:04}{LONG}"} for each in range(40)]


def test_calls_for_what_nobody_offers_any_more_are_denied_by_and_by() -> None:
    world, number = at_the_desk()
    asked = looks(world, number, 1_000)
    others = tuple(
        ToolOffer(tool=f"{'x' * 100}{each:02}", risk="read", repeatable=True)
        for each in range(limits.MAX_OFFERS)
    )
    world.worker(tools=others)
    assert world.tick_until(lambda: in_state(world, number, "denied") == asked) > 1


def test_a_task_that_fills_its_record_holds_up_no_other() -> None:
    # Given two tasks that wait for a worker, of which one has asked for very much, and first
    world, greedy = at_the_desk()
    looks(world, greedy, 1_000)
    world.agent("researcher-2", tools=("search",))
    modest = world.submit(plan=ONE, review=False)
    (wish,) = looks(world, modest, 1)
    # When a worker comes, then both get something at once
    world.worker(capacity=1_024, tools=(SEARCH,))
    assert in_state(world, modest, "granted") == [wish]
    assert 0 < len(in_state(world, greedy, "granted")) < 1_000


def test_what_waited_out_a_pause_goes_on_by_and_by() -> None:
    # Given hundreds of calls for models with absurd names, asked for while all stands still
    world, number = at_the_desk()
    world.control("pause")
    for each in range(20):
        world.ask(number, "a", ModelCall(purpose="p", prompt=f"{each}", model="m" * 100_000), f"k{each}")
    # When it is let go on, then each waits for a worker, as the log says by and by
    world.control("resume")
    waits = [effect.waits_for for effect in world.task(number).effects.values()]
    assert 0 < waits.count("capacity") < 20
    world.tick_until(lambda: all(e.waits_for == "capacity" for e in world.task(number).effects.values()))


# What is lost.


@pytest.mark.parametrize("how", ["bye", "again", "silent"])
def test_what_a_lost_worker_had_in_hand_is_granted_again_by_and_by(how: str) -> None:
    # Given a worker with as much in hand as there may be
    world, number = at_the_desk()
    world.worker(capacity=1_024, tools=(SEARCH,))
    asked = looks(world, number, 1_024)
    if how != "again":
        world.worker("effects-2", capacity=1_024, tools=(SEARCH,))
    # When it is lost
    {
        "bye": lambda: world.bye("effects-1"),
        "silent": lambda: world.silence("effects-1"),
        "again": lambda: world.worker(capacity=1_024, tools=(SEARCH,)),
    }[how]()
    # Then all of it is granted once more, in the end
    held_by = "effects-1" if how == "again" else "effects-2"

    def all_there() -> bool:
        return sorted(world.state.workers[held_by].in_hand) == asked

    assert not all_there()
    world.tick_until(all_there)
    assert {world.effect(number, seq).grant for seq in asked} == {2}


def test_doubts_about_a_task_that_is_over_reach_people_by_and_by() -> None:
    # Given as many calls in flight as there may be that must not be repeated, for a role with much to say
    world, number = at_the_desk(objective="o" * limits.MAX_LINE_CHARS)
    world.worker(capacity=1_024, tools=(replace(SEARCH, repeatable=False),))
    asked = looks(world, number, 1_024)
    # When the task is over, and their worker is lost
    world.result(number, "a")
    assert world.task(number).phase == "completed"
    world.bye("effects-1")
    # Then people are asked about each of them, once
    assert world.tick_until(lambda: not world.task(number).effects) > 1
    doubts = [said for said in all_of(world.told, 0, facts.Escalated) if said.kind == "in_doubt"]
    assert sorted(said.effect for said in doubts) == asked


# What is stopped.


def test_a_kill_with_a_long_reason_denies_all_that_waits_by_and_by() -> None:
    world, number = at_the_desk()
    asked = looks(world, number, 800)
    world.switch("kill", "tool search", "r" * limits.MAX_REASON_CHARS)
    assert 0 < len(in_state(world, number, "denied")) < 800
    world.tick_until(lambda: in_state(world, number, "denied") == asked)
    world.tick_until(lambda: world.told[0] and not world.state.kills)
    receipt = all_of(world.told, 0, facts.Receipted)[-1]
    assert {effect.fate for effect in receipt.effects} == {"refused"}


def test_a_kill_of_a_role_reaches_every_agent_by_and_by() -> None:
    world = Crowd()
    for each in range(300):
        world.agent(f"clerk-{each}")
    world.switch("kill", "role clerk", "r" * limits.MAX_REASON_CHARS)
    assert 0 < len(world.state.agents) < 300
    world.tick_until(lambda: not world.state.agents)


def test_the_greatest_task_can_be_killed_and_so_can_its_step() -> None:
    for scope in ("task {}", "step {} a", "agent researcher-1", "fleet"):
        world, number = at_the_desk()
        looks(world, number, MAX_EFFECTS_PER_TASK)
        world.switch("kill", scope.format(number), "\x01" * limits.MAX_REASON_CHARS)
        task = world.task(number)
        assert not [effect for effect in task.effects.values() if effect.state == "held"], scope


def test_a_receipt_names_what_fits_and_counts_the_rest() -> None:
    # Given hundreds of calls in flight for a tool with the longest of names
    name = "\x01" * 128
    world, number = at_the_desk((name,))
    world.worker(capacity=1_024, tools=(ToolOffer(tool=name, risk="read", repeatable=True),))
    for each in range(1_024):
        world.ask(number, "a", ToolCall(tool=name, arguments={"n": each}), f"k{each}")
    # When they are killed, and nobody says what became of them
    world.switch("kill", f"task {number}")
    world.tick(RECEIPT_MS)
    # Then the receipt says how many it does not name
    receipt = world.only(number, facts.Receipted)
    assert 0 < len(receipt.effects) < 1_024
    assert len(receipt.effects) + receipt.more_effects == 1_024


def test_receipts_that_are_due_at_once_are_written_one_after_the_other() -> None:
    # Given several kills over the same crowd of calls, of whose ends nobody hears
    name = "n" * 128
    world, number = at_the_desk((name,))
    world.worker(capacity=1_024, tools=(ToolOffer(tool=name, risk="read", repeatable=True),))
    for each in range(1_024):
        world.ask(number, "a", ToolCall(tool=name, arguments={"n": each}), f"k{each}")
    for scope in (f"tool {name}", "role researcher", "tenant default", "fleet"):
        world.switch("kill", scope)
    # When their time is over, then each has its receipt, as soon as there is room
    world.tick(RECEIPT_MS)
    assert 0 < len(world.state.kills) < 4
    world.tick_until(lambda: not world.state.kills)
    receipts = all_of(world.told, 0, facts.Receipted)
    assert [len(receipt.effects) for receipt in receipts] == [1_024] * 4


def test_pauses_that_end_at_once_end_by_and_by() -> None:
    # Given many pauses over what has the longest of names, that end at the same time
    world = Crowd()
    for each in range(MANY_SWITCHES):
        name = f"{each:04}{'x' * 124}"
        world.say("olga", "control", "pause", Control(for_s=60), "model", name)
    # When that time has come
    world.tick(60_000)
    # Then some are over at once, and all soon
    assert 0 < len(world.state.switches) < MANY_SWITCHES
    world.tick_until(lambda: not world.state.switches)


# What people are asked.


def test_long_questions_are_asked_anew_by_and_by() -> None:
    # Given as much as people may be asked, under a policy that says as much as it can
    says = "s" * limits.MAX_LINE_CHARS
    much = [f'@id("much{n}") @says("{says}") @require_approval("finance")' for n in range(8)]
    more = "\n".join(f'{one} permit (principal, action == Action::"pay", resource);' for one in much)
    world, number = at_the_desk()
    set_policies(world, bundle(more))
    world.worker(tools=(PAY,))
    asked = pays(world, number, 31)
    assert in_state(world, number, "escalated") == asked
    # When the policies change
    set_policies(world, bundle(more + "// once more"))
    # Then all of it is asked anew, in several records
    assert 0 < len(world.said(number, facts.Escalated)) < len(asked)

    def all_anew() -> bool:
        assert world.state.policies is not None
        known = world.state.escalations.values()
        return {one.said.policies for one in known} == {world.state.policies.digest}

    world.tick_until(all_anew)
    assert in_state(world, number, "escalated") == asked


def test_people_are_given_their_steps_with_long_forms_by_and_by() -> None:
    form = {"type": "object", "description": "d" * 7_000}
    steps = tuple(
        PlannedStep(id=f"s{each}", role="human", input={"ask": "Well?", "form": form})
        for each in range(limits.MAX_PLAN_STEPS)
    )
    world = Crowd()
    number = world.submit(plan=Plan(steps=steps), budget=DEAR, review=False)
    world.tick_until(lambda: len(world.task(number).suspended) == limits.MAX_PLAN_STEPS)


# What is said at length.


def test_the_notes_of_a_review_fit_however_many_steps_begin_again() -> None:
    # Given a plan whose steps are all its last
    steps = tuple(PlannedStep(id=f"s{each}", role="clerk") for each in range(limits.MAX_PLAN_STEPS))
    world = Crowd()
    world.agent("clerk-1", capacity=limits.MAX_PLAN_STEPS)
    world.agent("reviewer-1")
    number = world.submit(plan=Plan(steps=steps), budget=DEAR)
    for step in steps:
        if world.step(number, step.id).state != "assigned":
            world.tick()
        world.result(number, step.id)
    # When the reviewer wants all of them anew, at the greatest length
    reasons = tuple(f"{each:02}{'é' * (limits.MAX_LINE_CHARS - 2)}" for each in range(limits.MAX_CRITERIA))
    world.verdict(number, "revise", *reasons)
    # Then each has as much of every reason as there is room for
    reopened = world.said(number, facts.StepReopened)
    assert [fact.step for fact in reopened] == [step.id for step in steps]
    (notes,) = {fact.notes for fact in reopened}
    assert [note[:2] for note in notes] == [reason[:2] for reason in reasons]
    assert all(reason.startswith(note) for note, reason in zip(notes, reasons, strict=True))
    assert size(reopened) > limits.MAX_DECISION_BYTES // 5


def test_usual_notes_are_not_cut() -> None:
    world = World()
    world.everybody()
    number = world.to_review()
    reasons = tuple("x" * limits.MAX_LINE_CHARS for _ in range(limits.MAX_CRITERIA))
    world.verdict(number, "revise", *reasons)
    assert world.only(number, facts.StepReopened).notes == reasons


def test_a_plan_is_refused_in_sentences_of_bounded_length_however_many_roles_there_are() -> None:
    world = Crowd()
    world.agent("planner-1")
    for each in range(2_000):
        world.agent("clerk-1", f"r{each:031}")
    number = world.submit()
    steps = tuple(PlannedStep(id=f"s{each}", role="nobody") for each in range(limits.MAX_PLAN_STEPS))
    world.result(number, "plan", Plan(steps=steps))
    assert len(world.only(number, facts.PlanRefused).reasons) == limits.MAX_CRITERIA


def test_what_charters_ask_in_vain_is_reported_as_far_as_it_fits() -> None:
    world = Crowd()
    for each in range(10):
        tools = tuple(f"{place:02}{'t' * 2_000}" for place in range(limits.MAX_OFFERS))
        world.agent(f"clerk-{each}", tools=tools)
    nothing = PolicyFile(name="a.cedar", text='@id("none") forbid (principal, action, resource);')
    set_policies(world, replace(SHIPPED.bundle, policies=(nothing,)))
    assert 0 < len(world.said(0, facts.CharterExceeded)) < 10


# What never fits.


def outgrown(state: State, who: str, kind: str, verb: str, data: bytes, *rest: int) -> Decided:
    """Decide about an input that asks for more than a record holds; nothing else is checked."""
    said = read_record(10**6, 2_000_000, input_subject(who, kind, verb, *rest), data)
    decided = decide(state, said, 2_000_000)
    fits(decided)
    return decided


def test_a_hello_that_grows_when_it_is_written_again_still_fits() -> None:
    # Given a worker whose hello is as large as a message may be, and full of such numbers
    world = Crowd()
    rest = (
        b'{"incarnation":"i%d","tools":[{"tool":"search","risk":"read","repeatable":true,"input_schema":%b}]}'
    )
    room = limits.MAX_MESSAGE_BYTES - len(rest) - len(b'{"enum":[]}')
    schema = b'{"enum":[%b]}' % b",".join([FOUR_TO_NINETEEN_BYTES] * (room // 5))
    # When it comes, and comes anew
    for life in range(2):
        world.say("effects-1", "effect", "hello", rest % (life, schema))
    # Then it is there
    assert world.state.workers["effects-1"].incarnation == "i1"
    assert size(world.said(0)) > 3 * limits.MAX_MESSAGE_BYTES


def test_what_never_fits_ends_the_task_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a record that holds less than what follows
    world, number = at_the_desk()
    world.worker(tools=(SEARCH,))
    effect = looks(world, number, 1)[0]
    monkeypatch.setattr("interlock.supervisor.core.deciding.outgrowing.MAX_FACTS_BYTES", 100)
    body = encode({"step": "a", "attempt": 1, "value": "done"})
    # When somebody says it
    decided = outgrown(world.state, "researcher-1", "agent", "result", body, number)
    # Then the task fails for that, and the input counts for nothing
    failed, refused = decided.by_task[number]
    assert isinstance(failed, facts.Failed)
    assert isinstance(refused, facts.Refused)
    assert f"what would be decided about task {number} takes" in failed.reason
    assert "one record holds 100" in decided.outgrown == refused.reason
    assert decided.state.tasks[number].phase == "failed"
    assert decided.state.tasks[number].effects[effect].state == "granted"


def test_a_silence_that_never_fits_ends_the_task_and_is_decided_at_the_next_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, number = at_the_desk()
    with monkeypatch.context() as patched:
        patched.setattr("interlock.supervisor.core.deciding.outgrowing.MAX_FACTS_BYTES", 130)
        decided = decide_silence(world.state, "researcher-1", world.now_ms)
    assert [type(fact) for fact in decided.by_task[number]] == [facts.Failed]
    assert "researcher-1" in decided.state.agents
    again = decide_silence(decided.state, "researcher-1", world.now_ms)
    assert not again.outgrown
    assert "researcher-1" not in again.state.agents


def test_a_submission_that_never_fits_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("interlock.supervisor.core.deciding.outgrowing.MAX_FACTS_BYTES", 100)
    decided = outgrown(State(), "alice", "task", "submit", b'{"goal":"why?"}')
    ((number, (rejected,)),) = decided.by_task.items()
    assert (number, type(rejected)) == (10**6, facts.Rejected)


# Whatever is asked.


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    looked=st.integers(0, 300),
    paid=st.integers(0, 60),
    happenings=st.lists(
        st.sampled_from(
            ["worker", "stranger", "bye", "pause", "resume", "policies", "kill tool", "tick", "role"]
        ),
        max_size=12,
    ),
    said=st.sampled_from(["", "r" * limits.MAX_REASON_CHARS, "\x01" * limits.MAX_REASON_CHARS]),
    risky=st.booleans(),
)
def test_no_decision_outgrows_a_record(
    *, looked: int, paid: int, happenings: list[str], said: str, risky: bool
) -> None:
    world, number = at_the_desk()
    looks(world, number, looked)
    pays(world, number, paid)
    for place, what in enumerate(happenings):
        happen(world, what, said, place, ONCE if risky else PAY)
    world.control("kill", reason=said)
    world.tick(RECEIPT_MS)
    assert not world.task(number).active


def happen(world: Crowd, what: str, said: str, place: int, tool: ToolOffer) -> None:
    """Let something happen that reaches all that a task has asked for."""
    match what:
        case "worker":
            world.worker(capacity=1_024, models=(MODEL,), tools=(SEARCH, tool))
        case "stranger":
            names = (f"{'x' * 100}{each:02}" for each in range(limits.MAX_OFFERS))
            strange = tuple(ToolOffer(tool=name, risk="read", repeatable=True) for name in names)
            world.worker("effects-2", tools=strange)
        case "bye":
            for name in list(world.state.workers):
                world.bye(name)
        case "pause" | "resume":
            world.control(what, reason=said)
        case "policies":
            set_policies(world, bundle(f"// {place}"))
        case "kill tool":
            world.switch("kill", "tool search", said)
        case "role":
            world.autonomy("researcher", 1 + place % 5)
        case _:
            world.tick(250)
