"""Channels: what each is told, in the face of receivers that fail, and over restarts."""

import contextlib
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path

import pytest
from standardwebhooks import Webhook, WebhookVerificationError
from tests.console.conftest import Environment
from tests.console.notifying.receivers import HANG, Receiver, receiving
from tests.console.notifying.stories import escalated, moved, resolved

from interlock.bus.logs import structlog
from interlock.console.errors import BadInput, NotRunning
from interlock.console.notifying.notifier import notifying
from interlock.console.notifying.patience import Patience
from interlock.contracts import facts as f
from interlock.contracts.people import Need

KEY = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
QUICK = Patience(attempts=4, first_s=0.001, longest_s=0.002, attempt_s=60.0, parting_s=30.0)
"""As long as a test may take where an answer comes; who hangs is tried and left as HASTY says."""
HASTY = QUICK._replace(parting_s=0.0)


class Site:
    """A notifier beside a log; its file may have several channels."""

    def __init__(self, environment: Environment, folder: Path) -> None:
        self.environment = environment
        self.folder = folder
        self.file = folder / "notify.toml"
        self.patience = QUICK

    def write(self, **channels: tuple[Receiver, str]) -> None:
        """Write the file: for each channel a receiver, and further lines."""
        self.file.write_text(
            "\n".join(
                f'[channels.{name}]\nkind = "webhook"\nsecret = {{ env = "KEY" }}\nurl = "{receiver.url}"\n'
                f"{more}"
                for name, (receiver, more) in channels.items()
            )
        )

    @contextlib.asynccontextmanager
    async def runs(self, variables: Mapping[str, str] | None = None) -> AsyncGenerator[None]:
        bus, places = self.environment.alice, self.folder / "places"
        async with notifying(bus, self.file, variables or {"KEY": KEY}, places, self.patience):
            yield

    async def decide(self, *facts: f.AnyFact, task: int = 1) -> int:
        return await self.environment.decide(task, *facts)


@pytest.fixture
def site(environment: Environment, tmp_path: Path) -> Site:
    structlog.reset_defaults()
    return Site(environment, tmp_path)


async def test_what_is_asked_moved_and_resolved_is_told_in_order_and_signed(site: Site) -> None:
    # Given a channel for everything
    async with receiving() as receiver:
        site.write(all=(receiver, ""))
        async with site.runs():
            # When something is asked, moved and decided
            await site.decide(escalated(), escalated(2, kind="question"))
            seq = await site.decide(moved(), resolved(2, "answered"))
            await site.decide(resolved())
            calls = await receiver.count(5)
    # Then each is told once, with a signature that its receiver verifies, and nobody else's
    assert receiver.ids == [
        "1.1.asked",
        "1.2.asked",
        f"1.1.moved-{seq}-0",
        "1.2.resolved",
        "1.1.resolved",
    ]
    for call in calls:
        assert Webhook(KEY).verify(call.body, call.headers)["data"]["id"] == call.id
        with pytest.raises(WebhookVerificationError):
            Webhook(KEY[:-4] + "AAAA").verify(call.body, call.headers)


async def test_each_channel_is_told_what_it_is_for(site: Site) -> None:
    async with receiving() as finance, receiving() as budgets, receiving() as ends, receiving() as moves:
        site.write(
            finance=(finance, 'desks = ["finance"]'),
            budgets=(budgets, 'kinds = ["budget", "loop"]'),
            ends=(ends, 'news = ["resolved"]'),
            controllers=(moves, 'desks = ["controllers", "security"]'),
        )
        async with site.runs():
            await site.decide(escalated(1), escalated(2, kind="budget", desk="operator", needs=()))
            seq = await site.decide(moved(1), resolved(1), resolved(2, "raised"))
            two = (Need(role="finance"), Need(role="security"))
            await site.decide(escalated(3, needs=two))
            for receiver, number in ((finance, 3), (budgets, 2), (ends, 2), (moves, 3)):
                await receiver.count(number)
    assert finance.ids == ["1.1.asked", "1.1.resolved", "1.3.asked"]
    assert budgets.ids == ["1.2.asked", "1.2.resolved"]
    assert ends.ids == ["1.1.resolved", "1.2.resolved"]
    assert moves.ids == [f"1.1.moved-{seq}-0", "1.1.resolved", "1.3.asked"]


