"""Bad input on every subject is answered by one clear sentence, and harms nothing."""

import re
import time

import pytest
from tests.processes.conftest import Start
from tests.processes.environment import Environment
from tests.processes.model_server import MODEL, ModelServer

from interlock.bus.errors import NotPermitted, TooLarge
from interlock.console.exits import Exit, of_status
from interlock.console.sayings import raise_limit
from interlock.contracts import facts as f
from interlock.contracts.budget import Amounts
from interlock.contracts.limits import MAX_MESSAGE_BYTES
from interlock.contracts.subjects import input_subject
from interlock.contracts.task import Submit

pytestmark = pytest.mark.processes

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


async def test_a_bad_submission_is_rejected_with_what_is_wrong(start: Start) -> None:
    # Given an environment
    environment = await start()
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


async def test_what_a_person_may_not_say_is_refused_by_the_server(start: Start) -> None:
    environment = await start()
    for words in (("party", "begin"), ("control", "explode", "fleet"), ("control", "pause")):
        subject = re.escape(input_subject("alice", *words))
        with pytest.raises(NotPermitted, match=f"alice may not publish on {subject}"):
            await environment.say(b"{}", *words)
    with pytest.raises(NotPermitted, match=r"alice may not publish on interlock\.in\.bob\.task\.submit"):
        await environment.bus.append(input_subject("bob", "task", "submit"), b'{"goal": "x"}')
    await (await environment.submit()).completed()


async def test_a_record_beyond_the_server_s_bound_does_not_leave_its_author(start: Start) -> None:
    # Given an environment
    environment = await start()
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


async def test_a_bad_control_is_refused_with_what_is_wrong(start: Start) -> None:
    # Given an environment
    environment = await start()
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


async def test_nonsense_of_an_agent_or_a_worker_is_refused(start: Start, model: ModelServer) -> None:
    # Given a task in hand
    model.hold("answer")
    environment = await start(model)
    task = await environment.submit()
    await model.asked("answer")
    fleet = await environment.story(0)
    # When a process says what makes no sense, or what is not its to say
    effect = b'{"step": "facts", "attempt": 9, "key": "k", "call": {"call": "tool", "tool": "search"}}'
    foreign = b'{"step": "facts", "attempt": 1, "kind": "permanent", "message": "it cannot be done"}'
    granted = task.all(f.EffectGranted)[-1].effect
    said = [
        ("researcher-1", "agent", "effect", b"{}"),
        ("researcher-1", "agent", "effect", effect),
        ("researcher-1", "agent", "result", b"\xff"),
        ("executor-1", "agent", "result", b'{"step": "facts", "attempt": 1, "value": {}}'),
        ("executor-1", "agent", "failed", foreign),
        ("effects-1", "effect", "completed", b'{"effect": 1, "grant": 1, "value": 7}'),
        ("effects-1", "effect", "completed", b'{"effect": %d, "grant": 2, "value": 7}' % granted),
        ("effects-1", "effect", "aborted", b""),
    ]
    for principal, kind, verb, data in said:
        bus = await environment.speak_as(principal)
        ack = await bus.append(input_subject(principal, kind, verb, task.task), data)
        await task.first(f.Refused, input=ack.seq)
    for principal, kind in (("researcher-1", "agent"), ("effects-1", "effect")):
        bus = await environment.speak_as(principal)
        ack = await bus.append(input_subject(principal, kind, "hello"), b'{"incarnation": 5}')
        await fleet.first(f.Refused, input=ack.seq)
    # Then the task completes all the same
    await model.release()
    await task.completed()


async def fails_soon(environment: Environment, *about: str, **fields: str) -> None:
    """See that a task fails within the bound, with a sentence that names the cause."""
    began = time.monotonic()
    task = await environment.submit(**fields)
    end = await task.end()
    assert isinstance(end, f.Failed), end
    assert time.monotonic() - began < BOUND_S
    assert all(words in end.reason for words in about), end.reason
    assert "\n" not in end.reason


@pytest.mark.parametrize(
    ("folder", "about"),
    [
        ("/", "INTERLOCK_DOCS"),
        ("/nowhere/at/all", "'/nowhere/at/all'"),
        ("relative", "'relative'"),
    ],
)
async def test_a_folder_that_may_not_be_read_parks_the_task(start: Start, folder: str, about: str) -> None:
    # Given a task whose every plan meets a folder that cannot be read
    environment = await start()
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


async def test_a_folder_that_is_there_at_last_lets_a_parked_task_go_on(start: Start) -> None:
    environment = await start()
    folder = environment.docs / "later"
    task = await environment.submit(docs=str(folder))
    await task.first(f.Parked)
    # When somebody sees to the folder and allows one more plan
    folder.mkdir()
    (folder / "lamp.md").write_text((environment.docs / "lamp.md").read_text())
    await raise_limit(environment.bus, task.task, Amounts(replans=1))
    # Then the task completes
    await task.completed()


async def test_an_unreachable_model_fails_the_task(start: Start, model: ModelServer) -> None:
    environment = await start(model)
    await model.stop()
    await fails_soon(environment, "no model answers at", "OPENAI_BASE_URL")


async def test_a_wrong_key_fails_the_task(start: Start, model: ModelServer) -> None:
    model.status = 401
    environment = await start(model, OPENAI_API_KEY="sk-wrong")
    await fails_soon(environment, "401", "OPENAI_API_KEY")


async def test_a_model_without_a_price_fails_the_task(start: Start, model: ModelServer) -> None:
    environment = await start(model, prices='[models."openai/other"]\nprice = "free"\n')
    await fails_soon(environment, MODEL, "price", "prices.toml", "input_usd_per_mtok")
    assert not model.requests


async def test_a_model_that_nobody_offers_fails_the_task(start: Start) -> None:
    environment = await start()
    await fails_soon(environment, "openai/unheard-of", "offline/extractive", model="openai/unheard-of")
