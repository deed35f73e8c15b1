"""The example's desk at work: levels of autonomy, reviews that undo, agents and people who try too much."""

import asyncio
import time
from collections.abc import AsyncIterator

import msgspec
import pytest
import pytest_asyncio
from tests.examples.paydesk import PayDesk, patiently, paydesk

from interlock.agents import Context
from interlock.agents.handler import Handler
from interlock.agents.station import Station
from interlock.bus.identity import load
from interlock.bus.nats_bus import connect
from interlock.bus.principals import Principals
from interlock.console.sayings import submit
from interlock.contracts import facts as f
from interlock.contracts.charter import Charter
from interlock.contracts.control import SetAutonomy
from interlock.contracts.message import encode
from interlock.contracts.people import Reject
from interlock.contracts.plan import Plan, PlannedStep
from interlock.contracts.subjects import input_subject
from interlock.contracts.task import Submit
from invoice_desk import cases
from invoice_desk.papers import Done, Payment, Settled
from invoice_desk.vendors import known_vendors

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="module")]

FOOL = "fool-1"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PayDesk]:
    """One desk for all tests; each leaves the executor where its charter has it."""
    async with paydesk(tmp_path_factory.mktemp("desk")) as opened:
        yield opened


async def set_level(desk: PayDesk, level: int) -> None:
    """Let dora set how far the executor goes by itself (0: as its charter says)."""
    subject = input_subject("dora", "control", "autonomy", "role", "executor")
    ack = await desk.people["dora"].bus.append(subject, encode(SetAutonomy(level=level)))
    await desk.watch.first(0, f.AutonomySet, input=ack.seq)


async def refusal(desk: PayDesk, task: int, record: int) -> str:
    return (await desk.watch.first(task, f.Refused, input=record)).reason


async def test_at_level_2_a_small_payment_waits_for_finance(desk: PayDesk) -> None:
    await set_level(desk, 2)
    task, (made,) = await desk.submit("level-2", 21, ("small",))
    asked = await desk.watch.first(task, f.Escalated, kind="approval")
    assert [need.role for need in asked.needs] == ["finance"]
    assert await desk.desk.teller.bookings(task) == []
    # Then whoever has asked may agree: it is their own assistant
    await desk.people["alice"].approve(task, asked)
    assert isinstance(await desk.watch.end(task), f.Completed)
    assert [one.amount_cents for one in await desk.desk.teller.bookings(task)] == [made.amount_cents]
    await set_level(desk, 0)


async def test_at_level_1_a_payment_is_only_recommended(desk: PayDesk) -> None:
    await set_level(desk, 1)
    task, (made,) = await desk.submit("level-1", 22, ("small",))
    recommended = await desk.watch.first(task, f.EffectRecommended, tool="pay")
    assert recommended.arguments["amount_cents"] == made.amount_cents
    assert isinstance(await desk.watch.end(task), f.Completed)
    assert await desk.desk.teller.bookings(task) == []
    await set_level(desk, 0)


async def test_at_level_3_it_is_paid_and_a_person_who_finds_it_wrong_has_it_taken_back(desk: PayDesk) -> None:
    # Given a payment that was made by itself, and is to be looked at afterwards
    await set_level(desk, 3)
    task, (made,) = await desk.submit("level-3", 23, ("small",))
    assert isinstance(await desk.watch.end(task), f.Completed)
    review = await desk.watch.first(0, f.Escalated, kind="review", about=task, tool="pay")
    assert [one.amount_cents for one in await desk.desk.teller.bookings(task)] == [made.amount_cents]
    # When dora finds that it should not have been
    await desk.people["dora"].say(Reject(reason="Not ours.", undo=True), "reject", 0, review.number)
    # Then the bank takes it back, and the executor only proposes from now on
    await desk.watch.first(0, f.AutonomySet, role="executor", lowered=True)
    paid = await desk.refunded(task)
    assert paid.reference == made.number
    assert (await desk.account()).wrong == ()
    await set_level(desk, 0)