@pytest.mark.parametrize("script", [(500,), (503, 502, 500), (429, 408)])
async def test_what_fails_is_tried_again_under_the_same_id(site: Site, script: tuple[int, ...]) -> None:
    async with receiving(*script, retry_after="0") as receiver:
        site.write(all=(receiver, ""))
        async with site.runs():
            await site.decide(escalated())
            await receiver.count(len(script) + 1)
    assert receiver.ids == ["1.1.asked"] * (len(script) + 1)


@pytest.mark.parametrize(("status", "attempts"), [(500, 4), (400, 1), (404, 1), (410, 1), (307, 1)])
async def test_after_so_much_patience_it_is_given_up_and_the_next_is_told(
    site: Site, status: int, attempts: int
) -> None:
    # Given a receiver that refuses the first as often as it is tried
    async with receiving(*[status] * attempts) as receiver:
        site.write(all=(receiver, ""))
        with structlog.testing.capture_logs() as lines:
            async with site.runs():
                await site.decide(escalated(1), escalated(2))
                await receiver.count(attempts + 1)
    # Then a line says so, without the address, and the second arrives
    assert receiver.ids == ["1.1.asked"] * attempts + ["1.2.asked"]
    (given_up,) = (line for line in lines if line["event"] == "notice_given_up")
    assert given_up["notice"] == "1.1.asked"
    assert str(status) in given_up["reason"]
    # And another, each time that it is tried again, in words of its own
    delayed = [(line["channel"], line["notice"]) for line in lines if line["event"] == "notice_delayed"]
    assert delayed == [("all", "1.1.asked")] * (attempts - 1)
    assert "stamina" not in str(lines)
    assert receiver.url not in str(lines)


