"""What a newcomer does, with the real program: run, up, submit, watch, stop; and nothing is left behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from interlock.bus import identity
from interlock.console.exits import Exit

pytestmark = pytest.mark.processes

PROGRAM = Path(sys.executable).with_name("interlock")
BOUND_S = 60
PAGES = {
    "stopping.md": (
        "# Stopping\n\nThis page is about stopping.\n\n"
        "A runaway agent is stopped by a kill: the switch is in the log, and calls in flight are aborted.\n\n"
        "A kill cannot undo an e-mail that was sent already.\n"
    ),
    "budgets.md": (
        "# Budgets\n\nEvery effect reserves its upper bound before it starts.\n\n"
        "An exhausted budget parks the task, and a person may raise the limit.\n"
    ),
}
QUESTION = "How is a runaway agent stopped?"


class Newcomer:
    """A person at a shell of their own, with one folder of documents and one state directory."""

    def __init__(self, home: Path) -> None:
        self.docs = home / "docs"
        self.state = home / "state"
        self.docs.mkdir()
        for name, text in PAGES.items():
            (self.docs / name).write_text(text, "utf-8")
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "INTERLOCK_STATE": str(self.state),
            "LOGNAME": "alice",
        }

    def types(self, *words: str | Path | int) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        return subprocess.run(
            [PROGRAM, *map(str, words)],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=BOUND_S,
            check=False,
        )

    def starts(self, *words: str | Path | int) -> "subprocess.Popen[str]":
        """Run one command and leave it running."""
        return subprocess.Popen(
            [PROGRAM, *map(str, words)],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def left_behind(self) -> list[str]:
        """Return the processes that still know of the state directory."""
        found: list[str] = []
        for process in psutil.process_iter(["cmdline"]):
            try:
                told = " ".join((*process.cmdline(), *process.environ().values()))
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
            if str(self.state) in told and process.pid != os.getpid():
                found.append(" ".join(process.cmdline()))
        return found


def line_with(process: "subprocess.Popen[str]", words: str) -> str:
    """Read a program's standard error up to a line that holds `words`."""
    assert process.stderr is not None
    for line in process.stderr:
        if words in line:
            return line
    raise AssertionError(f"it ended without saying {words!r}")


@pytest.fixture
def newcomer(tmp_path: Path) -> Newcomer:
    return Newcomer(tmp_path)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    """Someone for whom everything is up."""
    newcomer = Newcomer(tmp_path_factory.mktemp("up"))
    running = newcomer.starts("up", "--port", 0, "--docs", newcomer.docs)
    line_with(running, "stop everything: Ctrl-C")
    yield newcomer
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=BOUND_S)
    assert (running.returncode, out, err) == (Exit.DONE, "", "everything has stopped\n")
    assert newcomer.left_behind() == []


def test_a_run_answers_with_quotations_that_stand_in_their_source(newcomer: Newcomer) -> None:
    # When a newcomer runs one question on a folder
    answered = newcomer.types("run", QUESTION, "--docs", newcomer.docs, "--json")
    assert answered.returncode == Exit.DONE, answered.stderr
    # Then the result is all of standard output
    result = msgspec.json.decode(answered.stdout)
    assert result["status"] == "completed"
    assert result["verdict"]["decision"] == "approve"
    assert result["models"] == ["offline/extractive"]
    assert 0 < result["seconds"] < 10
    assert 0 < result["spent"]["tokens"] <= result["budget"]["tokens"]
    # And each claim rests on a quotation that stands where it says
    citations = [citation for claim in result["claims"] for citation in claim["citations"]]
    assert any("stopped by a kill" in citation["quote"] for citation in citations)
    for citation in citations:
        text = (newcomer.docs / citation["file"]).read_text("utf-8")
        assert citation["quote"] in "\n".join(text.split("\n")[citation["line"] - 1 :])
    # And nothing is left behind
    assert newcomer.left_behind() == []


