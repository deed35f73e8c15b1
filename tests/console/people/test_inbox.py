"""The inbox as a person uses it: by its keys, on a log in memory."""

import io
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import click
import msgspec
import pytest
from rich.console import Console, Group, RenderableType
from rich.text import Text
from tests.console.conftest import Environment
from tests.console.people.examples import (
    ARGUMENTS,
    POLICIES,
    entitled,
    form_step,
    model_use,
    payment,
    question,
    review,
)
from textual.pilot import Pilot
from textual.widgets import Input, Label, OptionList, Select, Static, TextArea

from interlock.bus import identity
from interlock.bus.clock import now_ms
from interlock.bus.ports import Record
from interlock.console.environment import Reach
from interlock.console.people.asked import opened
from interlock.console.people.docket import Docket
from interlock.console.people.mandate import Mandate
from interlock.console.people.numbers import Number
from interlock.console.people.screen import rows as rows_module
from interlock.console.people.screen.app import Inbox
from interlock.console.people.screen.keys import KEYS, KeysScreen
from interlock.console.people.screen.rows import Rows
from interlock.console.people.screen.sheet import SheetScreen
from interlock.contracts import facts as f
from interlock.contracts.approval import digest_of, is_signed
from interlock.contracts.inputs import Input as Said
from interlock.contracts.inputs import read_record
from interlock.contracts.message import encode
from interlock.contracts.people import Answer, Approve, Edit, Raise, Reassign, Reject
from interlock.contracts.policy import Policies
from interlock.contracts.subjects import INPUTS, decision_subject, input_subject
from interlock.contracts.task import Submit

TURNS = 400
WIDE = (160, 45)


class HeardInbox(Inbox):
    """An inbox that remembers what it has told; everything else is as it is."""

    told: ClassVar[list[str]] = []

    def notify(self, message: str, **settings: Any) -> None:
        self.told.append(message)
        super().notify(message, **settings)


class Table:
    """Alice at her inbox, beside a supervisor that decides as the test says."""

    def __init__(self, environment: Environment, app: HeardInbox, pilot: Pilot[None]) -> None:
        self.environment = environment
        self.app = app
        self.pilot = pilot
        self.heard: list[Said] = []
        self.decides: Callable[[Said], tuple[f.AnyFact, ...]] = lambda _: ()

    async def until(self, true: Callable[[], bool]) -> None:
        for _ in range(TURNS):
            if true():
                return
            await self.pilot.pause()
        raise AssertionError("it never became so")

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def sheet(self, key: str) -> SheetScreen:
        """Press a key, and wait for its sheet."""
        await self.press(key)
        await self.until(lambda: isinstance(self.app.screen, SheetScreen))
        assert isinstance(self.app.screen, SheetScreen)
        return self.app.screen

    async def said(self) -> Said:
        await self.until(lambda: bool(self.heard))
        return self.heard[-1]

    @property
    def numbers(self) -> list[str]:
        rows = self.app.screen_stack[0].query_one(Rows)
        return [str(key.value) for key in rows.rows]

    @property
    def chosen(self) -> Number | None:
        return self.app.screen_stack[0].query_one(Rows).chosen

    @property
    def opened(self) -> bool:
        """Whether one of them has all the room."""
        return self.app.screen_stack[0].query_one("#both").has_class("-open")

    @property
    def told(self) -> str:
        return "\n".join(self.app.told)

    def shown(self, widget: str) -> str:
        """What stands in a part of the screen."""
        paper = io.StringIO()
        Console(file=paper, width=400, color_system=None).print(self._content(widget))
        return paper.getvalue()

    def _content(self, widget: str) -> RenderableType:
        drawn = self.app.screen.query_one(widget, Static).content
        assert isinstance(drawn, Text | Group | str)
        return drawn

    async def hear(self, record: Record) -> None:
        said = read_record(record.seq, record.time_ms, record.subject, record.data)
        if said.kind == "human":
            self.heard.append(said)
            await self.environment.decide(said.task, *self.decides(said), cause=said.seq)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "alice.nk"
    identity.save(identity.create(), path)
    return path