async def test_whoever_wants_to_be_left_alone_is(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def noted(pause_s: float) -> None:
        pauses.append(pause_s)

    monkeypatch.setattr("stamina._core._smart_sleep", noted)
    site.patience = QUICK._replace(longest_s=30.0)
    async with receiving(429, 429, retry_after="7") as receiver:
        site.write(all=(receiver, ""))
        async with site.runs():
            await site.decide(escalated())
            await receiver.count(3)
    assert [round(pause_s) for pause_s in pauses] == [7, 7]


async def test_a_channel_that_hangs_delays_no_other(site: Site) -> None:
    site.patience = HASTY
    async with receiving(*[HANG] * 9) as hanging, receiving() as lively:
        site.write(hanging=(hanging, ""), lively=(lively, ""))
        async with site.runs():
            await site.decide(escalated(1))
            await hanging.count(1)
            for number in range(2, 100):
                await site.decide(escalated(number))
            await lively.count(99)
            # And it holds no more than the one that it is at
            assert hanging.ids == ["1.1.asked"]


async def test_what_takes_too_long_is_tried_again(site: Site) -> None:
    # Given so many attempts that also those do not count which a slow machine does not finish
    site.patience = QUICK._replace(attempts=100_000, attempt_s=0.05)
    async with receiving(HANG) as receiver:
        site.write(all=(receiver, ""))
        async with site.runs():
            await site.decide(escalated())
            await receiver.count(2)
    assert set(receiver.ids) == {"1.1.asked"}


async def test_whoever_refuses_the_connection_is_tried_until_it_stands(site: Site) -> None:
    site.patience = QUICK._replace(attempts=100_000)
    async with receiving() as receiver:
        await receiver.close()
        site.write(all=(receiver, ""))
        async with site.runs():
            await site.decide(escalated())
            await receiver.open()
            await receiver.count(1)
            assert receiver.ids == ["1.1.asked"]


async def test_at_the_very_first_only_what_comes_from_now_on_is_told(site: Site) -> None:
    async with receiving() as receiver:
        site.write(all=(receiver, ""))
        await site.decide(escalated(1))
        async with site.runs():
            await site.decide(escalated(2), resolved(1))
            await receiver.count(2)
    # Also the end of one that was asked before
    assert receiver.ids == ["1.2.asked", "1.1.resolved"]


async def test_a_restart_neither_loses_nor_repeats(site: Site) -> None:
    # Given a receiver that took the first, and hangs over the second of three in one record
    async with receiving(204, HANG, 204) as receiver:
        site.write(all=(receiver, ""))
        site.patience = HASTY
        async with site.runs():
            await site.decide(escalated(1), escalated(2), escalated(3))
            await receiver.count(2)
        # When the notifier ends in between, and something more happens meanwhile
        site.patience = QUICK
        await site.decide(resolved(1))
        async with site.runs():
            await receiver.count(5)
        async with site.runs():
            await site.decide(resolved(3))
            await receiver.count(6)
    # Then the second is tried again, and all others came once; of those before it knows what they were
    assert receiver.ids == ["1.1.asked", *["1.2.asked"] * 2, "1.3.asked", "1.1.resolved", "1.3.resolved"]
    assert receiver.calls[-1].json["data"]["tool"] == "pay"


async def test_the_desks_of_one_that_moved_are_known_after_a_restart(site: Site) -> None:
    async with receiving() as finance, receiving() as moves:
        site.write(finance=(finance, 'desks = ["finance"]'), controllers=(moves, 'desks = ["controllers"]'))
        async with site.runs():
            await site.decide(escalated(), moved())
            await moves.count(1)
            await finance.count(1)
        async with site.runs():
            await site.decide(resolved())
            await moves.count(2)
            await finance.count(2)
            assert moves.ids[-1] == finance.ids[-1] == "1.1.resolved"


async def test_on_another_log_it_begins_anew(site: Site) -> None:
    async with receiving() as receiver:
        site.write(all=(receiver, ""))
        (site.folder / "places").mkdir()
        (site.folder / "places" / "all.json").write_text('{"seq": 999}')
        await site.decide(escalated())
        async with site.runs():
            await receiver.count(1)
            assert receiver.ids == ["1.1.asked"]


async def test_a_damaged_place_is_said_and_not_guessed(site: Site) -> None:
    async with receiving() as receiver:
        site.write(all=(receiver, ""))
        (site.folder / "places").mkdir()
        (site.folder / "places" / "all.json").write_text("{")
        with pytest.raises(BadInput, match=r"all\.json does not say how far"):
            async with site.runs():
                pass


async def test_a_place_that_cannot_be_written_ends_it(site: Site) -> None:
    async with receiving() as receiver:
        site.write(all=(receiver, ""))
        places = site.folder / "places"
        async with notifying(site.environment.alice, site.file, {"KEY": KEY}, places, QUICK) as broken:
            (places / "all.new").mkdir()
            await site.decide(escalated())
            with pytest.raises(
                NotRunning, match=r"all\.json cannot be written: Is a directory; nobody is told"
            ):
                await broken


async def test_two_notifiers_cannot_have_one_place(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("interlock.console.notifying.notifier.HELD_S", 0.0)
    async with receiving() as receiver:
        site.write(all=(receiver, ""))
        async with site.runs():
            with pytest.raises(NotRunning, match="another notifier"):
                async with site.runs():
                    pass


async def test_a_decision_that_cannot_be_read_is_passed_over(site: Site, environment: Environment) -> None:
    async with receiving() as receiver:
        site.write(all=(receiver, ""))
        with structlog.testing.capture_logs() as lines:
            async with site.runs():
                await environment.supervisor.append("interlock.decision.1", b'{"facts": "escalated"')
                await environment.supervisor.append("interlock.decision.7", b'{"fact": "resolved"}')
                await site.decide(resolved(9))
                await site.decide(escalated())
                await receiver.count(1)
    assert receiver.ids == ["1.1.asked"]
    assert [line["event"] for line in lines].count("decision_unreadable") == 2


async def test_a_chat_gets_text_and_blocks_and_needs_no_secret(site: Site) -> None:
    async with receiving() as receiver:
        site.file.write_text('[channels.team]\nkind = "slack"\nurl = { env = "CHAT" }\n')
        async with site.runs({"CHAT": receiver.url}):
            await site.decide(escalated())
            (call,) = await receiver.count(1)
    assert call.json["text"] == "1.1 waits for finance: an approval"
    assert "interlock inbox 1.1" in call.json["blocks"][0]["text"]["text"]
    assert "webhook-signature" not in call.headers


async def test_many_are_told_and_none_is_lost_though_it_is_ended_again_and_again(site: Site) -> None:
    async with receiving(*[204, 500, 204, 204, 503] * 8) as receiver:
        site.write(all=(receiver, ""))
        async with site.runs():
            pass
        for number in range(1, 31):
            await site.decide(escalated(number))
        for _ in range(5):
            async with site.runs():
                await receiver.count(len(receiver.calls) + 4)
        async with site.runs():
            await receiver.until(lambda: len(set(receiver.ids)) == 30)
    assert list(dict.fromkeys(receiver.ids)) == [f"1.{number}.asked" for number in range(1, 31)]
