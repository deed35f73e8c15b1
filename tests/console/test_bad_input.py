"""Bad input to every command: one sentence, the documented exit code, nothing started."""

import socket
from pathlib import Path

import pytest

from interlock.bus.errors import MayNotSay
from interlock.console import main
from interlock.console.commands.table import COMMANDS
from interlock.console.exits import Exit

DOCS = "{docs}"
DEEP = '{{"a":' * 5_000 + "1" + "}}" * 5_000
NOBODY = "nats://127.0.0.1:1"
USAGE: list[tuple[str, ...]] = [
    ("nonsense",),
    ("run",),
    ("run", "goal"),
    ("run", "", "--docs", DOCS),
    ("run", " \t\n", "--docs", DOCS),
    ("run", "x" * 20_000, "--docs", DOCS),
    ("run", "bad \udcff bytes", "--docs", DOCS),
    ("run", "goal", "--docs", "/does/not/exist"),
    ("run", "goal", "--docs", "{file}"),
    ("run", "goal", "--docs", "a\0b"),
    ("run", "goal", "--docs", DOCS, "--budget-usd", "much"),
    ("run", "goal", "--docs", DOCS, "--budget-usd", "-1"),
    ("run", "goal", "--docs", DOCS, "--budget-usd", "nan"),
    ("run", "goal", "--docs", DOCS, "--budget-usd", "inf"),
    ("run", "goal", "--docs", DOCS, "--budget-tokens", "0"),
    ("run", "goal", "--docs", DOCS, "--budget-tokens", "1.5"),
    ("run", "goal", "--docs", DOCS, "--wall-s", "0"),
    ("run", "goal", "--docs", DOCS, "--priority", "10"),
    ("run", "goal", "--docs", DOCS, "--tenant", "A B"),
    ("run", "goal", "--docs", DOCS, "--model", "gpt"),
    ("run", "goal", "--docs", DOCS, "--model", ""),
    ("run", "goal", "--docs", DOCS, "--model", "oracle/delphi"),
    ("run", "goal", "--docs", DOCS, "--model", "openai/gpt-5-mini"),
    ("run", "goal", "--docs", DOCS, "--out", "/does/not/exist/report.md"),
    ("run", "goal", "--docs", DOCS, "--out", DOCS),
    ("run", "goal", "--docs", DOCS, "--state", "{file}"),
    ("up", "--port", "65536"),
    ("up", "--docs", "/does/not/exist"),
    ("up", "--model", "oracle/delphi"),
    ("submit", ""),
    ("submit", "goal", "--model", "oracle/delphi"),
    ("watch",),
    ("watch", "zero"),
    ("watch", "0"),
    ("watch", "-7"),
    ("watch", "99999999999999999999999"),
    ("tasks", "--last", "0"),
    ("show", "all"),
    ("result", "1.5"),
    ("agents", "--as", "not.a.name"),
    ("agents", "--url", NOBODY, "--key", "/does/not/exist"),
    ("agents", "--url", NOBODY, "--key", "{file}"),
    ("kill", "everything"),
    ("kill", "task"),
    ("kill", "task", "one"),
    ("pause", "task", "7", "--reason", "x" * 3_000),
    ("resume", "fleet", "7"),
    ("resume", "task"),
    ("drain", "planet", "mars"),
    ("kill", "task", "-1"),
    ("kill", "task", "7", "--reason", "x" * 3_000),
    ("kill", "step", "7"),
    ("kill", "step", "plan"),
    ("kill", "step", "7", "a.b"),
    ("kill", "agent"),
    ("kill", "agent", "*"),
    ("kill", "agent", "a b"),
    ("pause", "role", ">"),
    ("pause", "role", ""),
    ("drain", "tool", "a/b"),
    ("resume", "tenant", "Acme"),
    ("kill", "model"),
    ("kill", "model", "*"),
    ("kill", "model", "openai.>"),
    ("kill", "model", "open ai/*"),
    ("kill", "model", "x" * 200),
    ("pause", "fleet", "--for"),
    ("pause", "fleet", "--for", "10"),
    ("pause", "task", "7", "--for", "0s"),
    ("pause", "model", "openai/*", "--for", "1.5h"),
    ("pause", "agent", "clerk-1", "--for", "400d"),
    ("resume", "fleet", "--for", "10m"),
    ("kill", "fleet", "--json"),
    ("receipt",),
    ("receipt", "task"),
    ("receipt", "0"),
    ("receipt", "--last"),
    ("receipt", "7", "--all", "8"),
    ("switches", "nonsense"),
    ("switches", "require"),
    ("switches", "require", "0"),
    ("switches", "require", "9"),
    ("switches", "require", "two"),
    ("switches", "require", "2", "--reason", "x" * 3_000),
    ("switches", "require", "2", "--json"),
    ("security", "7"),
    ("security", "--principal"),
    ("security", "--principal", "a.b"),
    ("security", "--principal", "*"),
    ("budget", "raise", "7"),
    ("budget", "raise", "7", "--usd", "-2"),
    ("budget", "raise", "7", "--tokens", "0"),
    ("budget", "raise", "7", "--usd", "inf"),
    ("budget", "raise", "7", "--usd", "0.0000001"),
    ("budget",),
    ("budget", "seven"),
    ("budget", "show", "0"),
    ("limits", "nonsense"),
    ("limits", "set"),
    ("limits", "set", "everybody", "--usd", "1"),
    ("limits", "set", "fleet"),
    ("limits", "set", "fleet", "acme", "--usd", "1"),
    ("limits", "set", "tenant", "--usd", "1"),
    ("limits", "set", "tenant", "a.b", "--usd", "1"),
    ("limits", "set", "tenant", "acme", "--usd", "-1"),
    ("limits", "set", "tenant", "acme", "--tokens", "1.5"),
    ("limits", "set", "tenant", "acme", "--usd", "1", "--none", "usd"),
    ("limits", "set", "tenant", "acme", "--none", "cents"),
    ("limits", "unset", "role"),
    ("limits", "check"),
    ("limits", "check", "/does/not/exist.toml"),
    ("limits", "check", "{file}"),
    ("limits", "check", DOCS),
    ("limits", "watch", "{file}"),
    ("up", "--limits", "{file}"),
    ("run", "goal", "--docs", DOCS, "--limits", "/does/not/exist.toml"),
    ("answer", "7.1"),
    ("answer", "7.1", "  "),
    ("answer", "7.1", "x" * 20_000),
    ("answer", "7.1", "--value", "["),
    ("answer", "7", "yes"),
    ("answer", "7.0", "yes"),
    ("answer", "7.eight", "yes"),
    ("approve",),
    ("approve", "7"),
    ("approve", "07.1"),
    ("approve", "7.1.1"),
    ("approve", "7.1", "--reason", "x" * 3_000),
    ("reject", "7.1"),
    ("reject", "7.1", ""),
    ("reject", "7.1", "bad \udcff bytes"),
    ("reject", "7.1", "x" * 3_000),
    ("reject", "seven", "no"),
    ("edit", "7.1"),
    ("edit", "7.1", "--arguments", "[1]"),
    ("edit", "7.1", "--arguments", "{{1}}"),
    ("edit", "7.1", "--arguments", "{{}}", "--set", "a=1"),
    ("edit", "7.1", "--arguments", '{{"x": "' + "y" * 20_000 + '"}}'),
    ("reassign", "7.1"),
    ("reassign", "7.1", "a b"),
    ("reassign", "7.1", "*"),
    ("abort",),
    ("abort", "7"),
    ("abort", "7.1", "--reason", "bad \udcff bytes"),
    ("delegate",),
    ("delegate", "carol"),
    ("delegate", "carol", "--for", "8"),
    ("delegate", "carol", "--for", "8h", "--end"),
    ("delegate", "Carol", "--for", "8h"),
    ("inbox", "7"),
    ("inbox", "7.1", "--mine"),
    ("notify", "now", "--check"),
    ("people", "canary"),
    ("people", "canary", "--role", "a", "--tool", "b"),
    ("people", "canary", "--role", "a", "--tool", "b", "--task", "7", "--arguments", "[1]"),
    ("people", "canary", "--role", "a", "--tool", "b", "--task", "7", "--arguments", DEEP),
    ("people", "--hours", "0"),
    ("policy", "explain"),
    ("policy", "explain", "9" * 40),
    ("policy", "explain", "--role", "a", "--tool", "b", "--arguments", DEEP),
    ("policy", "explain", "--role", "a", "--tool", "bad \udcff bytes"),
    ("policy", "check", "/does/not/exist"),
    ("policy", "test", "{file}"),
    ("autonomy", "executor", "9"),
    ("autonomy", "executor", "3", "--reason", "bad \udcff bytes"),
    ("reviews", "--last", "1"),
    ("show", "7.0"),
    ("budget", "raise", "7.x", "--usd", "1"),
    ("budget", "raise", "7.1"),
    ("keys", "create", "alice"),
    ("keys", "create", "alice", "--role", "king"),
    ("keys", "create", "a.b", "--role", "agent"),
    ("doctor", "--port", "0"),
    ("doctor", "--model"),
    ("doctor", "--as", "not.a.name"),
    ("simulate", "--seeds", "none"),
    ("completion",),
    ("completion", "tcsh"),
]
NEEDS_AN_ENVIRONMENT: list[tuple[str, ...]] = [
    ("submit", "goal"),
    ("watch", "7"),
    ("tasks",),
    ("show", "7"),
    ("result", "7"),
    ("agents",),
    ("kill", "task", "7"),
    ("pause", "fleet"),
    ("drain", "fleet"),
    ("resume", "task", "7"),
    ("kill", "step", "7", "plan"),
    ("pause", "model", "openai/*", "--for", "10m"),
    ("receipt", "7"),
    ("switches",),
    ("switches", "show", "--json"),
    ("switches", "require", "2"),
    ("security", "--principal", "clerk-1"),
    ("budget", "raise", "7", "--usd", "1"),
    ("budget", "7"),
    ("limits",),
    ("limits", "set", "fleet", "--usd", "1"),
    ("limits", "unset", "fleet"),
    ("answer", "7.1", "yes"),
    ("approve", "7.1"),
    ("edit", "7.1", "--set", "a=1"),
    ("reject", "7.1", "no"),
    ("reassign", "7.1", "carol"),
    ("abort", "7.1"),
    ("delegate", "carol", "--for", "8h"),
    ("inbox",),
    ("reviews",),
    ("show", "7.1"),
    ("budget", "raise", "7.1", "--usd", "1"),
]