@asynccontextmanager
async def inbox(environment: Environment, key_file: Path | None, **wishes: Any) -> AsyncGenerator[Table]:
    """Open the inbox of alice, who is an admin and of finance."""
    environment.now_ms = now_ms()
    await environment.decide(
        0,
        f.PoliciesSet(at_ms=1, by="s", digest=POLICIES, bundle=Policies()),
        entitled("alice", "finance", roles=("admin",)),
    )
    app = HeardInbox(environment.alice, Reach(url="", principal="alice", key_file=key_file), **wishes)
    app.told.clear()
    async with app.run_test(size=WIDE) as pilot:
        table = Table(environment, app, pilot)
        following = await environment.supervisor.follow([INPUTS], table.hear)
        await table.until(lambda: app.live.is_up_to_date)
        yield table
        await following.stop()


def fresh(fact: f.Escalated, **changes: object) -> f.Escalated:
    """Something that was asked just now, with an hour's time."""
    at_ms = now_ms()
    moment = {"at_ms": at_ms, "deadline_ms": at_ms + 3_600_000} | changes
    return msgspec.structs.replace(fact, **moment)


def counts(said: Said) -> tuple[f.AnyFact, ...]:
    assert isinstance(said.body, Approve | Edit)
    assert said.body.approval is not None
    at_ms = now_ms()
    counted = f.ApprovalCounted(
        at_ms=at_ms, number=1, by="alice", input=said.seq, approval=said.body.approval
    )
    resolved = f.Resolved(at_ms=at_ms, number=1, verdict="approved", by=("alice",), input=said.seq)
    return counted, resolved


def rejects(said: Said) -> tuple[f.AnyFact, ...]:
    number = int(said.rest[1])
    return (
        f.Resolved(at_ms=1, number=number, verdict="rejected", by=("alice",), input=said.seq, reason="no"),
    )


async def task_of(environment: Environment, goal: str = "pay March") -> int:
    submission = encode(Submit(goal=goal))
    return (await environment.alice.append(input_subject("alice", "task", "submit"), submission)).seq


async def test_everything_about_the_one_under_the_cursor_is_shown(
    environment: Environment, key_file: Path
) -> None:
    # Given a payment and a question
    task = await task_of(environment)
    await environment.decide(task, fresh(payment(1)), fresh(question(2), deadline_ms=None))
    async with inbox(environment, key_file) as table:
        # When the inbox is opened
        await table.until(lambda: table.numbers == [f"{task}.1", f"{task}.2"])
        # Then the first is under the cursor, with all that belongs to it, also from elsewhere in the log
        await table.until(lambda: "pay March" in table.shown("#paper"))
        for piece in ('"amount_cents": 90000', "UNTRUSTED", "policy large", "you may, as finance"):
            assert piece.removeprefix("you ") in table.shown("#paper")
        assert "2 open, 2 yours" in table.shown("#state")
        # When the cursor goes down, then the question is shown
        await table.press("down")
        await table.until(lambda: "which edition?" in table.shown("#paper"))


async def test_a_row_has_room_for_what_it_grows_to(environment: Environment, key_file: Path) -> None:
    # Given a question of three seconds ago
    task = await task_of(environment)
    await environment.decide(task, fresh(question(1), deadline_ms=None))
    async with inbox(environment, key_file) as table:
        await table.until(lambda: bool(table.numbers))
        rows, asked = table.app.query_one(Rows), opened(task, question(1))
        for seconds, age in ((3, "3 s"), (36_000, "10 h")):
            # When time goes by, then the whole of its age is shown
            rows.show_all(Mandate(Docket(), "alice", asked.said.at_ms + seconds * 1_000), [asked])
            await table.until(partial(shows, rows, f" {age} "))
            assert shows(rows, "which edition?"), "and nothing else has lost its own"


def shows(rows: Rows, words: str) -> bool:
    return words in rows.render_line(1).text


async def test_it_begins_with_the_one_that_was_named(environment: Environment, key_file: Path) -> None:
    # Given two, of which the second is named
    task = await task_of(environment)
    await environment.decide(task, fresh(payment(1)), fresh(question(2), deadline_ms=None))
    async with inbox(environment, key_file, opens=Number(task, 2)) as table:
        # Then it is open, and escape leads to the list
        await table.until(lambda: "which edition?" in table.shown("#paper"))
        assert (table.chosen, table.opened) == (Number(task, 2), True)
        await table.press("escape")
        assert (table.numbers, table.opened) == ([f"{task}.1", f"{task}.2"], False)
    async with inbox(environment, key_file, opens=Number(task, 3)) as table:
        await table.until(lambda: f"{task}.3 is not in this list" in table.told)


