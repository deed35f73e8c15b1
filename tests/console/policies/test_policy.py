"""`interlock policy`: folders checked and tried, decisions explained from the log."""

from pathlib import Path

import msgspec
import pytest
from tests.console.people.examples import entitled
from tests.console.policies.deciding import Desk
from tests.console.terminal import Terminal
from tests.supervisor.core.policy.bundles import PAY, PAY_SCHEMA, SHIPPED, bundle
from tests.supervisor.core.world import LOOK, PUT, THINK

from interlock.console import checks, main
from interlock.console.exits import Exit
from interlock.contracts.effect import ToolCall
from interlock.contracts.policy import SetPolicies

CASES = """
[[cases]]
name = "a small payment"
role = "executor"
tool = "pay"
risk = "irreversible"
arguments = { amount_cents = 100, to = "bob" }
expect = "allow"

[[cases]]
name = "a large one"
role = "executor"
tool = "pay"
risk = "irreversible"
arguments = { amount_cents = 60000, to = "bob" }
expect = "approval"
rule = "large"
needs = ["finance:2"]

[[cases]]
name = "after a stranger's word"
role = "executor"
tool = "pay"
risk = "irreversible"
untrusted = true
arguments = { amount_cents = 100, to = "bob" }
expect = "deny"
rule = "hostile"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pay.cedar").write_text(PAY, "utf-8")
    (tmp_path / "pay.cedarschema").write_text(PAY_SCHEMA, "utf-8")
    (tmp_path / "policy.test.toml").write_text(CASES, "utf-8")
    return tmp_path


def test_a_folder_that_will_do_is_listed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.call(["policy", "check", str(folder)]) == Exit.DONE
    captured = capsys.readouterr()
    assert "permit  small    pay.cedar:2   up to $500 is paid by itself" in captured.out
    assert "3 policies, version " in captured.err


def test_whom_policies_ask_and_nobody_known_answers_for_is_said_where_something_runs(
    folder: Path, terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    # Given policies that ask two of finance, whom a route sends on to cfo, and one of finance who is known
    (folder / "routing.toml").write_text('[[routes]]\nrole = "finance"\nafter_s = 60\nthen = "cfo"\n')
    terminal.decide(0, entitled("bob", "finance"))
    # When they are checked, then they will do, and who is missing is said, for programs too
    assert terminal.type("policy", "check", str(folder)) == Exit.DONE
    said = capsys.readouterr().err.splitlines()[1:]
    assert said == [
        "nobody who has connected so far answers for cfo",
        "of all who have connected so far only bob answers for finance, and it takes 2",
    ]
    terminal.decide(0, entitled("carol", "finance", "cfo"))
    assert terminal.type("policy", "check", str(folder), "--json") == Exit.DONE
    assert msgspec.json.decode(capsys.readouterr().out)["missing"] == []


def test_a_folder_will_do_though_nobody_can_be_asked_who_is_known(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.call(["policy", "check", str(folder), "--url", "nats://127.0.0.1:1"]) == Exit.DONE
    assert "who is known cannot be said: no NATS server answers" in capsys.readouterr().err


def test_what_is_wrong_is_listed_whole_with_its_place(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad.cedar").write_text(
        "permit (principal);\n@foo permit (principal, action, resource);\n", "utf-8"
    )
    assert main.call(["policy", "check", str(folder)]) == Exit.USAGE
    captured = capsys.readouterr()
    assert captured.out.splitlines()[0].startswith("bad.cedar:1: ")
    assert captured.out.splitlines()[1].startswith("bad.cedar:2: nobody obeys @foo")
    assert "a supervisor would keep the policies that hold" in captured.err
    # And the same for programs
    assert main.call(["policy", "check", str(folder), "--json"]) == Exit.USAGE
    assert len(msgspec.json.decode(capsys.readouterr().out)["wrong"]) == 2


def test_what_is_shipped_will_do_and_is_as_its_cases_expect(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("INTERLOCK_POLICIES", raising=False)
    assert main.call(["policy"]) == Exit.DONE
    assert main.call(["policy", "test"]) == Exit.DONE
    assert "cases are as expected" in capsys.readouterr().err


def test_the_folder_that_a_supervisor_would_read_is_meant_when_none_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INTERLOCK_POLICIES", str(folder))
    assert main.call(["policy", "check"]) == Exit.DONE
    assert "hostile" in capsys.readouterr().out


def test_cases_that_hold_are_ok(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.call(["policy", "test", str(folder)]) == Exit.DONE
    captured = capsys.readouterr()
    assert captured.out.splitlines()[0] == "ok  policy.test.toml: a small payment"
    assert "3 of 3 cases are as expected" in captured.err


@pytest.mark.parametrize(
    ("was", "becomes", "sentence"),
    [
        ('expect = "allow"', 'expect = "deny"', "expected deny, and it is allow"),
        ('expect = "deny"', 'expect = "allow"', "expected allow, and it is deny, by policy.hostile"),
        ('rule = "large"', 'rule = "small"', "expected the rule small, and it is large"),
        ('"finance:2"', '"finance"', "expected the approval of finance, and it takes finance:2"),
        (
            'expect = "allow"',
            'expect = "allow"\nflags = ["review"]',
            "expected the flags review, and they are none",
        ),
    ],
)
def test_a_case_that_does_not_hold_says_what_is_so(
    folder: Path, was: str, becomes: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "policy.test.toml").write_text(CASES.replace(was, becomes), "utf-8")
    assert main.call(["policy", "test", str(folder)]) == Exit.USAGE
    captured = capsys.readouterr()
    assert sentence in captured.out
    assert "2 of 3 cases are as expected" in captured.err


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[cases]]\nname = 3\n", "holds no cases"),
        ('[[cases]]\nname = "x"\nrole = "a"\ntol = "b"\nexpect = "allow"\n', "unknown field `tol`"),
        ('[[cases]]\nname = "x"\nrole = "a"\nexpect = "allow"\n', "names a tool or a model"),
        ("", "has no cases"),
    ],
)
def test_cases_that_cannot_be_read_are_said(
    folder: Path, text: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "policy.test.toml").write_text(text, "utf-8")
    assert main.call(["policy", "test", str(folder)]) == Exit.USAGE
    assert sentence in capsys.readouterr().err


def test_something_supposed_is_explained_without_anything_running(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--role", "executor", "--tool", "pay", "--risk", "irreversible", "--folder", str(folder)]
    large = [*words, "--arguments", '{"amount_cents": 60000, "to": "bob"}', "--user", "alice"]
    assert main.call(["policy", "explain", *large]) == Exit.DONE
    lines = capsys.readouterr().out.splitlines()
    assert "is        waits for people" in lines
    assert "takes     finance:2" in lines
    assert any("permit  large  pay.cedar:7" in line for line in lines)
    # And it is said whose word that is
    assert lines[-1].endswith(f", of {folder}")
    # A suggestion and what does not fit the schema too
    assert main.call(["policy", "explain", *large, "--autonomy", "1"]) == Exit.DONE
    assert "is        a suggestion, by autonomy.1" in capsys.readouterr().out
    assert main.call(["policy", "explain", *words, "--arguments", "{}", "--json"]) == Exit.DONE
    assert msgspec.json.decode(capsys.readouterr().out)["outcome"] == "deny"


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--role", "executor"),
        ("--tool", "pay"),
        ("--role", "executor", "--tool", "pay", "--model", "x/y"),
        ("57", "--role", "executor"),
    ],
)
def test_it_must_be_clear_what_shall_be_explained(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.call(["policy", "explain", *words]) == Exit.USAGE
    assert "ame " in capsys.readouterr().err


@pytest.mark.parametrize("words", [("up",), ("run", "why?")])
def test_nothing_starts_with_policies_that_will_not_do(
    folder: Path,
    words: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (folder / "bad.cedar").write_text("permit (principal);", "utf-8")
    monkeypatch.setenv("INTERLOCK_POLICIES", str(folder))
    assert main.call([*words, "--docs", str(folder), "--state", str(folder / "state")]) == Exit.USAGE
    assert "will not do: bad.cedar:1: " in capsys.readouterr().err
    assert not (folder / "state").exists()


def test_the_doctor_looks_at_the_policies(folder: Path) -> None:
    assert checks.policies({}).grade == "ok"
    assert checks.policies({"INTERLOCK_POLICIES": str(folder)}).found.startswith(
        f"policies: {folder}, version"
    )
    gone = checks.policies({"INTERLOCK_POLICIES": str(folder / "gone")})
    assert gone.grade == "bad"
    assert f"INTERLOCK_POLICIES: {folder / 'gone'} is no folder" in gone.found


@pytest.mark.parametrize("words", [("check",), ("test",), ("explain", "--role", "a", "--tool", "b")])
def test_a_folder_that_is_not_there_is_named_as_it_was_typed(
    tmp_path: Path,
    words: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # Given folders that are not there, one in the environment and one among the words
    named, typed = str(tmp_path / "named"), str(tmp_path / "typed")
    monkeypatch.setenv("INTERLOCK_POLICIES", named)
    # When one is typed, it alone is spoken of
    argument = ["--folder", typed] if words[0] == "explain" else [typed]
    assert main.call(["policy", *words, *argument]) == Exit.USAGE
    assert capsys.readouterr().err == f"interlock: {typed} is no folder: name one with *.cedar files\n"
    # When none is typed, the variable is
    assert main.call(["policy", *words]) == Exit.USAGE
    assert capsys.readouterr().err.startswith(f"interlock: INTERLOCK_POLICIES: {named} is no folder: ")


def test_of_a_folder_without_policies_it_is_said_that_they_deny_everything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.call(["policy", "check", str(tmp_path)]) == Exit.DONE
    assert "0 policies, so everything is denied" in capsys.readouterr().err


RESEARCHER_PAYS = PAY.replace('Role::"executor"', 'Role::"researcher"')


def explained(terminal: Terminal, effect: int, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert terminal.type("policy", "explain", str(effect)) == Exit.DONE
    return capsys.readouterr().out


def test_a_decision_is_explained_by_the_policies_and_the_state_of_then(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    # Given one call that people are asked about
    desk = Desk(terminal, bundle(RESEARCHER_PAYS, PAY_SCHEMA, shipped=False))
    large = desk.ask(ToolCall(tool="pay", arguments={"amount_cents": 60_000, "to": "bob"}))
    assert any(known.said.effect == large for known in desk.state.escalations.values())
    before = explained(terminal, large, capsys)
    assert (
        f"effect {large} of task {desk.task}: people are asked, as approval on the desk of finance" in before
    )
    assert "by        permit  large  more.cedar:7" in before
    assert "takes     finance:2" in before
    # When the policies are others by now
    desk.say("supervisor-1", "supervisor", "policies", SetPolicies(bundle=SHIPPED))
    # Then it is explained as before
    assert explained(terminal, large, capsys) == before


def test_grants_denials_suggestions_and_what_never_came_to_policies_are_explained(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(terminal, bundle(RESEARCHER_PAYS, PAY_SCHEMA), autonomy=1)
    assert "granted to effects-1" in explained(terminal, desk.ask(LOOK, "k1"), capsys)
    assert "wants     model offline/x" in explained(terminal, desk.ask(THINK, "k2"), capsys)
    suggestion = explained(terminal, desk.ask(PUT, "k3"), capsys)
    assert "a suggestion: researcher may only suggest" in suggestion
    assert "by        permit  writes" in suggestion
    wrong = explained(terminal, desk.ask(ToolCall(tool="pay", arguments={"to": 1}), "k4"), capsys)
    assert "denied by policy.error" in wrong
    assert "error     the arguments of pay are not those that the schema declares" in wrong
    unlisted = explained(terminal, desk.ask(ToolCall(tool="refund"), "k5"), capsys)
    assert "denied by charter.tools" in unlisted
    assert "policies were not asked" in unlisted


MODELS = """
@id("abroad") @says("what leaves the EU takes privacy") @require_approval("privacy")
permit (principal, action == Action::"model", resource) unless { resource.region == "eu" };
@id("home") permit (principal, action == Action::"model", resource) when { resource.region == "eu" };
"""
MODEL_CASES = """
[[cases]]
name = "abroad takes privacy"
role = "researcher"
model = "openai/gpt-5-mini"
region = "us"
expect = "approval"
rule = "abroad"
needs = ["privacy"]

