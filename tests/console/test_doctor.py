import asyncio
import socket
from pathlib import Path

import msgspec
import pytest
from tests.console.conftest import decision
from tests.supervisor.access.issuer import ISSUER, Issuer, write_settings

from interlock.console import checks, main
from interlock.console.checks import Check
from interlock.console.commands.doctor import fleet_checks as checks_of
from interlock.console.exits import Exit
from interlock.console.fleet import fold_fleet
from interlock.console.processes import SERVICES
from interlock.console.state import ServerFile, StateFolder
from interlock.console.views import FleetView
from interlock.contracts import facts as f
from interlock.contracts.charter import Charter
from interlock.contracts.policy import Policies
from interlock.contracts.scope import Scope


async def test_the_server_binary_is_found_with_its_version() -> None:
    check = await checks.server_binary()
    assert check.grade == "ok"
    assert check.found.startswith("nats-server 2.")


def test_a_state_directory_that_cannot_be_one_is_bad(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert checks.state_directory(StateFolder(tmp_path / "file" / "state")).grade == "bad"
    assert checks.state_directory(StateFolder(tmp_path / "new" / "state")).grade != "bad"


def test_a_taken_port_is_noted_unless_it_is_ours() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert checks.port(port, None).grade == "note"
        ours = ServerFile(url=f"nats://127.0.0.1:{port}", pid=1, started_ms=0)
        assert checks.port(port, ours).grade == "ok"
    assert checks.port(port, None).grade == "ok"


async def test_an_endpoint_is_tried_and_a_missing_key_is_named() -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        (without,) = await checks.models("openai/x", {"OPENAI_BASE_URL": url})
        (with_key,) = await checks.models("openai/x", {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "secret"})
    assert (without.grade, without.remedy) == ("note", "set OPENAI_API_KEY")
    assert with_key.grade == "ok"
    assert "secret" not in with_key.found
    (gone,) = await checks.models("openai/x", {"OPENAI_BASE_URL": url})
    assert gone.grade == "bad"
    assert "OPENAI_BASE_URL" in gone.remedy


@pytest.mark.parametrize("names", ["nonsense", "oracle/delphi"])
async def test_a_model_that_nobody_provides_is_bad(names: str) -> None:
    assert [check.grade for check in await checks.models(names, {})] == ["bad"]


CLERK = f.AgentJoined(
    principal="clerk-1",
    incarnation="i",
    capacity=2,
    charter=Charter(role="clerk", version="1", objective="File."),
)


def fleet_of_services(*facts: f.AnyFact, alive: bool = True) -> FleetView:
    """Return a fleet with all that `interlock up` starts, and who joined besides."""
    names = [service.name for service in SERVICES if service.joins]
    joined = [f.EffectsJoined(principal=name, incarnation="i", capacity=1) for name in names]
    fleet = FleetView()
    fold_fleet(fleet, decision(*joined, *facts, task=0))
    for name in names:
        fleet.members[name].in_hand = 0 if alive else None
    return fleet


def test_who_is_silent_is_bad_and_who_is_killed_is_noted(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    # Given everybody alive
    (well,) = checks_of(fleet_of_services(), state)
    assert well.grade == "ok"
    # When an agent is silent, then that is bad
    (silent,) = checks_of(fleet_of_services(CLERK), state)
    assert (silent.grade, silent.found) == ("bad", "silent: clerk-1")
    # But not when it is killed: then it is said how it goes on
    killed = f.Switched(
        at_ms=1, scope=Scope(kind="agent", name="clerk-1"), state="killed", by="bob", reason="odd"
    )
    (well, note) = checks_of(fleet_of_services(CLERK, killed), state)
    assert well.grade == "ok"
    assert note == Check("note", "agent clerk-1 is killed, by bob: odd", "interlock resume agent clerk-1")


def test_policies_that_will_not_do_are_noted_until_others_hold(tmp_path: Path) -> None:
    good = f.PoliciesSet(at_ms=1, by="s", digest="a" * 64, bundle=Policies())
    refused = f.PoliciesRefused(digest="b" * 64, reasons=("pay.cedar:3: unexpected end of input",))
    (_, note) = checks_of(fleet_of_services(good, refused), StateFolder(tmp_path))
    assert note.grade == "note"
    assert "version aaaaaaaaaaaa holds; what came after it will not do: pay.cedar:3" in note.found
    assert len(checks_of(fleet_of_services(good, refused, good), StateFolder(tmp_path))) == 1


def test_everybody_silent_and_everything_switched_is_said(tmp_path: Path) -> None:
    switched = f.FleetSwitched(at_ms=1, state="draining", by="bob")
    bad, note = checks_of(fleet_of_services(switched, alive=False), StateFolder(tmp_path))
    assert "planner-1" in bad.found
    assert note.found == "everything is draining, by bob"


def test_the_doctor_says_what_to_do_and_fails_when_something_is_bad(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERLOCK_PRICES", str(tmp_path / "nowhere.toml"))
    assert main.call(["doctor", "--state", str(tmp_path / "state"), "--json"]) == Exit.UNREACHABLE
    found = msgspec.json.decode(capsys.readouterr().out)
    bad = [check for check in found if check["grade"] == "bad"]
    assert [check["remedy"] for check in bad] == ["correct INTERLOCK_PRICES or unset it"]
    monkeypatch.delenv("INTERLOCK_PRICES")
    assert main.call(["doctor", "--state", str(tmp_path / "state")]) == Exit.DONE
    assert "start it with: interlock up" in capsys.readouterr().out
    assert not (tmp_path / "state").exists(), "the doctor only looks"


def test_whose_tokens_are_believed_is_said_and_what_is_wrong_in_their_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert checks.tokens({}) is None
    file = write_settings(tmp_path, "jwks.json")
    (tmp_path / "jwks.json").write_bytes(Issuer().jwks)
    named = {"INTERLOCK_OIDC": str(file)}
    assert checks.tokens(named) == Check("ok", f"tokens: those of {ISSUER}")
    # When its keys are none, or the file will not do, then it is said here, and before anything starts
    (tmp_path / "jwks.json").write_text("{}")
    broken = checks.tokens(named)
    assert broken is not None
    assert "this is no set of keys" in broken.found
    file.write_text(file.read_text().replace("[roles]", "[rolls]"))
    found = checks.tokens(named)
    assert found is not None
    assert (found.grade, "rolls: there is no such setting; write roles" in found.found) == ("bad", True)
    monkeypatch.setenv("INTERLOCK_OIDC", str(file))
    for words in (("up",), ("run", "goal", "--docs", str(tmp_path))):
        assert main.call([*words, "--state", str(tmp_path / "state")]) == Exit.USAGE
        assert "INTERLOCK_OIDC: " in capsys.readouterr().err