async def test_an_inbox_that_hears_nothing_says_so(environment: Environment, key_file: Path) -> None:
    trouble = ["nats://x refuses the token of alice; this is how it was"]
    task = await task_of(environment)
    async with inbox(environment, key_file, trouble=lambda: trouble[-1]) as table:
        assert "this is how it was" in table.shown("#state")
        trouble.append("")
        await environment.decide(task, fresh(payment()))
        await table.until(lambda: bool(table.numbers))
        assert "this is how it was" not in table.shown("#state")


async def test_an_approval_is_signed_over_what_the_sheet_shows(
    environment: Environment, key_file: Path
) -> None:
    task = await task_of(environment)
    await environment.decide(task, fresh(payment(quorum=1)))
    async with inbox(environment, key_file) as table:
        await table.until(lambda: bool(table.numbers))
        table.decides = counts
        # When it is approved
        sheet = await table.sheet("a")
        assert "Approve" in str(sheet.query_one("#title", Static).content)
        assert '"amount_cents": 90000' in table.shown("#about Static")
        await table.press(*"ok", "enter")
        # Then that was said and signed, the end is told, and it is gone from the list
        said = await table.said()
        assert isinstance(said.body, Approve)
        assert said.rest == (str(task), "1")
        assert said.body.approval is not None
        assert is_signed(said.body.approval)
        assert said.body.approval.statement.arguments == digest_of(ARGUMENTS)
        assert said.body.reason == "ok"
        await table.until(lambda: not table.numbers)
        await table.until(lambda: f"{task}.1 was approved by alice" in table.told)


async def test_the_sheet_can_be_left_and_nothing_is_said(environment: Environment, key_file: Path) -> None:
    task = await task_of(environment)
    await environment.decide(task, fresh(payment()))
    async with inbox(environment, key_file) as table:
        await table.until(lambda: bool(table.numbers))
        await table.sheet("a")
        await table.press("escape")
        await table.until(lambda: not isinstance(table.app.screen, SheetScreen))
        assert not table.heard


async def test_a_verdict_that_is_overtaken_is_told_what_was_decided(
    environment: Environment, key_file: Path
) -> None:
    # Given a sheet that is open while others decide
    task = await task_of(environment)
    await environment.decide(task, fresh(payment()))
    async with inbox(environment, key_file) as table:
        await table.until(lambda: bool(table.numbers))
        await table.sheet("a")
        await environment.decide(task, f.Resolved(at_ms=1, number=1, verdict="rejected", by=("bob",)))
        table.decides = lambda said: (f.Refused(input=said.seq, reason=f"{task}.1 was rejected by bob"),)
        # When it is sent, then the person is told
        await table.press("ctrl+s")
        await table.until(lambda: "was rejected by bob" in table.told)
        # And was heard once, and has nothing left to decide
        assert [type(said.body) for said in table.heard] == [Approve]
        assert table.numbers == []


async def test_what_was_decided_before_the_key_is_told_without_a_sheet(
    environment: Environment, key_file: Path
) -> None:
    task = await task_of(environment)
    await environment.decide(task, fresh(payment()))
    async with inbox(environment, key_file) as table:
        await table.until(lambda: bool(table.numbers))
        # Given a decision that this screen has not heard of yet
        await table.app.live.stop()
        await environment.decide(task, f.Resolved(at_ms=1, number=1, verdict="void"))
        await table.press("a")
        await table.until(lambda: f"too late: {task}.1 is void" in table.told)
        assert not isinstance(table.app.screen, SheetScreen)


