"""Standard streams that are closed, full, or no terminal: a command works, or says so in one sentence."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from interlock.console import output
from interlock.console.exits import Exit
from interlock.console.output import print_rows

WORDS = (sys.executable, "-m", "interlock.console")
INBOX = (*WORDS, "inbox", "--url", "nats://127.0.0.1:1", "--as", "alice")
PATIENCE_S = 60.0


def run(*words: str, redirected: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command in a shell that redirects its streams."""
    shell = ("bash", "-c", f'exec "$@" {redirected}', "shell", *words)
    return subprocess.run(shell, capture_output=True, timeout=PATIENCE_S, check=False)


@pytest.mark.parametrize("redirected", ["<&-", ">&-", "<&- >&-"])
def test_a_connection_does_not_take_the_place_of_a_stream_that_is_closed(redirected: str) -> None:
    # When a command connects, and nobody answers
    done = run(*INBOX, redirected=redirected)
    # Then it says so
    assert done.returncode == Exit.UNREACHABLE
    assert b"no NATS server answers" in done.stderr


def test_where_nobody_hears_the_exit_code_tells() -> None:
    assert run(*INBOX, redirected="2>&-").returncode == Exit.UNREACHABLE


def test_an_output_without_room_is_said() -> None:
    done = run(*WORDS, "policy", "check", redirected="> /dev/full")
    assert done.returncode == Exit.INTERNAL
    assert done.stderr.startswith(b"interlock: what takes the output has no room")


def test_without_a_keyboard_nothing_waits_for_keys(tmp_path: Path) -> None:
    # Given a terminal that is only looked at
    seen, shown = pty.openpty()
    done = subprocess.run(
        (*WORDS, "edit", "7.1", "--state", str(tmp_path)),
        stdin=subprocess.DEVNULL,
        stdout=shown,
        stderr=subprocess.PIPE,
        timeout=PATIENCE_S,
        check=False,
    )
    os.close(seen)
    os.close(shown)
    # Then no editor is opened
    assert done.returncode == Exit.USAGE
    assert b"an editor needs a terminal" in done.stderr


def test_a_row_is_cut_where_a_terminal_has_no_room_and_nowhere_else(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    row = "42.1  approval  [bold]pay[/] amount_cents=90000"
    print_rows([row])
    assert capsys.readouterr().out == f"{row}\n"
    monkeypatch.setattr(output, "is_terminal", lambda: True)
    print_rows([row])
    assert capsys.readouterr().out == "42.1  approval  [bo…\n"
