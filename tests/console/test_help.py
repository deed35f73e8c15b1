import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from interlock.console import main
from interlock.console.commands.table import COMMANDS
from interlock.console.exits import MEANINGS, Exit
from interlock.contracts.version import DISTRIBUTION


def help_of(*words: str) -> str:
    result = CliRunner().invoke(main.interlock, [*words, "--help"], prog_name="interlock")
    assert result.exit_code == 0, result.output
    return result.output


def command(name: str) -> click.Command:
    entry = COMMANDS[name]
    found: click.Command = getattr(
        import_module(f"interlock.console.commands.{entry.module}"), entry.attribute
    )
    return found


def leaves() -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name in COMMANDS:
        group = command(name)
        found += [(name, sub) for sub in group.commands] if isinstance(group, click.Group) else [(name,)]
    return found


@pytest.mark.parametrize("words", leaves(), ids=" ".join)
def test_every_command_shows_an_example_that_stands_on_lines_of_its_own(words: tuple[str, ...]) -> None:
    text = help_of(*words)
    assert "Example" in text
    examples = text.partition("Example")[2]
    assert f"interlock {' '.join(words)}" in examples
    assert "  -h, --help" in text


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_calls_each_command_by_its_name(name: str) -> None:
    assert command(name).name == name
    assert COMMANDS[name].purpose in help_of()


def test_the_exit_codes_are_documented() -> None:
    text = help_of()
    for code in Exit:
        assert f"{code.value}  {MEANINGS[code]}" in text


def test_help_and_version_answer_without_loading_what_they_do_not_need() -> None:
    code = (
        "import sys; from interlock.console.main import call; call(['--help']);"
        "print([name for name in ('asyncio', 'nats', 'rich', 'uvloop', 'msgspec') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines()[-1] == "[]"


def test_the_version_is_the_distributions(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.call(["--version"]) == 0
    assert capsys.readouterr().out == f"interlock {DISTRIBUTION}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_completes_commands(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.call(["completion", shell]) == 0
    assert "_INTERLOCK_COMPLETE" in capsys.readouterr().out


def test_bash_completes_a_command() -> None:
    asked = {"_INTERLOCK_COMPLETE": "bash_complete", "COMP_WORDS": "interlock wa", "COMP_CWORD": "1"}
    program = Path(sys.executable).with_name("interlock")
    said = subprocess.run([program], env=os.environ | asked, capture_output=True, text=True, check=False)
    assert said.stdout.strip() == "plain,watch"