async def test_the_cursor_stays_on_its_number_whatever_comes(
    environment: Environment, key_file: Path
) -> None:
    # Given a cursor on the second of two
    task = await task_of(environment)
    later = now_ms() + 7_200_000
    await environment.decide(task, fresh(payment(1)), fresh(payment(2), deadline_ms=later))
    async with inbox(environment, key_file) as table:
        await table.until(lambda: len(table.numbers) == 2)
        await table.press("down")
        assert table.chosen == Number(task, 2)
        # When something more urgent comes, and what stood before it goes
        await environment.decide(task, fresh(payment(3), deadline_ms=now_ms() + 60_000))
        await table.until(lambda: table.numbers == [f"{task}.3", f"{task}.1", f"{task}.2"])
        assert table.chosen == Number(task, 2)
        await environment.decide(task, f.Resolved(at_ms=1, number=1, verdict="void"))
        await table.until(lambda: table.numbers == [f"{task}.3", f"{task}.2"])
        # Then it is still there, and the key speaks of that one
        assert table.chosen == Number(task, 2)
        sheet = await table.sheet("r")
        assert f"Reject {task}.2" in str(sheet.query_one("#title", Static).content)


async def test_arguments_are_edited_on_the_sheet(environment: Environment, key_file: Path) -> None:
    task = await task_of(environment)
    await environment.decide(task, fresh(payment(quorum=1)))
    async with inbox(environment, key_file) as table:
        await table.until(lambda: bool(table.numbers))
        table.decides = counts
        sheet = await table.sheet("e")
        area = sheet.query_one(TextArea)
        # When what is typed is no JSON, or changes nothing, then the sheet says so and keeps it
        area.load_text('{\n"amount_cents" 7}')
        await table.press("ctrl+s")
        await table.until(
            lambda: "this is not JSON: JSON is malformed: expected ':' (line 2)" in table.shown("#wrong")
        )
        area.load_text(encode(ARGUMENTS).decode())
        await table.press("ctrl+s")
        await table.until(lambda: "nothing was changed" in table.shown("#wrong"))
        # When a value is changed, then that is signed
        wanted = ARGUMENTS | {"amount_cents": 7}
        area.load_text(encode(wanted).decode())
        await table.press("ctrl+s")
        said = await table.said()
        assert isinstance(said.body, Edit)
        assert said.body.arguments == wanted
        assert said.body.approval.statement.arguments == digest_of(wanted)


async def test_a_rejection_needs_a_reason(environment: Environment, key_file: Path) -> None:
    task = await task_of(environment)
    await environment.decide(task, fresh(payment()))
    async with inbox(environment, key_file) as table:
        await table.until(lambda: bool(table.numbers))
        table.decides = rejects
        await table.sheet("r")
        await table.press("enter")
        await table.until(lambda: "the reason is empty" in table.shown("#wrong"))
        await table.press(*"paid", "enter")
        assert (await table.said()).body == Reject(reason="paid")


async def test_a_review_is_rejected_and_undone(environment: Environment, key_file: Path) -> None:
    await environment.decide(0, fresh(review(1)))
    async with inbox(environment, key_file) as table:
        await table.until(lambda: table.numbers == ["0.1"])
        table.decides = rejects
        sheet = await table.sheet("r")
        await table.press(*"bad")
        sheet.query_one("#field-1").focus()
        await table.press("space", "ctrl+s")
        said = await table.said()
        assert said.body == Reject(reason="bad", undo=True)
        assert said.rest == ("0", "1")


async def test_a_question_is_answered_in_words(environment: Environment, key_file: Path) -> None:
    task = await task_of(environment)
    await environment.decide(task, fresh(question()))
    async with inbox(environment, key_file) as table:
        await table.until(lambda: bool(table.numbers))
        await table.sheet("n")
        await table.press(*"new", "ctrl+s")
        assert (await table.said()).body == Answer(text="new")