[[cases]]
name = "at home it is free"
role = "researcher"
model = "openai/gpt-5-mini"
region = "eu"
expect = "allow"
"""


def test_that_people_are_asked_about_a_model_is_checked_tested_and_explained_alike(
    terminal: Terminal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Given policies about models, and their cases
    desk = Desk(terminal, bundle(MODELS, shipped=False))
    (schema,) = SHIPPED.schemas
    (tmp_path / schema.name).write_text(schema.text, "utf-8")
    (tmp_path / "models.cedar").write_text(MODELS, "utf-8")
    (tmp_path / "policy.test.toml").write_text(MODEL_CASES, "utf-8")
    assert main.call(["policy", "check", str(tmp_path)]) == Exit.DONE
    assert main.call(["policy", "test", str(tmp_path)]) == Exit.DONE
    assert "2 of 2 cases are as expected" in capsys.readouterr().err
    words = ["--role", "researcher", "--model", "offline/x", "--folder", str(tmp_path)]
    assert main.call(["policy", "explain", *words]) == Exit.DONE
    assert "is        waits for people" in capsys.readouterr().out
    # When an agent asks for one, then that is what has been decided
    text = explained(terminal, desk.ask(THINK), capsys)
    assert "people are asked, as approval on the desk of privacy" in text
    assert "is        waits for people\ntakes     privacy\nby        permit  abroad" in text


def test_what_asks_for_nothing_cannot_be_explained(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(terminal, SHIPPED)
    for record, sentence in ((desk.task, "asks for no tool and no model"), (999, "there is no record 999")):
        assert terminal.type("policy", "explain", str(record)) == Exit.USAGE
        assert sentence in capsys.readouterr().err


def test_an_explanation_is_to_be_had_as_json(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    desk = Desk(terminal, SHIPPED)
    effect = desk.ask(PUT)
    assert terminal.type("policy", "explain", str(effect), "--json") == Exit.DONE
    told = msgspec.json.decode(capsys.readouterr().out)
    assert (told["outcome"], told["policies"], told["version"]) == ("allow", ["writes"], SHIPPED.digest)
    assert told["decided"]["fact"] == "effect_granted"