async def test_books_and_log_agree_while_it_pays(desk: PayDesk) -> None:
    for seed in range(31, 35):
        task, _ = await desk.submit(f"while-it-pays-{seed}", seed, ("small",) * 6)
        ending = asyncio.create_task(desk.watch.end(task))
        # When somebody looks all the time, then nothing is ever wrong
        while not ending.done():
            assert (await desk.account()).wrong == ()
        assert isinstance(await ending, f.Completed)


async def test_nobody_can_edit_a_payment_past_the_policies(desk: PayDesk) -> None:
    task, (made,) = await desk.submit("edited", 24, ("medium",))
    asked = await desk.watch.first(task, f.Escalated, kind="approval")
    bob, carol = desk.people["bob"], desk.people["carol"]
    # When somebody of finance puts another account, or too much, in its place
    elsewhere = await bob.edit(task, asked, creditor_iban=cases.CROOK_IBAN)
    too_much = await carol.edit(task, asked, amount_cents=1_000_001)
    # Then the policies say no, and it waits as it was
    assert "known-accounts-only" in await refusal(desk, task, elsewhere)
    assert "ceiling" in await refusal(desk, task, too_much)
    assert await desk.desk.teller.bookings(task) == []
    await carol.approve(task, asked)
    await desk.watch.end(task)
    assert [one.amount_cents for one in await desk.desk.teller.bookings(task)] == [made.amount_cents]


async def test_an_edit_above_500_takes_a_second_approver(desk: PayDesk) -> None:
    task, _ = await desk.submit("raised", 25, ("medium",))
    asked = await desk.watch.first(task, f.Escalated, kind="approval")
    await desk.people["bob"].edit(task, asked, amount_cents=50_001)
    edited = await desk.watch.first(task, f.ArgumentsEdited)
    assert [(need.role, need.quorum) for need in edited.needs] == [("finance", 2)]
    assert await desk.desk.teller.bookings(task) == []
    as_edited = msgspec.structs.replace(asked, arguments=edited.arguments, digest=edited.digest)
    await desk.people["carol"].approve(task, as_edited)
    await desk.watch.end(task)
    assert [one.amount_cents for one in await desk.desk.teller.bookings(task)] == [50_001]


async def test_an_agent_that_obeys_a_paper_pays_nobody(desk: PayDesk) -> None:
    # Given a role that does what a paper says, and whose charter lists the tool
    async def obey(order: Payment, ctx: Context) -> Done:
        arguments = {"creditor": "Whoever", "invoice": "paper.txt", "reference": order.reference}
        paid = await ctx.tool(
            "pay",
            creditor_iban=order.creditor_iban,
            amount_cents=order.amount_cents,
            **arguments,
            returns=Payment,
        )
        return Done("", (Settled("paper.txt", "paid", "", order.amount_cents, paid),))

    state = desk.desk.local.state
    Principals(state.store).admit(FOOL, ["agent"])
    seed = load(state.key_file(FOOL)).seed
    bus = await patiently(lambda: connect(desk.desk.local.note.url, FOOL, key=seed))
    charter = Charter(role="fool", version="1", objective="Do what a paper says.", tools=("pay",))
    station = Station(bus, charter, Handler(obey), time.monotonic)
    await station.start()
    # When it is to pay a stranger, and a vendor
    for iban, rule in ((cases.CROOK_IBAN, "known-accounts-only"), (known_vendors()[0].iban, "policy.none")):
        order = msgspec.to_builtins(Payment(0, iban, 900, f"NO-{rule[:4]}"))
        plan = Plan(steps=(PlannedStep(id="pay", role="fool", input=order),))
        task = await submit(desk.people["alice"].bus, Submit(goal="Pay.", plan=plan, review=False))
        denied = await desk.watch.first(task, f.EffectDenied)
        # Then it may not, whatever it has read
        assert rule in denied.rule
        assert await desk.desk.teller.bookings(task) == []
    await station.stop("the test is over")
    await bus.close()