async def test_a_form_is_filled_in_field_by_field(environment: Environment, key_file: Path) -> None:
    # Given a step that a person does, with a form of several kinds of fields
    task = await task_of(environment)
    form = {
        "type": "object",
        "properties": {
            "account": {"type": "string", "description": "who pays"},
            "cents": {"type": "integer", "minimum": 1},
            "urgent": {"type": "boolean"},
            "note": {"type": "string"},
            "way": {"enum": ["by\u202ehand", 2]},
        },
        "required": ["account", "urgent"],
    }
    await environment.decide(task, fresh(form_step(1, **form)))
    async with inbox(environment, key_file) as table:
        await table.until(lambda: bool(table.numbers))
        sheet = await table.sheet("n")
        # Then it tells what each is, and choices as one reads them
        assert "account *  who pays" in [str(label.content) for label in sheet.query(Label)]
        urgent, way = sheet.query(Select[str])
        way.expanded = True
        await table.until(
            lambda: "by\\u202ehand" in [str(option.prompt) for option in way.query_one(OptionList).options]
        )
        way.expanded = False
        sheet.query_one("#field-0").focus()
        # When a choice is left open, or a number does not fit, then the sheet says so
        await table.press(*"main", "ctrl+s")
        await table.until(lambda: "urgent is empty" in table.shown("#wrong"))
        urgent.value = "false"
        sheet.query_one("#field-1", Input).value = "0"
        await table.press("ctrl+s")
        await table.until(lambda: "less than the minimum" in table.shown("#wrong"))
        # When all fits, then the value is said, without what was left empty
        sheet.query_one("#field-1", Input).value = "5"
        await table.press("ctrl+s")
        body = (await table.said()).body
        assert isinstance(body, Answer)
        assert isinstance(body.value, msgspec.Raw)
        assert msgspec.json.decode(body.value) == {"account": "main", "cents": 5, "urgent": False}


async def test_a_limit_is_raised_and_somebody_else_is_asked(environment: Environment, key_file: Path) -> None:
    task = await task_of(environment)
    await environment.decide(task, fresh(msgspec.structs.replace(question(), kind="budget")))
    async with inbox(environment, key_file) as table:
        await table.until(lambda: bool(table.numbers))
        sheet = await table.sheet("plus")
        await table.press("ctrl+s")
        await table.until(lambda: "nothing to add" in table.shown("#wrong"))
        sheet.query_one("#field-0", Input).value = "much"
        await table.press("ctrl+s")
        await table.until(lambda: "is no number of dollars" in table.shown("#wrong"))
        sheet.query_one("#field-0", Input).value = "0.5"
        await table.press("ctrl+s")
        body = (await table.said()).body
        assert isinstance(body, Raise)
        assert body.more.spend_usd_micros == 500_000
        # And another is asked
        table.heard.clear()
        sheet = await table.sheet("w")
        await table.press(*"a b", "ctrl+s")
        await table.until(lambda: "is not a name on the bus" in table.shown("#wrong"))
        sheet.query_one("#field-0", Input).value = "carol"
        await table.press("ctrl+s")
        assert (await table.said()).body == Reassign(to="carol")


async def test_the_limit_that_is_used_up_stands_first_on_the_sheet(
    environment: Environment, key_file: Path
) -> None:
    task = await task_of(environment)
    lack = f.Lack(scope="task", dimension="replans", limit=2, needed=1)
    parked = f.Parked(at_ms=1, kind="budget", reason="the budget is used up: ", lack=lack)
    await environment.decide(task, parked, fresh(msgspec.structs.replace(question(), kind="budget")))
    async with inbox(environment, key_file) as table:
        await table.until(lambda: bool(table.numbers))
        labels = [str(label.content) for label in (await table.sheet("plus")).query(Label)]
        assert labels[1] == "replans more"
        await table.press("1", "ctrl+s")
        body = (await table.said()).body
        assert isinstance(body, Raise)
        assert body.more.replans == 1


async def test_only_what_can_be_said_to_it_has_a_key(environment: Environment, key_file: Path) -> None:
    task = await task_of(environment)
    await environment.decide(task, fresh(question()))
    async with inbox(environment, key_file) as table:
        await table.until(lambda: bool(table.numbers))
        for key in ("a", "e", "plus"):
            await table.press(key)
            assert not isinstance(table.app.screen, SheetScreen)


async def test_the_use_of_a_model_has_no_key_to_edit_it(environment: Environment, key_file: Path) -> None:
    task = await task_of(environment)
    await environment.decide(task, fresh(model_use()))
    async with inbox(environment, key_file) as table:
        await table.until(lambda: bool(table.numbers))
        await table.press("e")
        assert not isinstance(table.app.screen, SheetScreen)
        await table.press("a")
        assert isinstance(table.app.screen, SheetScreen)


async def test_without_a_key_file_an_approval_is_told_what_is_missing(environment: Environment) -> None:
    task = await task_of(environment)
    await environment.decide(task, fresh(payment()))
    async with inbox(environment, None) as table:
        await table.until(lambda: bool(table.numbers))
        await table.press("a")
        await table.until(lambda: "interlock keys create alice" in table.told)
        # And there is no sheet to fill in, for nothing could be said
        assert not isinstance(table.app.screen, SheetScreen)
        assert table.heard == []


