"""Commands about stopping, as a person types them: what they say on the bus, print, and exit with."""

from collections.abc import Callable

import msgspec
import pytest
from tests.console.stop.examples import COMMANDED_US, receipted
from tests.console.terminal import BEGAN_MS, Answer, Terminal

from interlock.console import main
from interlock.console.commands import control
from interlock.console.exits import Exit
from interlock.console.stop.scopes import KINDS
from interlock.console.stop.times import said_moment
from interlock.contracts import facts as f
from interlock.contracts.control import Control, ReleaseRule
from interlock.contracts.inputs import Input
from interlock.contracts.message import decode
from interlock.contracts.scope import FLEET, Scope, ScopeKind, read_scope, task_scope

Words = tuple[str, ...]
SAID = {
    ("task", "1"): "task.1",
    ("step", "1", "facts-1"): "step.1.facts-1",
    ("agent", "clerk-1"): "agent.clerk-1",
    ("role", "executor"): "role.executor",
    ("tool", "search"): "tool.search",
    ("model", "openai/*"): "model.openai/*",
    ("model", "openai/gpt-4.1"): "model.openai/gpt-4.1",
    ("tenant", "acme"): "tenant.acme",
    ("fleet",): "fleet",
}


def obey(heard: Input) -> list[tuple[int, tuple[f.AnyFact, ...]]]:
    """Decide a command as it was said."""
    scope, by, reason = read_scope(heard.rest), heard.principal, "so it is"
    states: dict[str, f.SwitchState] = {"pause": "paused", "drain": "draining", "kill": "killed"}
    state = states.get(heard.verb, "running")
    fact: f.AnyFact
    if scope.kind == "task":
        fact = f.Halted(at_ms=1, by=by, reason=reason, input=heard.seq, commanded_us=heard.time_us)
    elif scope.kind == "fleet":
        fact = f.FleetSwitched(at_ms=1, state=state, by=by, reason=reason, input=heard.seq)
    else:
        fact = f.Switched(at_ms=1, scope=scope, state=state, by=by, reason=reason, input=heard.seq)
    return [(scope.task, (f.Led(term=3), fact))]


def obey_and_receipt(heard: Input) -> list[tuple[int, tuple[f.AnyFact, ...]]]:
    """Decide a kill, and afterwards what it came to."""
    scope = read_scope(heard.rest)
    return [*obey(heard), (scope.task, (receipted(heard.seq, scope, commanded_us=heard.time_us),))]


def refuse(heard: Input) -> list[tuple[int, tuple[f.AnyFact, ...]]]:
    """Decide that a command changes nothing."""
    return [(read_scope(heard.rest).task, (f.Refused(input=heard.seq, reason="it is so already"),))]


def after(*facts: Callable[[int], f.AnyFact]) -> Answer:
    """Decide an input of the fleet with these facts, each made for its record."""
    return lambda heard: [(0, tuple(make(heard.seq) for make in facts))]


