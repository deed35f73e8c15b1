"""Tools that wait for others: stopped at once, run again by the same key, and never said to have failed
when they may have happened."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest
from tests.effects.conftest import PATIENCE_S, TASK, Office, Provider, Reply, whole

from interlock.contracts.budget import Amounts
from interlock.contracts.effect import EffectAborted, EffectCompleted, EffectFailed, ToolCall
from interlock.effects import toolbox
from interlock.effects.calls import Calls
from interlock.effects.errors import Refused, Unsure
from interlock.effects.registry import BUILT_IN
from interlock.effects.settings import EffectSettings
from interlock.effects.tools.tool import Place, Strict, Tool, Traits

PAY = ToolCall(tool="pay", arguments={"cents": 5})
HELD = Reply(promised_bytes=2, held=True)

Make = Callable[..., Calls]
Run = Callable[["Order", Place], Awaitable["Paid"]]


class Order(Strict):
    """How much is paid."""

    cents: int


class Paid(Strict):
    """By which key it was paid."""

    key: str


@pytest.fixture
def make(settings: EffectSettings, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Make what a worker can do with a tool that pays so."""
    monkeypatch.setattr(toolbox, "FIRST_PAUSE_S", 0.01)

    def made(run: Run, *, timeout_s: float = PATIENCE_S, asks_leave: bool = False, **traits: bool) -> Calls:
        tool = Tool(
            "pay",
            run,
            asks=Order,
            tells=Paid,
            traits=Traits(risk="irreversible", repeatable=traits.get("repeatable", False)),
            description="Pay.",
            asks_leave=asks_leave,
        )
        monkeypatch.setattr(toolbox, "BUILT_IN", (*BUILT_IN, tool))
        return Calls(settings, tool_timeout_s=timeout_s)

    return made


def posting(provider: Provider) -> Run:
    """Return a tool that asks the provider to pay, and says so when nobody tells whether it did."""

    async def pay(asked: Order, place: Place) -> Paid:
        headers = {"Idempotency-Key": place.key}
        async with httpx.AsyncClient() as bank:
            try:
                answer = await bank.post(provider.url, json={"cents": asked.cents}, headers=headers)
            except httpx.TransportError as error:
                raise Unsure(f"the bank did not answer: {error!r}") from error
        if answer.status_code == 422:
            raise Refused("the bank says no")
        return Paid(key=place.key)

    return pay


def keys(provider: Provider) -> list[str]:
    return [asked.headers["idempotency-key"] for asked in provider.asked]


async def test_a_kill_ends_it_at_once_and_closes_its_connection(
    office: Office, make: Make, provider: Provider
) -> None:
    # Given a payment that the bank has got, and does not answer
    provider.will(HELD)
    await office.open(make(posting(provider)))
    await office.grant(PAY)
    await provider.came.wait()
    # When its task is killed
    await office.control("kill", "task", str(TASK))
    (end,) = await office.until_logged()
    # Then nothing goes on here, and nobody claims that it did not happen
    assert isinstance(end.body, EffectAborted)
    assert (end.body.started, end.body.running, end.body.doubtful) == (True, False, True)
    async with asyncio.timeout(PATIENCE_S):
        await provider.hung_up.wait()


async def test_what_had_no_leave_yet_did_not_happen(office: Office, make: Make) -> None:
    # Given a tool that looks before it asks for leave
    looking = asyncio.Event()

    async def pay(_asked: Order, place: Place) -> Paid:
        looking.set()
        await asyncio.Event().wait()
        assert not place.leave()
        return Paid(key=place.key)

    await office.open(make(pay, asks_leave=True))
    await office.grant(PAY)
    await looking.wait()
    # When it is killed, then it never happened
    await office.control("kill", "task", str(TASK))
    (end,) = await office.until_logged()
    assert isinstance(end.body, EffectAborted)
    assert (end.body.started, end.body.running, end.body.doubtful) == (False, False, False)
    assert end.body.used == Amounts()


