"""A printed receipt says what was observed and what was not, and nothing else."""

import io
import sys
from typing import Any

import msgspec
import pytest
from rich.console import Console
from rich.text import Text
from tests.console.stop.examples import COMMANDED_US, EFFECTS, PROCESSES, effect, many, receipted

from interlock.console import output
from interlock.console.output import Line, print_lines
from interlock.console.stop.documents import receipt_json
from interlock.console.stop.paper import SHOWN, receipt_lines
from interlock.console.stop.processes import seen
from interlock.console.stop.receipts import Receipt
from interlock.console.stop.times import said_instant
from interlock.contracts import facts as f
from interlock.contracts.scope import FLEET

PAPER = f"""\
kill of task 42 by alice: wrong question
record 61, {said_instant(COMMANDED_US)}; this receipt is record 64

from the command to the
  last possible grant    0.7 ms  record 63 grants nothing more
  last effect start           -  none began after the command
  last connection        4.2 ms  researcher-1
  last process           8.9 ms  researcher-1

effects: 1 in doubt, 1 aborted, 1 completed, 1 refused
    effect  outcome     began     ended  step     what
  in doubt: nobody knows whether it happened
        59        -    -1.2 s         -  report   write_file on effects-1
  aborted: cut off, and may count
        57       67   -812 ms    1.4 ms  facts-1  openai/gpt-5-mini on effects-1
  completed: it had happened before the stop reached it
        58       66    -90 ms   -0.2 ms  facts-1  search on effects-1
  refused: it never began
        60        -         -         -  facts-1  openai/gpt-5-mini

processes: 1 unobserved, 1 disconnected, 1 exited, 1 stopped
  ghost-1       not observed; it was silent before
  clerk-9       disconnected after 4.0 ms; exit not observed: no guard has it in its hands
                seen by access-1 (record 72)
  researcher-1  exited after 8.9 ms, disconnected after 4.2 ms
                seen by access-1, guard-1 (records 70, 71)
  executor-1    stopped its work after 12 ms, and lives on
                seen by itself (record 69)

Not everything was observed; what was not is said above.
Times count from the command, each by the clock of whoever saw it.
"""


def receipt_of(fact: f.Receipted) -> Receipt:
    return Receipt(fact=fact, record=64, decided=63, decided_us=COMMANDED_US + 700)


def printed(receipt: Receipt, capsys: pytest.CaptureFixture[str], *, everything: bool = False) -> str:
    print_lines(receipt_lines(receipt, everything=everything))
    return capsys.readouterr().out


def drawn(receipt: Receipt, monkeypatch: pytest.MonkeyPatch, width: int = 80) -> list[str]:
    """Return the lines that a terminal of that width shows, with their colours."""
    screen = io.StringIO()
    monkeypatch.setattr(output, "is_terminal", lambda: True)
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setattr(
        "rich.console.Console", lambda: Console(file=screen, width=width, force_terminal=True, no_color=False)
    )
    print_lines(receipt_lines(receipt))
    return screen.getvalue().splitlines()


def visible(line: str) -> str:
    """Return a line without what sets colours."""
    return Text.from_ansi(line).plain


def test_a_receipt_is_plain_text_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(receipt_of(receipted()), capsys) == PAPER


def test_in_a_terminal_it_fits_into_80_columns_and_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [visible(line).rstrip() for line in drawn(receipt_of(receipted()), monkeypatch)]
    assert max(map(len, lines)) <= 80
    # What is too long for a line goes on below its own text
    assert " ".join(" ".join(lines).split()) == " ".join(PAPER.split())
    (place,) = [place for place, line in enumerate(lines) if line.startswith("  clerk-9")]
    assert lines[place + 1].endswith("hands")
    assert lines[place + 1].startswith(" " * 16)