async def test_the_bell_rings_for_what_is_new_and_mine(
    environment: Environment, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an inbox in which something stood before
    rung: list[str] = []
    task = await task_of(environment)
    await environment.decide(task, fresh(payment(1)))
    async with inbox(environment, key_file) as table:
        await table.until(lambda: bool(table.numbers))
        monkeypatch.setattr(table.app, "bell", lambda: rung.append("bell"))
        # When something comes that is somebody else's, then it is silent
        await environment.decide(task, fresh(question(2), desk="bob"))
        await table.until(lambda: len(table.numbers) == 2)
        assert rung == []
        # When something comes that is alice's, then it rings
        await environment.decide(task, fresh(question(3)))
        await table.until(lambda: len(table.numbers) == 3)
        assert rung == ["bell"]


async def test_what_is_mine_what_was_decided_and_what_holds_words_can_be_looked_at(
    environment: Environment, key_file: Path
) -> None:
    task = await task_of(environment)
    await environment.decide(task, fresh(payment(1)), fresh(question(2), desk="bob"), fresh(question(3)))
    await environment.decide(task, f.Resolved(at_ms=1, number=3, verdict="answered", by=("bob",)))
    async with inbox(environment, key_file, mine=True) as table:
        await table.until(lambda: table.numbers == [f"{task}.1"])
        await table.press("m")
        await table.until(lambda: len(table.numbers) == 2)
        await table.press("slash", *"edition")
        await table.until(lambda: table.numbers == [f"{task}.2"])
        await table.press("escape")
        await table.until(lambda: len(table.numbers) == 2)
        await table.press("d")
        await table.until(lambda: table.numbers == [f"{task}.3"])
        await table.until(lambda: "it was answered by bob" in table.shown("#paper"))
        # And nobody can decide it again
        assert not any(table.app.check_action("say", (verb,)) for verb in ("approve", "reject", "answer"))


async def test_one_can_have_all_the_room(environment: Environment, key_file: Path) -> None:
    task = await task_of(environment)
    await environment.decide(task, fresh(payment()))
    async with inbox(environment, key_file) as table:
        await table.until(lambda: bool(table.numbers))
        await table.press("enter")
        await table.until(lambda: not table.app.query_one(Rows).display)
        await table.press("escape")
        await table.until(lambda: table.app.query_one(Rows).display)
        # And it is still the one that was chosen
        assert table.chosen == Number(task, 1)


async def test_one_that_is_open_stays_when_it_is_decided(environment: Environment, key_file: Path) -> None:
    # Given two, the first of which has all the room
    task = await task_of(environment)
    await environment.decide(task, fresh(payment(1)), fresh(payment(2)))
    async with inbox(environment, key_file) as table:
        await table.until(lambda: len(table.numbers) == 2)
        await table.press("enter")
        # When somebody else decides it
        await environment.decide(task, f.Resolved(at_ms=1, number=1, verdict="rejected", by=("bob",)))
        # Then it says so, and no key speaks of the other
        await table.until(lambda: "it was rejected by bob" in table.shown("#paper"))
        await table.press("a")
        assert not isinstance(table.app.screen, SheetScreen)
        # When one goes back, then the other is under the cursor
        await table.press("escape")
        await table.until(lambda: f"{task}.2" in table.shown("#paper"))
        assert table.chosen == Number(task, 2)


@pytest.mark.parametrize("back", ["escape", "question_mark", "q"])
async def test_the_keys_are_told_on_the_smallest_screen(
    environment: Environment, key_file: Path, back: str
) -> None:
    async with inbox(environment, key_file) as table:
        await table.pilot.resize_terminal(80, 24)
        await table.press("question_mark")
        keys = table.app.screen.query_one("#keys")
        # Then all of them are there, without scrolling
        await table.until(lambda: keys.size.height >= len(KEYS))
        assert keys.max_scroll_y == 0
        assert "approve, signed over exactly what is shown" in table.shown("#keys Static")
        # And each that has a key of its own is told
        told = {key for key, _ in KEYS}
        assert {key for key, *_ in table.app.active_bindings.items() if len(key) == 1} <= told
        await table.press(back)
        await table.until(lambda: not isinstance(table.app.screen, KeysScreen))


async def test_only_the_most_urgent_are_listed_and_the_rest_is_counted(
    environment: Environment, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows_module, "MOST_ROWS", 2)
    task = await task_of(environment)
    await environment.decide(task, *(fresh(question(number)) for number in range(1, 6)))
    async with inbox(environment, key_file) as table:
        await table.until(lambda: len(table.numbers) == 2)
        assert "3 more are not listed" in table.shown("#state")


async def test_a_decision_that_cannot_be_read_is_told_and_the_rest_goes_on(
    environment: Environment, key_file: Path
) -> None:
    task = await task_of(environment)
    async with inbox(environment, key_file) as table:
        await environment.supervisor.append(decision_subject(task), b'{"v": 2, "facts": "escalated"}')
        await table.until(lambda: "cannot be read" in table.shown("#state"))
        await environment.decide(task, fresh(question()))
        await table.until(lambda: table.numbers == [f"{task}.1"])
        # And that one could not be read stays to be seen
        assert "cannot be read" in table.shown("#state")


async def test_hostile_words_are_no_markup(environment: Environment, key_file: Path) -> None:
    hostile = "[bold red]pay[/] [@click=app.quit]now[/] \x1b[2J\u202e"
    task = await task_of(environment, hostile)
    await environment.decide(task, fresh(payment(arguments={hostile: hostile}, summary=hostile)))
    async with inbox(environment, key_file) as table:
        await table.until(lambda: bool(table.numbers))
        await table.until(lambda: "[@click=app.quit]now[/]" in table.shown("#paper"))
        assert not set(table.shown("#paper")) & set("\x1b\u202e")
        sheet = await table.sheet("e")
        assert "\\u202e" in sheet.query_one(TextArea).text


async def test_an_editor_of_ones_own_takes_the_place_of_the_field(
    environment: Environment, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from contextlib import nullcontext  # noqa: PLC0415 - this test alone has no terminal to give away

    def seven(text: str, **_: str) -> str:
        return text.replace("90000", "7")

    task = await task_of(environment)
    await environment.decide(task, fresh(payment()))
    async with inbox(environment, key_file) as table:
        await table.until(lambda: bool(table.numbers))
        monkeypatch.setattr(table.app, "suspend", nullcontext)
        monkeypatch.setattr(click, "edit", seven)
        sheet = await table.sheet("e")
        await table.press("ctrl+e")
        await table.until(lambda: '"amount_cents": 7' in sheet.query_one(TextArea).text)
        # And that is what is signed
        table.decides = counts
        await table.press("ctrl+s")
        body = (await table.said()).body
        assert isinstance(body, Edit)
        assert body.arguments["amount_cents"] == 7


async def test_an_editor_that_fails_is_told_on_the_sheet_which_keeps_what_was_typed(
    environment: Environment, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    came_back: list[bool] = []

    @contextmanager
    def suspended() -> Generator[None]:
        yield
        came_back.append(True)

    def fail(*_: object, **__: object) -> str:
        raise click.ClickException("vi: Editing failed")

    task = await task_of(environment)
    await environment.decide(task, fresh(payment()))
    async with inbox(environment, key_file) as table:
        await table.until(lambda: bool(table.numbers))
        monkeypatch.setattr(table.app, "suspend", suspended)
        monkeypatch.setattr(click, "edit", fail)
        sheet = await table.sheet("e")
        sheet.query_one(TextArea).load_text("half")
        await table.press("ctrl+e")
        await table.until(lambda: "Editing failed" in table.shown("#wrong"))
        assert sheet.query_one(TextArea).text == "half"
        # And the terminal is the inbox's again: its own suspension returns only from a block that ends well
        assert came_back == [True]


async def test_ctrl_c_leaves(environment: Environment, key_file: Path) -> None:
    async with inbox(environment, key_file) as table:
        await table.press("ctrl+c")
        await table.until(lambda: not table.app.is_running)
    assert table.app.return_code == 0


async def test_it_opens_without_colours_too(
    environment: Environment, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    task = await task_of(environment)
    await environment.decide(task, fresh(question()))
    async with inbox(environment, key_file) as table:
        await table.until(lambda: table.numbers == [f"{task}.1"])
        assert table.app.no_color
