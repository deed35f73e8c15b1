"""Bad input on every subject is answered by one clear sentence; one environment bears it all unharmed."""

import re
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.processes.conftest import lamp
from tests.processes.environment import Environment, running

from interlock.bus.errors import NotPermitted, TooLarge
from interlock.bus.logs import structlog
from interlock.console.exits import Exit, of_status
from interlock.console.sayings import raise_limit
from interlock.contracts import facts as f
from interlock.contracts.budget import Amounts
from interlock.contracts.limits import MAX_MESSAGE_BYTES
from interlock.contracts.subjects import input_subject
from interlock.contracts.task import Submit

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="module")]

BOUND_S = 30.0
GOOD = Submit(goal="What colour is the lamp?")
DEEP = b'{"goal": "x", "plan": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
TOO_LONG = b'{"goal": "' + b"x" * MAX_MESSAGE_BYTES + b'"}'

SUBMISSIONS = {
    "empty": (b"", "submit"),
    "no_json": (b"please find out", "submit"),
    "wrong_encoding": (b'{"goal": "\xff\xfe\xfa"}', "submit"),
    "other_encoding": ('{"goal": "x"}'.encode("utf-16"), "submit"),
    "no_object": (b'["goal"]', "object"),
    "no_goal": (b'{"docs": "/"}', "goal"),
    "blank_goal": (b'{"goal": "   "}', "blank"),
    "wrong_type": (b'{"goal": 42}', "$.goal"),
    "wrong_type_within": (b'{"goal": "x", "budget": {"tokens": "many"}}', "$.budget.tokens"),
    "negative": (b'{"goal": "x", "budget": {"tokens": -1}}', "$.budget.tokens"),
    "overflow": (b'{"goal": "x", "priority": 99999999999999999999999}', "$.priority"),
    "newer": (b'{"v": 99, "goal": "x"}', "version 99"),
    "newer_and_other": (b'{"v": 99, "aim": "x"}', "version 99"),
    "deep": (DEEP, "submit"),
    "too_long": (TOO_LONG, "bytes"),
    "too_long_goal": (b'{"goal": "' + b"x" * 20_000 + b'"}', "$.goal"),
    "circle": (
        b'{"goal": "x", "plan": {"steps": [%s, %s]}}'
        % (b'{"id": "a", "role": "r", "after": ["b"]}', b'{"id": "b", "role": "r", "after": ["a"]}'),
        "circle",
    ),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def environment(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Environment]:
    """One environment with the offline model."""
    folder = tmp_path_factory.mktemp("bad-input")
    async with running(folder / "state", lamp(folder), "offline/extractive") as made:
        yield made
    structlog.reset_defaults()


async def test_a_bad_submission_is_rejected_with_what_is_wrong(environment: Environment) -> None:
    for name, (data, about) in SUBMISSIONS.items():
        # When something is submitted that is no submission
        ack = await environment.say(data, "task", "submit")
        # Then it is rejected with a sentence
        end = await (await environment.story(ack.seq)).end()
        assert isinstance(end, f.Rejected), (name, end)
        assert about in end.reason + end.where, (name, end)
        assert "\n" not in end.reason
        assert len(end.reason) < 2_000
    # And a good task completes
    await (await environment.submit()).completed()


async def test_what_a_person_may_not_say_is_refused_by_the_server(environment: Environment) -> None:
    for words in (("party", "begin"), ("control", "explode", "fleet"), ("control", "pause")):
        subject = re.escape(input_subject("alice", *words))
        with pytest.raises(NotPermitted, match=f"alice may not publish on {subject}"):
            await environment.say(b"{}", *words)
    with pytest.raises(NotPermitted, match=r"alice may not publish on interlock\.in\.bob\.task\.submit"):
        await environment.bus.append(input_subject("bob", "task", "submit"), b'{"goal": "x"}')
    await (await environment.submit()).completed()


async def test_a_record_beyond_the_server_s_bound_does_not_leave_its_author(environment: Environment) -> None:
    # When something is submitted that is larger than a message may be
    with pytest.raises(TooLarge, match="bytes"):
        await environment.say(b"x" * 2_000_000, "task", "submit")
    # Then the same connection still works
    await (await environment.submit()).completed()


CONTROLS = {
    "unknown_verb_of_people": (("human", "shrug", 42), b"{}", "human.shrug"),
    "unknown_task": (("control", "kill", "task", 999_999), b"{}", "999999"),
    "no_number": (("control", "kill", "task", "soon"), b"{}", "soon"),
    "huge_number": (("control", "kill", "task", "9" * 30), b"{}", "9" * 30),
    "unknown_scope": (("control", "pause", "universe"), b"{}", "universe"),
    "bad_reason": (("control", "pause", "fleet"), b'{"reason": 7}', "$.reason"),
    "empty": (("control", "pause", "fleet"), b"", "control"),
    "newer": (("control", "pause", "fleet"), b'{"v": 2}', "version 2"),
    "raise_nothing": (("control", "raise", "task", 999_999), b'{"more": {"tokens": 5}}', "999999"),
    "raise_badly": (("control", "raise", "task", 999_999), b'{"more": {"tokens": "five"}}', "tokens"),
    "unknown_question": (("human", "answer", 999_999, 77), b'{"text": "yes"}', "77"),
    "no_question": (("human", "answer"), b'{"text": "yes"}', "escalation"),
    "resume_what_runs": (("control", "resume", "fleet"), b"{}", "running"),
}


async def test_a_bad_control_is_refused_with_what_is_wrong(environment: Environment) -> None:
    fleet = await environment.story(0)
    for name, (words, data, about) in CONTROLS.items():
        # When something is said that can mean nothing
        ack = await environment.say(data, *map(str, words))
        # Then it is refused with a sentence
        refused = await fleet.first(f.Refused, input=ack.seq)
        assert about in refused.reason, (name, refused)
        assert "\n" not in refused.reason
    # And a good task completes
    await (await environment.submit()).completed()


@pytest.mark.parametrize(
    ("folder", "about"),
    [
        ("/", "INTERLOCK_DOCS"),
        ("/nowhere/at/all", "'/nowhere/at/all'"),
        ("relative", "'relative'"),
    ],
)
async def test_a_folder_that_may_not_be_read_parks_the_task(
    environment: Environment, folder: str, about: str
) -> None:
    # Given a task whose every plan meets a folder that cannot be read
    began = time.monotonic()
    task = await environment.submit(docs=folder)
    # When its replans are used up, then it waits for a person, and says first what stands in the way
    parked = await task.first(f.Parked)
    assert time.monotonic() - began < BOUND_S
    assert (parked.kind, parked.lack and parked.lack.dimension) == ("budget", "replans")
    assert about in parked.reason.partition("the budget is used up")[0]
    assert "\n" not in parked.reason
    view = await environment.view(task.task)
    assert of_status(view.status, view.parked_kind) == Exit.BUDGET
    # And a good task completes
    await (await environment.submit()).completed()


async def test_a_folder_that_is_there_at_last_lets_a_parked_task_go_on(environment: Environment) -> None:
    folder = environment.docs / "later"
    task = await environment.submit(docs=str(folder))
    await task.first(f.Parked)
    # When somebody sees to the folder and allows one more plan
    folder.mkdir()
    (folder / "lamp.md").write_text((environment.docs / "lamp.md").read_text())
    await raise_limit(environment.bus, task.task, Amounts(replans=1))
    # Then the task completes
    await task.completed()


async def test_a_model_that_nobody_offers_fails_the_task(environment: Environment) -> None:
    # When a task wants a model that nobody offers
    task = await environment.submit(model="openai/unheard-of")
    # Then it fails, with a sentence that names that one and those that are
    end = await task.end()
    assert isinstance(end, f.Failed), end
    assert "openai/unheard-of" in end.reason
    assert "offline/extractive" in end.reason
    assert "\n" not in end.reason