@pytest.mark.parametrize(
    ("words", "code"),
    [("in doubt:", "31"), ("aborted: cut", "33"), ("refused:", "32"), ("ghost-1", "31"), ("Not every", "33")],
)
def test_what_needs_a_look_is_coloured(words: str, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = [line for line in drawn(receipt_of(receipted()), monkeypatch) if words in visible(line)]
    assert f"\x1b[{code}m" in line


def test_a_complete_receipt_does_not_say_that_something_was_not_observed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    fact = receipted(complete=True, processes=PROCESSES[:1])
    assert "not observed" not in (text := printed(receipt_of(fact), capsys))
    assert "Not everything" not in text


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"last_start_us": None, "effects": ()}, "-  none began after the command"),
        ({"last_start_us": 0}, "-  none began after the command"),
        (
            {"last_start_us": 300, "effects": (effect(57, "aborted", started_us=300),)},
            "0.3 ms  effect 57",
        ),
        (
            {"last_start_us": None, "effects": (effect(57, "in_doubt"), effect(60, "refused"))},
            "-  none is known to have begun after the command; nobody said when effect 57 began",
        ),
        (
            {
                "last_start_us": 300,
                "effects": (
                    effect(57, "aborted", started_us=300),
                    *(effect(n, "aborted") for n in range(60, 67)),
                ),
            },
            "0.3 ms  effect 57; nobody said when effects 60, 61, 62, 63, 64 and 2 more began",
        ),
    ],
)
def test_the_last_start_claims_only_what_was_said(
    fields: dict[str, Any], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = printed(receipt_of(receipted(**fields)), capsys)
    (shown,) = [shown for shown in text.splitlines() if "last effect start" in shown]
    assert shown.split("start", 1)[1].strip() == line


@pytest.mark.parametrize(
    ("processes", "connection", "process"),
    [
        ((), "none had to end", "none had to end"),
        (PROCESSES[2:3], *["none had to end: each has confirmed that it stopped its work"] * 2),
        (PROCESSES[2:4], *["not observed of ghost-1"] * 2),
        (
            PROCESSES,
            "not observed of ghost-1; of the others after 4.2 ms",
            "not observed of clerk-9, ghost-1; of the others after 8.9 ms",
        ),
    ],
)
def test_where_no_end_was_seen_the_reason_is_said(
    processes: tuple[f.ProcessReceipt, ...], connection: str, process: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fact = receipted(processes=processes, last_connection_us=None, last_exit_us=None)
    text = printed(receipt_of(fact), capsys)
    assert f"  last connection             -  {connection}\n" in text
    assert f"  last process                -  {process}\n" in text


def test_without_its_decision_no_last_grant_is_claimed(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(Receipt(fact=receipted(), record=64), capsys)
    assert "  last possible grant         -  the decision was not found\n" in text


def test_a_kill_that_found_nothing_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(receipt_of(receipted(effects=(), processes=(), complete=True)), capsys)
    assert "\neffects: none was open\n\nprocesses: none had work in it\n" in text


@pytest.mark.parametrize(
    ("process", "sentence"),
    [
        (
            {"fate": "exited", "exited_us": 900},
            "exited after 0.9 ms; end of its connection not observed",
        ),
        ({"fate": "disconnected"}, "disconnected; exit not observed"),
        (
            {"fate": "disconnected", "disconnected_us": 4_000, "stopped_us": 1_000},
            "disconnected after 4.0 ms, stopped its work after 1.0 ms; exit not observed",
        ),
        ({"fate": "stopped"}, "stopped its work, and lives on"),
        (
            {"fate": "unobserved", "note": "no access service"},
            "not observed; no access service",
        ),
    ],
)
def test_a_process_is_said_to_have_done_what_was_seen(process: dict[str, object], sentence: str) -> None:
    assert seen(msgspec.convert({"principal": "p"} | process, f.ProcessReceipt)) == sentence


def test_of_many_the_first_are_shown_and_the_rest_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    # Given 30 effects and 25 processes, and more than the fact has room for
    short = printed(receipt_of(many()), capsys)
    # Then the first 20 of each are shown
    assert short.count("openai/gpt-5-mini") == short.count("  agent-") == SHOWN
    assert "  and 10 more: interlock receipt 61 --all\n  and 7 that are not named here\n" in short
    assert "  and 5 more: interlock receipt 61 --all\n  and 3 that are not named here\n" in short
    # And all where all are wanted
    long = printed(receipt_of(many()), capsys, everything=True)
    assert (long.count("openai/gpt-5-mini"), long.count("  agent-")) == (30, 25)
    assert "--all" not in long


def test_the_effects_of_many_tasks_name_their_tasks(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(receipt_of(receipted(scope=FLEET)), capsys)
    assert "kill of everything by alice" in text
    assert "42 facts-1  openai/gpt-5-mini" in text


def test_seen_from_a_task_the_effects_of_others_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(receipt_of(many()).of_task(42), capsys)
    assert "effects of task 42: 6 aborted" in text
    assert "and 31 that are not named here, such as those of other tasks: interlock receipt 61" in text


def test_as_json_no_field_is_left_out() -> None:
    document = receipt_json(receipt_of(receipted()))
    assert msgspec.json.decode(msgspec.json.encode(document)) == document
    assert document["latencies"] == {
        "last_grant_us": 700,
        "last_start_us": -90_000,
        "last_connection_us": 4_200,
        "last_exit_us": 8_940,
    }
    assert (document["record"], document["decided"], document["only_task"]) == (64, 63, None)
    assert set(document["receipt"]) == set(f.Receipted.__struct_fields__)
    assert document["receipt"]["scope"] == {"kind": "task", "name": "", "task": 42, "step": ""}
    (refused,) = [e for e in document["receipt"]["effects"] if e["fate"] == "refused"]
    assert refused["outcome"] == 0
    assert refused["started_us"] is None
    assert len(document["receipt"]["effects"]) == len(EFFECTS)


def test_a_line_without_a_label_begins_where_it_is_indented(capsys: pytest.CaptureFixture[str]) -> None:
    print_lines([Line("a"), Line("b", label="x ", indent=2), Line("")])
    assert capsys.readouterr().out == "a\n  x b\n\n"
