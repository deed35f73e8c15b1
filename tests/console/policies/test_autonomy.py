"""`interlock autonomy`: levels shown as they hold, and set."""

from functools import partial

import msgspec
import pytest
from tests.console.policies.deciding import Desk
from tests.console.terminal import Terminal
from tests.supervisor.core.policy.bundles import SHIPPED, bundle
from tests.supervisor.core.world import PUT

from interlock.console.commands import autonomy as command
from interlock.console.exits import Exit
from interlock.console.sayings import decided

HEADER = "role risk tenant level set by"


def shown(terminal: Terminal, capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    capsys.readouterr()
    assert terminal.type("autonomy", *words) == Exit.DONE
    header, *lines = capsys.readouterr().out.splitlines() or [HEADER]
    assert header.split() == HEADER.split()
    assert all(line[header.index("level")].isdecimal() for line in lines)
    return lines


def test_what_charters_say_and_what_was_set_is_shown(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(terminal, SHIPPED)
    (line,) = shown(terminal, capsys)
    assert line == "researcher  *             *       4 execute with guardrails  charter 1"
    # When it is set, then who did it and why is shown too, and it holds
    assert terminal.type("autonomy", "researcher", "2", "--risk", "write", "--reason", "new prompts") == 0
    assert "researcher goes to level 2 (prepare and propose) with write effects" in capsys.readouterr().err
    assert shown(terminal, capsys, "researcher")[1] == (
        "researcher  write         *       2 prepare and propose      alice: new prompts"
    )
    assert desk.state.autonomy["researcher", "write", "*"] == 2
    # And it can be given back
    assert terminal.type("autonomy", "researcher", "0", "--risk", "write") == 0
    assert "goes as its charter says" in capsys.readouterr().err
    assert len(shown(terminal, capsys)) == 1


def test_what_the_supervisor_has_lowered_is_marked_and_goes_when_a_person_says_so(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(terminal, bundle('@id("no") forbid (principal, action in Action::"write", resource);'))
    desk.ask(PUT)
    (_, lowered) = shown(terminal, capsys)
    assert "researcher  write         default  3 execute with review      lowered by supervisor: " in lowered
    # Broadly raised, nothing of it is left
    assert terminal.type("autonomy", "researcher", "5", "--json") == 0
    levels = msgspec.json.decode(capsys.readouterr().out)
    assert [(each["by"], each["level"], each["tenant"]) for each in levels] == [
        ("charter 1", 4, "*"),
        ("alice", 5, "*"),
    ]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("researcher", "6"), "6"),
        (("No Role", "3"), "is not a name on the bus"),
        (("researcher", "3", "--tenant", "A B"), "--tenant: 'A B'"),
        (("researcher", "--risk", "write"), "which level?"),
    ],
)
def test_bad_words_are_said_before_anything_is(
    terminal: Terminal, words: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert terminal.type("autonomy", *words) == Exit.USAGE
    assert sentence in capsys.readouterr().err
    assert terminal.subjects() == []


def test_a_role_that_nobody_has_is_said(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    Desk(terminal, SHIPPED)
    assert shown(terminal, capsys, "poet") == []
    assert terminal.type("autonomy", "poet", "3") == Exit.DONE
    assert "nobody has had the role poet so far" in capsys.readouterr().err


def test_without_a_supervisor_it_stands_in_the_log(
    terminal: Terminal, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "decided", partial(decided, timeout_s=0.01))
    assert terminal.type("autonomy", "researcher", "3") == Exit.DONE
    assert "no supervisor has decided on it yet" in capsys.readouterr().err