async def test_what_does_not_obey_is_said_to_go_on(
    office: Office, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a tool that does not let itself be stopped
    monkeypatch.setattr(toolbox, "END_S", 0.05)
    begun, free = asyncio.Event(), asyncio.Event()

    async def pay(_asked: Order, place: Place) -> Paid:
        begun.set()
        while not free.is_set():
            try:
                await free.wait()
            except asyncio.CancelledError:
                continue
        return Paid(key=place.key)

    await office.open(make(pay))
    await office.grant(PAY)
    await begun.wait()
    await office.control("kill", "task", str(TASK))
    (end,) = await office.until_logged()
    assert isinstance(end.body, EffectAborted)
    assert (end.body.started, end.body.running, end.body.doubtful) == (True, True, True)
    free.set()


async def test_what_may_be_repeated_is_asked_again_with_the_same_key_until_it_is_known(
    office: Office, make: Make, provider: Provider
) -> None:
    # Given a bank that breaks off twice before it answers
    provider.will(Reply(dropped=True), Reply(dropped=True), whole({}))
    await office.open(make(posting(provider), repeatable=True))
    # When a payment is granted
    await office.grant(PAY)
    (end,) = await office.until_logged()
    # Then it was asked for by one key, and is done
    assert isinstance(end.body, EffectCompleted)
    assert keys(provider) == [f"{TASK}.50"] * 3
    # And when it is granted again, to whoever, it has that key still
    await office.grant(PAY, grant=2)
    await office.until_logged(2)
    assert keys(provider)[3] == f"{TASK}.50"


async def test_what_may_not_be_repeated_is_in_doubt_after_the_first_time(
    office: Office, make: Make, provider: Provider
) -> None:
    provider.will(Reply(dropped=True), whole({}))
    await office.open(make(posting(provider)))
    await office.grant(PAY)
    (end,) = await office.until_logged()
    assert isinstance(end.body, EffectFailed)
    assert (end.body.doubtful, end.body.transient, len(provider.asked)) == (True, False, 1)
    assert "the bank did not answer" in end.body.message
    # And its agent is told by who decides, not by the worker
    assert office.outcomes == []


@pytest.mark.parametrize("repeatable", [True, False])
async def test_what_does_not_end_in_time_is_in_doubt(
    office: Office, make: Make, provider: Provider, *, repeatable: bool
) -> None:
    provider.will(HELD)
    await office.open(make(posting(provider), timeout_s=0.3, repeatable=repeatable))
    await office.grant(PAY)
    (end,) = await office.until_logged()
    assert isinstance(end.body, EffectFailed)
    assert end.body.doubtful
    assert "did not end within 0.3 s" in end.body.message
    await provider.hung_up.wait()


async def test_a_tool_that_breaks_is_in_doubt_and_not_run_again(office: Office, make: Make) -> None:
    runs: list[str] = []

    async def pay(asked: Order, place: Place) -> Paid:
        runs.append(place.key)
        return Paid(key=place.key * (1 // (asked.cents - 5)))

    await office.open(make(pay, repeatable=True))
    await office.grant(PAY)
    (end,) = await office.until_logged()
    assert isinstance(end.body, EffectFailed)
    assert (end.body.doubtful, len(runs)) == (True, 1)
    assert "pay broke, and may have happened (ZeroDivisionError" in end.body.message


async def test_a_plain_no_has_failed(office: Office, make: Make, provider: Provider) -> None:
    provider.will(Reply(status=422))
    await office.open(make(posting(provider), repeatable=True))
    await office.grant(PAY)
    (end,) = await office.until_logged()
    assert isinstance(end.body, EffectFailed)
    assert (end.body.doubtful, end.body.message) == (False, "the bank says no")
    assert [outcome.end for outcome in await office.until_ended()] == ["failed"]
