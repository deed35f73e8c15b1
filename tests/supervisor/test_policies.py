"""The folder of policies: read, said on the log before anybody begins, watched; and reviews that undo."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.supervisor.core.policy.bundles import SHIPPED, bundle
from tests.supervisor.core.world import LOOK, MODEL, ONE, THINK
from tests.supervisor.stage import Agent, EffectWorker, Player, Stage

from interlock.bus.memory_bus import MemoryBus
from interlock.contracts import facts
from interlock.contracts.dispatch import DoEffect
from interlock.contracts.effect import ToolCall
from interlock.contracts.message import decode
from interlock.contracts.observed import Entitlement
from interlock.contracts.people import Reject
from interlock.contracts.policy import Policies, SetPolicies
from interlock.contracts.presence import EffectHello, ToolOffer
from interlock.supervisor import policies as shell
from interlock.supervisor.core.routing import after_open
from interlock.supervisor.errors import MalformedPolicies
from interlock.supervisor.policies import PolicyWatch, folder_named, read_folder, shipped_folder

AT_MS = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp() * 1_000)
PERMIT = "permit (principal, action, resource);"
ROUTING = """
[[routes]]
role = "finance"
after_s = 3600
then = "cfo"
calendar = "office"

[[calendars]]
name = "office"
zone = "Europe/Berlin"
opens = "09:00"
closes = "17:30"
"""


def folder(path: Path, **files: str) -> Path:
    for name, text in files.items():
        (path / name.replace("__", ".")).write_text(text, "utf-8")
    return path


def test_a_folder_is_read_whole_with_the_shipped_schema_before_its_own(tmp_path: Path) -> None:
    folder(tmp_path, b__cedar=PERMIT, a__cedar="// none", own__cedarschema="entity Other;", note__txt="x")
    read = read_folder(tmp_path, AT_MS)
    assert [file.name for file in read.policies] == ["a.cedar", "b.cedar"]
    assert [file.name for file in read.schemas] == ["interlock.cedarschema", "own.cedarschema"]
    # And its digest is that of everything in it
    folder(tmp_path, b__cedar=PERMIT + " ")
    assert read_folder(tmp_path, AT_MS).digest != read.digest


def test_a_calendar_knows_when_its_clocks_change(tmp_path: Path) -> None:
    (calendar,) = read_folder(folder(tmp_path, routing__toml=ROUTING), AT_MS).calendars
    assert (calendar.days, calendar.opens_minute, calendar.closes_minute) == ((0, 1, 2, 3, 4), 540, 1_050)
    changes = [(datetime.fromtimestamp(at / 1_000, UTC), minutes) for at, minutes in calendar.offsets[:3]]
    assert changes == [
        (datetime(2026, 1, 1, tzinfo=UTC), 60),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), 120),
        (datetime(2026, 10, 25, 1, 0, tzinfo=UTC), 60),
    ]
    # Monday in June at 08:00 UTC is 10:00 there: the last of eight hours end on Tuesday at 09:30
    monday_ms = int(datetime(2026, 6, 1, 8, tzinfo=UTC).timestamp() * 1_000)
    until_ms = int(datetime(2026, 6, 2, 7, 30, tzinfo=UTC).timestamp() * 1_000)
    assert after_open(calendar, monday_ms, 8 * 3_600_000) == until_ms


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"routing__toml": "routes = ["}, "routing.toml is not TOML"),
        ({"routing__toml": "[[roads]]\n"}, "unknown field `roads`; it holds [[routes]] with "),
        (
            {"routing__toml": '[[routes]]\nrole = "a"\nafter_m = 1\n'},
            "unknown field `after_m` - at `$.routes[0]`; it holds [[routes]] with role, after_s, then, ",
        ),
        ({"routing__toml": "[[routes]]\nrole = 3\n"}, "Expected `str`"),
        ({"routing__toml": '[[routes]]\nrole = "a"\nat_last = "go"\n'}, "at_last"),
        ({"routing__toml": '[[calendars]]\nname = "a"\nzone = "Mars/Base"\n'}, "'Mars/Base' is no time zone"),
        ({"routing__toml": '[[calendars]]\nname = "a"\nopens = "9h"\n'}, "'9h' is no time of day"),
        ({"routing__toml": '[[calendars]]\nname = "a"\nopens = "24:01"\n'}, "'24:01' is no time of day"),
        ({"routing__toml": '[[calendars]]\nname = "a"\ndays = ["monday"]\n'}, "'monday'"),
        ({"routing__toml": "routes = [1]"}, "$.routes[0]"),
        ({"routing__toml": "calendars = 3"}, "$.calendars"),
        ({"routing__toml": '[[calendars]]\nname = "a"\ndays = 5\n'}, "$.calendars[0].days"),
        ({"routing__toml": "[[calendars]]\ndays = []\n"}, "`name`"),
        ({"a__cedar": "x" * 140_000}, "a.cedar has 140000 characters; at most 131072"),
        ({"a__cedar": "x" * 130_000, "b__cedar": "x" * 130_000}, "fit into a record"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_sentence(
    tmp_path: Path, files: dict[str, str], sentence: str
) -> None:
    with pytest.raises(MalformedPolicies) as caught:
        read_folder(folder(tmp_path, **files), AT_MS)
    assert sentence in str(caught.value)


def test_a_folder_that_is_not_there_and_a_file_that_is_no_text_are_said(tmp_path: Path) -> None:
    with pytest.raises(MalformedPolicies, match=r"none is no folder: name one with \*\.cedar files"):
        read_folder(tmp_path / "none", AT_MS)
    (tmp_path / "a.cedar").write_bytes(b"//\xff")
    with pytest.raises(MalformedPolicies, match=r"a\.cedar is no UTF-8 text, see byte 2"):
        read_folder(tmp_path, AT_MS)


def test_the_shipped_folder_holds_where_no_other_is_named() -> None:
    assert folder_named({}) == shipped_folder()
    assert folder_named({"INTERLOCK_POLICIES": "/etc/policies"}) == Path("/etc/policies")
    assert read_folder(shipped_folder(), AT_MS).digest == SHIPPED.digest


def said_policies(stage: Stage) -> list[Policies]:
    return [
        decode(SetPolicies, record.data).bundle
        for record in stage.server.records
        if record.subject.endswith(".supervisor.policies")
    ]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell, "LOOK_S", 0.02)


async def test_policies_stand_in_the_log_before_anybody_is_told_to_begin(stage: Stage) -> None:
    # Given a task and agents that were there before any supervisor
    await stage.cast((THINK, LOOK))
    task = await stage.submit(ONE, review=False)
    # When one leads for the first time
    stage.supervise(policies=SHIPPED)
    await stage.completed(task)
    # Then every effect was asked for behind the policies
    (said,) = [r.seq for r in stage.server.records if r.subject.endswith(".supervisor.policies")]
    granted = stage.told(task, facts.EffectGranted)
    assert granted
    assert all(fact.effect > said and fact.policies == SHIPPED.digest for fact in granted)


async def test_a_changed_folder_holds_soon_and_a_bad_one_changes_nothing(
    stage: Stage, tmp_path: Path
) -> None:
    folder(tmp_path, a__cedar=PERMIT)
    supervisor, _, _ = stage.supervise(policies=tmp_path)
    await stage.until(lambda: stage.told(0, facts.PoliciesSet))
    # When it cannot be read for a while, and then holds what will not do
    folder(tmp_path, routing__toml="routes = [")
    folder(tmp_path, a__cedar="permit (principal")
    folder(tmp_path, routing__toml="")
    await stage.until(lambda: stage.told(0, facts.PoliciesRefused))
    # Then the old policies hold
    first = stage.told(0, facts.PoliciesSet)[0]
    assert supervisor.state.policies == first
    # And when it is repaired, the new ones do
    folder(tmp_path, a__cedar=PERMIT + "\n" + PERMIT)
    await stage.until(lambda: len(stage.told(0, facts.PoliciesSet)) == 2)
    assert supervisor.state.policies != first


async def test_whoever_takes_over_does_not_say_again_what_holds(stage: Stage) -> None:
    stage.supervise("supervisor-1", policies=SHIPPED)
    await stage.until(lambda: stage.told(0, facts.PoliciesSet))
    stage.running[0].cancel()
    other, _, _ = stage.supervise("supervisor-2", policies=SHIPPED)
    await stage.until(lambda: other.leads)
    await stage.several_turns()
    assert said_policies(stage) == [SHIPPED]
    assert other.state.policies is not None


async def test_what_was_said_and_refused_is_not_said_again_and_what_holds_is_not_said_at_all(
    stage: Stage,
) -> None:
    # Given a folder that will not do, so that nothing of it ever holds
    bundles, held = [bundle("permit (principal")], [""]
    watch = PolicyWatch(MemoryBus(stage.server, "supervisor-1"), lambda: bundles[0], lambda: held[0])
    for _ in range(3):
        await watch.look()
    assert len(said_policies(stage)) == 1
    # When it is repaired, it is said; when it holds, and was never said by this one, it is not
    bundles[0] = SHIPPED
    await watch.look()
    held[0] = (other := bundle(PERMIT)).digest
    bundles[0] = other
    await watch.look()
    assert said_policies(stage)[1:] == [SHIPPED]


class Undoing(EffectWorker):
    """A worker whose search is undone by forgetting, and who shows what it was told to do."""

    async def start(self) -> None:
        await self.desk.start()
        offers = (
            ToolOffer(tool="search", risk="read", repeatable=True, undo="forget"),
            ToolOffer(tool="forget", risk="write", repeatable=True),
        )
        hello = EffectHello(incarnation=self.incarnation, models=(MODEL,), tools=offers)
        await self.say("effect", "hello", hello)

    def undone(self) -> list[DoEffect]:
        return [
            order for order in self.taken if isinstance(order.call, ToolCall) and order.call.tool == "forget"
        ]


REVIEWED = bundle('@id("looked-at") @review permit (principal, action in Action::"read", resource);')


@pytest.mark.parametrize("changes_leader", [False, True])
async def test_a_failed_review_undoes_what_was_done_though_the_task_is_over(
    stage: Stage, changes_leader: bool
) -> None:
    # Given a task that is over, with something in it to review
    stage.supervise(policies=REVIEWED)
    worker = Undoing(stage.server)
    await stage.join(worker)
    await stage.join(Agent(stage.server, "researcher-1", (LOOK,)))
    await Player(stage.server, "access-1").say("access", "entitled", Entitlement(roles=("operator",)), "olga")
    task = await stage.submit(ONE, review=False)
    await stage.completed(task)
    (asked,) = stage.told(0, facts.Escalated)
    # When an operator rejects it, and has it undone, and perhaps another supervisor leads by then
    worker.may_go_on.clear()
    record = await stage.operator.say("human", "reject", Reject(reason="no", undo=True), 0, 1)
    await stage.until(worker.undone)
    if changes_leader:
        stage.running[0].cancel()
        other, _, _ = stage.supervise("supervisor-2", policies=REVIEWED)
        await stage.until(lambda: other.leads and len(worker.undone()) > 1)
    worker.may_go_on.set()
    # Then the worker is told without an agent, and it is done once
    await stage.until(lambda: [f for f in stage.told(task, facts.EffectSettled) if f.effect == record])
    (settled,) = [fact for fact in stage.told(task, facts.EffectSettled) if fact.effect == record]
    assert settled.end == "completed"
    assert worker.withdrawn == []
    told = {(order.effect, order.agent, order.role) for order in worker.undone()}
    assert told == {(record, "", "researcher")}
    arguments = {"query": "why", "key": f"{task}.{asked.effect}"}
    assert worker.undone()[0].call == ToolCall(tool="forget", arguments=arguments)
    assert len([done for done in worker.done if done[0] == record]) == 1


async def test_an_undoing_goes_on_when_the_task_ends_meanwhile(stage: Stage) -> None:
    # Given an agent that goes on after what it did was found wrong, and an undoing in flight
    stage.supervise(policies=REVIEWED)
    worker, agent = Undoing(stage.server), Agent(stage.server, "researcher-1", (LOOK,))
    agent.may_finish.clear()
    await stage.join(worker)
    await stage.join(agent)
    await Player(stage.server, "access-1").say("access", "entitled", Entitlement(roles=("operator",)), "olga")
    task = await stage.submit(ONE, review=False)
    await stage.until(lambda: stage.told(0, facts.Escalated))
    worker.may_go_on.clear()
    record = await stage.operator.say("human", "reject", Reject(reason="no", undo=True), 0, 1)
    await stage.until(worker.undone)
    # When the task is done before that
    agent.may_finish.set()
    await stage.completed(task)
    await stage.several_turns()
    # Then it is not taken back
    assert worker.withdrawn == []
    worker.may_go_on.set()
    await stage.until(lambda: [f for f in stage.told(task, facts.EffectSettled) if f.effect == record])
