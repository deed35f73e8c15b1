"""`interlock people`, as a person types it."""

import json
from typing import Any

import prometheus_client.openmetrics.parser as untyped
import pytest
from tests.console.fatigue.test_habits import agreed, asked, over
from tests.console.terminal import BEGAN_MS, Terminal

from interlock.console.exits import Exit
from interlock.contracts import facts as f
from interlock.contracts.inputs import Input
from interlock.contracts.people import PlantCanary, Reject

parser: Any = untyped


@pytest.fixture
def busy(terminal: Terminal) -> Terminal:
    """A log on which alice approved twelve in two seconds each, bob caught a canary, and carol was late."""
    terminal.submit()
    for number in range(1, 13):
        at_ms = BEGAN_MS + number * 60_000
        terminal.decide(
            1,
            asked(number, at_ms),
            agreed("alice", at_ms + 2_000, number),
            over("approved", "alice", at_ms=at_ms + 2_000, number=number),
        )
    terminal.decide(0, asked(1, BEGAN_MS, canary=True), over("rejected", "bob", at_ms=BEGAN_MS + 90_000))
    seq = terminal.say("carol", "human", "reject", Reject(reason="no"), 1, 3)
    terminal.decide(1, f.Refused(input=seq, reason="1.3 was approved by alice"), cause=seq)
    return terminal


def test_a_table_tells_everybody_and_what_deserves_a_look(
    busy: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    assert busy.type("people") == Exit.DONE
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split()[:2] == ["person", "approved"]
    assert [row.split() for row in rows[:3]] == [
        ["alice", "12", "0", "0", "0", "100%", "12/h", "2.0", "s", "2.0", "s", "0"],
        ["bob", "0", "0", "1", "0", "0%", "1/h", "90", "s", "90", "s", "0", "1", "of", "1", "caught"],
        ["carol", "0", "0", "0", "0", "0/h", "1"],
    ]
    assert rows[3:] == [
        "planted: 1, caught 1, let through 0, not answered 0",
        "look: alice approved 100 % of 12, half of them within 2 s",
    ]


def test_the_same_as_json(busy: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    assert busy.type("people", "show", "--json") == Exit.DONE
    said = json.loads(capsys.readouterr().out)
    assert [person["person"] for person in said["people"]] == ["alice", "bob", "carol"]
    assert said["people"][0]["verdicts"] == {"approved": 12}
    assert said["people"][2]["late"] == 1
    assert said["planted"] == {"shown": 1, "caught": 1, "missed": 0, "unanswered": 0}
    assert len(said["look"]) == 1


def test_metrics_are_read_by_whoever_reads_openmetrics(
    busy: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    assert busy.type("people", "--metrics") == Exit.DONE
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in parser.text_string_to_metric_families(capsys.readouterr().out)
        for sample in family.samples
    }
    assert samples["interlock_verdicts_total", "alice", "approved"] == 12
    assert samples["interlock_deciding_seconds_count", "alice"] == 12
    assert samples["interlock_deciding_seconds_sum", "alice"] == 24
    assert samples["interlock_approved_ratio", "alice"] == 1
    assert samples["interlock_canaries_total", "bob", "caught"] == 1
    assert samples["interlock_late_verdicts_total", "carol"] == 1
    assert samples["interlock_canaries_planted_total",] == 1


def test_of_the_last_hours_only_what_was_decided_then(
    busy: Terminal, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now_ms = BEGAN_MS + 3_600_000 + 6 * 60_000
    monkeypatch.setattr("interlock.console.commands.people.now_ms", lambda: now_ms)
    assert busy.type("people", "show", "--hours", "1") == Exit.DONE
    assert capsys.readouterr().out.splitlines()[1].split()[:2] == ["alice", "7"]


def test_metrics_of_a_few_hours_are_refused(busy: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    assert busy.type("people", "--metrics", "--hours", "2") == Exit.USAGE
    assert "--metrics is of all time" in capsys.readouterr().err


def test_where_nobody_has_decided_anything_it_says_so(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    assert terminal.type("people") == Exit.DONE
    assert capsys.readouterr() == ("", "nobody has decided anything yet\n")


PLANT = ("people", "canary", "--role", "finance", "--tool", "pay")


def test_a_planted_request_is_said_and_its_number_printed(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[Input] = []

    def plants(heard: Input) -> list[tuple[int, tuple[f.AnyFact, ...]]]:
        said.append(heard)
        return [(heard.task, (asked(2, canary=True, input=heard.seq),))]

    task = terminal.submit()
    terminal.answer = plants
    assert terminal.type(*PLANT, "--task", str(task), "--arguments", '{"cents": 90000}') == Exit.DONE
    told = capsys.readouterr()
    assert told.out == f"{task}.2\n"
    assert "on the desk of finance" in told.err
    (heard,) = said
    assert (heard.task, heard.rest) == (task, ("task", str(task)))
    assert heard.body == PlantCanary(role="finance", tool="pay", arguments={"cents": 90_000})


def test_what_the_supervisor_refuses_is_said(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    task = terminal.submit()
    terminal.answer = lambda heard: [(task, (f.Refused(input=heard.seq, reason="too much"),))]
    assert terminal.type(*PLANT, "--task", str(task)) == Exit.REJECTED
    assert "too much" in capsys.readouterr().err


def test_a_task_that_is_not_there_is_named(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    assert terminal.type(*PLANT, "--task", "999999") == Exit.USAGE
    assert "999999" in capsys.readouterr().err
    assert terminal.subjects() == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (PLANT, "in which task?"),
        ((*PLANT[:4], "--task", "7"), "for what"),
        ((*PLANT, "--arguments", "[1]"), "--arguments: it has to be a JSON object"),
        ((*PLANT, "--arguments", "{"), "--arguments: this is not JSON"),
        (("people", "canary", "--role", "Fi nance", *PLANT[4:]), "is not a name on the bus"),
    ],
)
def test_what_cannot_be_planted_is_refused_before_it_is_said(
    terminal: Terminal, words: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert terminal.type(*words) == Exit.USAGE
    assert sentence in capsys.readouterr().err
    assert terminal.subjects() == []