@pytest.fixture(autouse=True)
def _fresh_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "INTERLOCK_URL",
        "INTERLOCK_KEY_FILE",
        "INTERLOCK_MODEL",
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("INTERLOCK_STATE", str(tmp_path / "state"))
    (tmp_path / "docs").mkdir()
    (tmp_path / "file").write_text("no folder and no key")


def call(tmp_path: Path, *words: str) -> int:
    return main.call([word.format(docs=tmp_path / "docs", file=tmp_path / "file") for word in words])


def one_sentence(capsys: pytest.CaptureFixture[str]) -> str:
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("interlock")
    assert said.err.count("\n") == 1, said.err
    assert "Traceback" not in said.err
    assert "a defect" not in said.err
    return said.err


@pytest.mark.parametrize(
    "words", USAGE, ids=lambda words: " ".join(words)[:60].encode("ascii", "replace").decode()
)
def test_bad_input_is_refused_before_anything_starts(
    words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(tmp_path, *words) == Exit.USAGE
    one_sentence(capsys)
    assert not (tmp_path / "state" / "store" / "nats.conf").exists(), "a server was started"


@pytest.mark.parametrize("words", NEEDS_AN_ENVIRONMENT, ids=" ".join)
def test_without_an_environment_a_command_says_how_to_start_one(
    words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(tmp_path, *words) == Exit.UNREACHABLE
    assert f"nothing runs in {tmp_path / 'state'}; start it with: interlock up" in one_sentence(capsys)


@pytest.mark.parametrize("words", [("watch", "7"), ("kill", "fleet")], ids=" ".join)
def test_a_server_that_does_not_answer_is_named(
    words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(tmp_path, *words, "--url", NOBODY) == Exit.UNREACHABLE
    assert NOBODY in one_sentence(capsys)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("INTERLOCK_PRICES", "/does/not/exist.toml"),
        ("INTERLOCK_TOOLS_ENV", "NOT_SET_ANYWHERE"),
        ("OPENAI_BASE_URL", "nonsense"),
        ("INTERLOCK_MODEL", "gpt"),
    ],
)
def test_a_variable_that_does_not_do_is_named(
    variable: str,
    value: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, value)
    assert call(tmp_path, "run", "goal", "--docs", DOCS) == Exit.USAGE
    assert value in one_sentence(capsys)


def test_a_taken_port_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert call(tmp_path, "up", "--port", str(port), "--docs", DOCS) == Exit.USAGE
    assert f"port {port} is taken" in one_sentence(capsys)


def test_a_defect_is_admitted_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_settings: object) -> None:
        raise RuntimeError("never thought of this")

    monkeypatch.setattr("interlock.console.commands.tasks.find", fail)
    assert call(tmp_path, "tasks") == Exit.INTERNAL
    assert "a defect: RuntimeError: never thought of this" in capsys.readouterr().err


def test_who_may_not_say_it_is_told_so_and_not_that_nothing_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_settings: object) -> None:
        raise MayNotSay("bob may not publish on interlock.in.bob.task.submit")

    monkeypatch.setattr("interlock.console.commands.tasks.find", fail)
    assert call(tmp_path, "tasks") == Exit.REJECTED
    assert "that takes another role; see: interlock keys list" in one_sentence(capsys)


@pytest.mark.parametrize("words", [("watch", "zero"), ("show", "all"), ("policy", "explain", "it")])
def test_what_is_no_number_is_told_in_plain_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert call(tmp_path, *words) == Exit.USAGE
    assert f"'{words[-1]}' is not a valid number." in one_sentence(capsys)


def test_every_command_is_tried_with_bad_input() -> None:
    assert {words[0] for words in USAGE} >= set(COMMANDS)