def test_in_a_pipe_the_report_is_standard_output_and_the_rest_is_not(newcomer: Newcomer) -> None:
    report = newcomer.docs.parent / "report.md"
    answered = newcomer.types("run", QUESTION, "--docs", newcomer.docs, "--out", report)
    assert answered.returncode == Exit.DONE, answered.stderr
    assert answered.stdout.startswith("# ")
    assert report.read_text("utf-8").strip() == answered.stdout.strip()
    for words in ("planner-1 works on it", "verdict: approve", "budget", "200,000"):
        assert words in answered.stderr
    assert "\x1b" not in answered.stdout + answered.stderr


def test_what_the_documents_do_not_say_is_not_made_up(newcomer: Newcomer) -> None:
    answered = newcomer.types("run", "Which wine goes with oysters?", "--docs", newcomer.docs, "--json")
    assert answered.returncode == Exit.DONE, answered.stderr
    result = msgspec.json.decode(answered.stdout)
    assert result["claims"] == []
    assert result["unanswered"]


def test_an_exhausted_budget_parks_the_task_and_says_how_to_go_on(up: Newcomer) -> None:
    # Given a task with far too few tokens
    submitted = up.types("submit", QUESTION, "--docs", up.docs, "--budget-tokens", 10)
    task = int(submitted.stdout)
    parked = up.types("watch", task)
    assert parked.returncode == Exit.BUDGET, parked.stderr
    assert f"interlock budget raise {task} --tokens" in parked.stderr
    # When a person raises the limit
    raised = up.types("budget", "raise", task, "--tokens", 100_000, "--reason", "worth it")
    assert raised.returncode == Exit.DONE, raised.stderr
    # Then it goes on where it was
    watched = up.types("watch", task, "--json")
    assert watched.returncode == Exit.DONE, watched.stderr
    assert msgspec.json.decode(watched.stdout)["budget"]["tokens"] == 100_010


def test_a_task_is_submitted_watched_listed_shown_and_read(up: Newcomer) -> None:
    submitted = up.types("submit", QUESTION, "--docs", up.docs)
    assert submitted.returncode == Exit.DONE, submitted.stderr
    task = int(submitted.stdout)
    watched = up.types("watch", task)
    assert watched.returncode == Exit.DONE, watched.stderr
    assert watched.stdout == up.types("result", task).stdout
    listed: list[dict[str, Any]] = msgspec.json.decode(up.types("tasks", "--json").stdout)
    assert (listed[0]["task"], listed[0]["status"], listed[0]["submitter"]) == (task, "completed", "alice")
    story = up.types("show", task)
    assert f"alice submits: {QUESTION}" in story.stdout
    assert "planner-1 asks for the model to plan" in story.stdout
    records = msgspec.json.decode(up.types("show", task, "--json").stdout)
    assert records[0]["seq"] == task
    one = msgspec.json.decode(up.types("show", records[1]["seq"], "--json").stdout)
    assert one == records[1]


def test_a_run_uses_the_environment_that_is_up_when_it_may_read_the_folder(
    up: Newcomer, tmp_path: Path
) -> None:
    shared = up.types("run", QUESTION, "--docs", up.docs, "--json")
    assert shared.returncode == Exit.DONE, shared.stderr
    assert "using the environment that runs in" in shared.stderr
    # And starts one of its own when it may not
    (tmp_path / "other.md").write_text(PAGES["stopping.md"])
    private = up.types("run", QUESTION, "--docs", tmp_path, "--json")
    assert private.returncode == Exit.DONE, private.stderr
    assert "starting nats-server" in private.stderr


def test_who_is_there_is_listed_with_signs_of_life(up: Newcomer) -> None:
    fleet = msgspec.json.decode(up.types("agents", "--json").stdout)
    assert {member["role"] for member in fleet["members"]} == {
        "planner",
        "researcher",
        "executor",
        "reviewer",
        "effects",
        "access",
        "guard",
    }
    assert all(member["alive"] for member in fleet["members"])
    assert up.types("doctor").returncode == Exit.DONE
    # And whoever speaks by another name asks by that
    stranger = up.types("doctor", "--as", "nobody")
    assert stranger.returncode == Exit.UNREACHABLE
    assert "nobody has no key" in stranger.stdout