@pytest.mark.parametrize("verb", ["kill", "pause", "drain", "resume"])
@pytest.mark.parametrize(("words", "end"), SAID.items(), ids=str)
def test_each_verb_over_each_scope_stands_on_its_subject_and_says_what_was_decided(
    verb: str, words: Words, end: str, terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    # Given a task
    assert terminal.submit() == 1
    terminal.answer = obey_and_receipt if verb == "kill" else obey
    # When somebody says it
    code = terminal.type(verb, *words, "--reason", "because")
    # Then it stands in the log under their name, with the reason
    assert code == Exit.DONE
    record = terminal.server.records[1]
    assert record.subject == f"interlock.in.alice.control.{verb}.{end}"
    assert decode(Control, record.data) == Control(reason="because")
    # And only what was decided about it is said, in one line
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert printed.err.rstrip().endswith(", by alice: so it is") or words[0] == "task"
    assert bool(printed.out) == (verb == "kill")


def test_every_kind_of_scope_was_tried() -> None:
    assert {words[0] for words in SAID} == set(KINDS)


@pytest.mark.parametrize("words", SAID, ids=" ".join)
def test_a_pause_may_end_by_itself(words: Words, terminal: Terminal) -> None:
    terminal.submit()
    terminal.answer = obey
    assert terminal.type("pause", *words, "--for", "10m") == Exit.DONE
    assert decode(Control, terminal.server.records[1].data).for_s == 600


@pytest.mark.parametrize("verb", ["kill", "pause", "drain", "resume"])
@pytest.mark.parametrize("words", [("task", "7"), ("step", "7", "plan")])
def test_what_is_no_task_cannot_be_switched(
    verb: str, words: Words, terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.submit()
    assert terminal.type(verb, *words) == Exit.USAGE
    assert "there is no record 7; the log ends at 1" in capsys.readouterr().err
    assert len(terminal.server.records) == 1


def test_a_refusal_is_said_with_its_reason(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.answer = refuse
    assert terminal.type("kill", "tool", "search") == Exit.REJECTED
    assert "kill of tool search: it is so already" in capsys.readouterr().err


def test_without_a_supervisor_a_kill_says_that_it_was_heard_all_the_same(
    terminal: Terminal, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "decided", nothing)
    assert terminal.type("kill", "fleet") == Exit.DONE
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "kill of everything stands in the log as record 1; no supervisor has decided on it yet",
        "who carries it out has heard it all the same; later: interlock receipt 1",
    ]


async def nothing(*_: object) -> None:
    """Return what comes where nobody decides."""


def test_a_kill_prints_its_receipt(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    # Given a task, and a supervisor that needs a while for the receipt
    terminal.submit()
    terminal.answer = obey_and_receipt
    # When it is killed
    assert terminal.type("kill", "task", "1") == Exit.DONE
    # Then the receipt is the output, and the decision is said beside it
    printed = capsys.readouterr()
    assert printed.err == "killed by alice: so it is\n"
    assert printed.out.startswith("kill of task 1 by alice: wrong question\nrecord 2, ")
    assert "last possible grant    1.0 ms  record 3 grants nothing more" in printed.out


def test_a_receipt_that_comes_with_the_decision_is_said_once(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    # Given a kill that finds nothing open, so that its receipt is there at once
    terminal.answer = after(
        lambda seq: f.FleetSwitched(at_ms=1, state="killed", by="alice", input=seq),
        lambda seq: receipted(seq, FLEET, effects=(), processes=(), complete=True),
    )
    assert terminal.type("kill", "fleet") == Exit.DONE
    printed = capsys.readouterr()
    assert printed.err == "everything is killed, by alice\n"
    assert "record 2 grants nothing more" in printed.out


def test_a_receipt_that_is_late_is_named(
    terminal: Terminal, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "await_receipt", nothing)
    terminal.answer = obey
    assert terminal.type("kill", "agent", "clerk-1") == Exit.DONE
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "no receipt within 6 s; it comes when all is seen: interlock receipt 1" in printed.err


def test_a_release_that_needs_another_person_says_who_asked_and_waits(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    # Given that two people have to resume everything
    terminal.answer = after(lambda _: f.ReleaseAsked(at_ms=1, by=("alice",), needed=2))
    # Then the first is told so
    assert terminal.type("resume", "fleet") == Exit.WAITING
    assert capsys.readouterr().err == (
        "alice wants everything to go on; 1 other person has to say so too: interlock resume fleet\n"
    )
    # And with the second it goes on
    terminal.answer = obey
    assert terminal.type("resume", "fleet") == Exit.DONE
    assert capsys.readouterr().err == "everything is running, by alice: so it is\n"


def killed(terminal: Terminal) -> tuple[int, int]:
    """Let a task be killed, and return it and the record of the kill."""
    task = terminal.submit()
    kill = terminal.kill("task", task)
    terminal.decide(task, f.Halted(at_ms=1, by="alice", input=kill, commanded_us=COMMANDED_US), cause=kill)
    return task, kill


def test_a_receipt_is_found_by_its_task_and_by_its_kill(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    task, kill = killed(terminal)
    terminal.decide(task, receipted(kill, task_scope(task)))
    assert terminal.type("receipt", str(task)) == Exit.DONE
    by_task = capsys.readouterr().out
    assert terminal.type("receipt", str(kill)) == Exit.DONE
    assert capsys.readouterr().out == by_task
    assert by_task.startswith("kill of task 1 by alice")


def test_the_receipts_of_a_task_follow_each_other(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    task, kill = killed(terminal)
    terminal.decide(task, receipted(kill, task_scope(task)))
    terminal.decide(0, receipted(9, Scope(kind="tenant", name="acme"), effects=()))
    terminal.decide(task, f.Halted(at_ms=1, by="bob", input=9))
    assert terminal.type("receipt", str(task)) == Exit.DONE
    text = capsys.readouterr().out
    assert "saw it.\n\nkill of tenant acme by alice" in text


def test_a_receipt_as_json_is_one_document(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    task, kill = killed(terminal)
    at = terminal.decide(task, receipted(kill, task_scope(task)))
    assert terminal.type("receipt", str(kill), "--json") == Exit.DONE
    (document,) = msgspec.json.decode(capsys.readouterr().out)
    assert (document["record"], document["receipt"]["kill"], document["decided"]) == (at, kill, at - 1)


@pytest.mark.parametrize("which", [0, 1], ids=["task", "kill"])
@pytest.mark.parametrize("options", [(), ("--json",)], ids=["plain", "json"])
def test_while_there_is_no_receipt_the_exit_code_says_so(
    which: int, options: Words, terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    number = killed(terminal)[which]
    assert terminal.type("receipt", str(number), *options) == Exit.UNFINISHED
    printed = capsys.readouterr()
    assert "there is no receipt" in printed.err
    assert printed.out == ("[]\n" if options else "")


def test_a_kill_that_changed_nothing_has_no_receipt(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    kill = terminal.kill("agent", "clerk-1")
    terminal.decide(0, f.Refused(input=kill, reason="it is killed already"), cause=kill)
    assert terminal.type("receipt", str(kill)) == Exit.REJECTED
    assert "kill of agent clerk-1: it is killed already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        ("1", "no kill has touched task 1, so there is no receipt"),
        ("2", "record 2 is not a task but interlock.in.alice.control.pause.fleet"),
        ("77", "there is no record 77; the log ends at 2"),
    ],
)
def test_what_has_no_receipt_is_said(
    number: str, sentence: str, terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.submit()
    terminal.say("alice", "control", "pause", Control(), "fleet")
    assert terminal.type("receipt", number) == Exit.USAGE
    assert sentence in capsys.readouterr().err


def set_switches(terminal: Terminal) -> None:
    at_ms = BEGAN_MS
    terminal.decide(
        0,
        f.ReleaseRuleSet(people=2, by="ada", reason="four eyes"),
        f.FleetSwitched(at_ms=at_ms, state="killed", by="bob", reason="fire"),
        f.ReleaseAsked(at_ms=at_ms, by=("bob",), needed=2),
        f.Switched(
            at_ms=at_ms,
            scope=Scope(kind="model", name="openai/*"),
            state="paused",
            by="bob",
            until_ms=at_ms + 60_000,
        ),
    )


def test_the_switches_are_listed_with_who_may_release(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    set_switches(terminal)
    assert terminal.type("switches") == Exit.DONE
    since, until = said_moment(BEGAN_MS), said_moment(BEGAN_MS + 60_000)
    assert capsys.readouterr().out.splitlines() == [
        f"everything      killed    by bob since {since}: fire",
        f"model openai/*  paused    by bob since {since} until {until}",
        "after a kill of everything 2 different people have to resume it (set by ada: four eyes)",
        "bob asked for that; 1 more needed: interlock resume fleet",
        "to let one go on: interlock resume model 'openai/*'",
    ]


def test_where_nothing_is_switched_that_is_said(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    assert terminal.type("switches", "show") == Exit.DONE
    assert capsys.readouterr().out == (
        "everything  running\nafter a kill of everything 1 person has to resume it\n"
    )


def test_the_switches_as_json_say_all_of_it(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    set_switches(terminal)
    assert terminal.type("switches", "--json") == Exit.DONE
    shown = msgspec.json.decode(capsys.readouterr().out)
    assert (shown["fleet"]["state"], shown["fleet"]["record"]) == ("killed", 1)
    assert shown["release"] == {
        "people": 2,
        "by": "ada",
        "reason": "four eyes",
        "asked": ["bob"],
        "still_needed": 1,
    }
    (switch,) = shown["switches"]
    assert switch["scope"] == {"kind": "model", "name": "openai/*", "task": 0, "step": ""}
    assert (switch["state"], switch["until_ms"]) == ("paused", BEGAN_MS + 60_000)


def test_the_rule_of_release_is_set_and_said(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.answer = after(lambda _: f.ReleaseRuleSet(people=2, by="alice", reason="four eyes"))
    assert terminal.type("switches", "require", "2", "--reason", "four eyes") == Exit.DONE
    (record, _) = terminal.server.records
    assert record.subject == "interlock.in.alice.control.release.fleet"
    assert decode(ReleaseRule, record.data) == ReleaseRule(people=2, reason="four eyes")
    assert capsys.readouterr().err == (
        "after a kill of everything 2 different people have to resume it, says alice: four eyes\n"
    )


def test_a_rule_that_is_refused_says_why(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.answer = after(lambda seq: f.Refused(input=seq, reason="not while it is killed"))
    assert terminal.type("switches", "require", "1") == Exit.REJECTED
    assert "the rule of release: not while it is killed" in capsys.readouterr().err


TRIES = (
    f.AccessViolated(
        at_ms=BEGAN_MS,
        principal="clerk-1",
        action="publish",
        target="interlock.decision.42",
        times=3,
        input=9,
    ),
    f.AccessViolated(at_ms=BEGAN_MS, principal="clerk-1", action="forge", target="the result of plan"),
    f.AccessViolated(at_ms=BEGAN_MS, principal="", action="connect", detail="unknown\nkey", input=8),
)


def test_every_refused_attempt_is_listed_the_newest_last(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    # Given attempts that the server refused, and one that the core refused about a task
    terminal.decide(0, TRIES[0], f.Led(term=1))
    terminal.decide(42, TRIES[1])
    terminal.decide(0, TRIES[2])
    # Then all stand there, in the log's order
    assert terminal.type("security") == Exit.DONE
    at = said_moment(BEGAN_MS)
    assert capsys.readouterr().out.splitlines() == [
        f"{at}  clerk-1           publish interlock.decision.42 (3 times, record 9)",
        f"{at}  clerk-1           forge the result of plan (record 2)",
        f"{at}  somebody unknown  connect (record 8): unknown key",
    ]


def test_the_attempts_of_one_principal_are_listed_alone(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.decide(0, TRIES[0], TRIES[2])
    assert terminal.type("security", "--principal", "clerk-1", "--json") == Exit.DONE
    (shown,) = msgspec.json.decode(capsys.readouterr().out)
    assert (shown["principal"], shown["target"], shown["task"]) == ("clerk-1", "interlock.decision.42", 0)
    assert set(shown) >= set(f.AccessViolated.__struct_fields__)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "nobody has tried what is not theirs"),
        (("--principal", "clerk-9"), "clerk-9 has tried nothing that is not theirs"),
    ],
)
def test_where_nobody_has_tried_anything_that_is_said(
    words: Words, said: str, terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    assert terminal.type("security", *words) == Exit.DONE
    assert capsys.readouterr().err == f"{said}\n"
    assert terminal.type("security", *words, "--json") == Exit.DONE
    assert msgspec.json.decode(capsys.readouterr().out) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("verb", ["kill", "drain", "resume"])
def test_only_a_pause_has_an_end(verb: str, kind: ScopeKind, capsys: pytest.CaptureFixture[str]) -> None:
    words = tuple(word.strip("'") for word in KINDS[kind].example.split())
    assert main.call([verb, kind, *words, "--for", "10m"]) == Exit.USAGE
    assert "No such option" in capsys.readouterr().err