def test_everything_is_paused_and_a_task_is_killed_meanwhile(up: Newcomer) -> None:
    # Given that nothing new may start
    assert up.types("pause", "fleet", "--reason", "lunch").returncode == Exit.DONE
    try:
        task = int(up.types("submit", QUESTION, "--docs", up.docs).stdout)
        assert up.types("result", task).returncode == Exit.UNFINISHED
        # When the task is killed
        killed = up.types("kill", "task", task, "--reason", "wrong question")
        assert killed.returncode == Exit.DONE, killed.stderr
        # Then it has ended, by whom and why
        ended = up.types("watch", task)
        assert ended.returncode == Exit.HALTED
        assert "killed by alice: wrong question" in ended.stderr
        # And it cannot be resumed
        assert up.types("resume", "task", task).returncode == Exit.REJECTED
    finally:
        assert up.types("resume", "fleet").returncode == Exit.DONE


def test_an_interrupted_run_kills_its_task_and_leaves_the_environment_up(up: Newcomer) -> None:
    # Given a run that waits, for everything is paused
    assert up.types("pause", "fleet").returncode == Exit.DONE
    try:
        running = up.starts("run", QUESTION, "--docs", up.docs, "--json")
        line_with(running, "accepted from alice")
        # When it is interrupted
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=BOUND_S)
        # Then its task is dead
        assert (running.returncode, out) == (Exit.INTERRUPTED, ""), err
        newest = msgspec.json.decode(up.types("tasks", "--last", 1, "--json").stdout)[0]
        assert (newest["status"], newest["goal"]) == ("halted", QUESTION)
    finally:
        assert up.types("resume", "fleet").returncode == Exit.DONE


def test_a_run_that_is_interrupted_while_it_starts_leaves_nothing_behind(newcomer: Newcomer) -> None:
    running = newcomer.starts("run", QUESTION, "--docs", newcomer.docs)
    line_with(running, "starting nats-server")
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=BOUND_S)
    assert running.returncode == Exit.INTERRUPTED
    assert newcomer.left_behind() == []


def test_a_colleague_is_admitted_while_everything_is_up(up: Newcomer) -> None:
    made = up.types("keys", "create", "bob", "--role", "admin")
    assert made.returncode == Exit.DONE, made.stderr
    assert Path(made.stdout.strip()).stat().st_mode & 0o077 == 0
    task = int(up.types("submit", QUESTION, "--docs", up.docs, "--as", "bob").stdout)
    assert up.types("watch", task, "--as", "bob").returncode == Exit.DONE
    assert f"bob submits: {QUESTION}" in up.types("show", task).stdout


def test_a_stranger_is_refused_by_the_server(up: Newcomer, tmp_path: Path) -> None:
    identity.save(identity.create(), tmp_path / "stranger.nk")
    url = msgspec.json.decode((up.state / "server.json").read_bytes())["url"]
    refused = up.types("agents", "--url", url, "--key", tmp_path / "stranger.nk", "--as", "alice")
    assert refused.returncode == Exit.UNREACHABLE
    assert refused.stderr.count("\n") == 1
    assert "key" in refused.stderr


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("watch", 999_999), Exit.USAGE, "there is no record 999999; the log ends at"),
        (("watch", 1), Exit.USAGE, "record 1 is not a task but"),
        (("kill", "task", 999_999), Exit.USAGE, "there is no record 999999"),
        (("answer", "999999.5", "yes"), Exit.USAGE, "there is no 999999.5"),
        (("up", "--port", 0), Exit.UNREACHABLE, "another environment runs in"),
        (("submit", QUESTION, "--docs", "/"), Exit.USAGE, "interlock up --docs /"),
    ],
    ids=["watch", "watch-no-task", "kill", "answer", "up-twice", "submit-outside"],
)
def test_bad_input_to_a_running_environment_is_one_sentence(
    up: Newcomer, words: tuple[str | int, ...], code: Exit, sentence: str
) -> None:
    refused = up.types(*words)
    assert refused.returncode == code, refused.stderr
    assert refused.stdout == ""
    assert refused.stderr.count("\n") == 1
    assert sentence in refused.stderr
