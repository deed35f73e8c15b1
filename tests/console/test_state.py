import base64
import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.supervisor.access.issuer import write_settings

from interlock.bus.errors import MalformedKey
from interlock.bus.identity import create, load, save
from interlock.console.environment import Reach, Where, as_token, connected, find, speaker
from interlock.console.errors import BadInput, NotRunning
from interlock.console.local import held, held_private
from interlock.console.state import PRIVATE_SLOTS, ServerFile, StateFolder, state_folder

SERVER = ServerFile(url="nats://127.0.0.1:1", pid=1, started_ms=0)


@pytest.mark.parametrize(
    ("given", "environment", "expected"),
    [
        ("/given", {"INTERLOCK_STATE": "/named"}, "/given"),
        (None, {"INTERLOCK_STATE": "/named", "XDG_STATE_HOME": "/xdg"}, "/named"),
        (None, {"XDG_STATE_HOME": "/xdg", "HOME": "/home/alice"}, "/xdg/interlock"),
        (None, {"HOME": "/home/alice"}, "/home/alice/.local/state/interlock"),
    ],
)
def test_the_state_directory_is_chosen_in_order(
    given: str | None, environment: dict[str, str], expected: str
) -> None:
    assert state_folder(given, environment).root == Path(expected)


def test_a_note_of_a_dead_environment_is_not_believed(tmp_path: Path) -> None:
    # Given a server's note that nobody took away
    state = StateFolder(tmp_path)
    state.make()
    state.write_server(SERVER)
    # Then nothing runs, for nobody holds the folder
    assert state.running() is None
    with state.held() as taken:
        assert taken
        assert state.running() == SERVER
    assert state.running() is None


def test_a_second_environment_is_refused_with_the_first_one_named(tmp_path: Path) -> None:
    with held(StateFolder(tmp_path)) as state:
        state.write_server(SERVER)
        with pytest.raises(NotRunning, match=r"another environment runs in .* at nats://127\.0\.0\.1:1"):
            held(StateFolder(tmp_path)).__enter__()


def test_runs_at_once_get_folders_of_their_own_up_to_a_bound(tmp_path: Path) -> None:
    with ExitStack() as stack:
        roots = {
            stack.enter_context(held_private(StateFolder(tmp_path))).root for _ in range(PRIVATE_SLOTS + 1)
        }
        assert len(roots) == PRIVATE_SLOTS + 1
        with pytest.raises(NotRunning, match="runs are under way"):
            held_private(StateFolder(tmp_path)).__enter__()


def test_a_damaged_note_is_named(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    state.make()
    state.server_file.write_text("{")
    with state.held(), pytest.raises(NotRunning, match=r"server\.json is damaged"):
        state.running()


@pytest.mark.parametrize(
    ("login", "name"),
    [("alice", "alice"), ("Alice.Smith", "alice-smith"), ("Ärzte", "rzte"), ("", "operator")],
)
def test_a_login_name_becomes_a_name_on_the_bus(login: str, name: str) -> None:
    assert as_token(login) == name


def test_a_name_that_cannot_be_one_on_the_bus_is_refused() -> None:
    with pytest.raises(BadInput, match="is not a name on the bus"):
        speaker("a.b")


def test_an_environment_is_found_by_url_without_any_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERLOCK_URL", "nats://example:1")
    reach = find(Where(principal="alice"))
    assert (reach.url, reach.principal, reach.key_file) == ("nats://example:1", "alice", None)


def test_who_comes_with_a_token_gets_a_key_to_sign_by_and_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a token for a server elsewhere
    monkeypatch.setenv("INTERLOCK_TOKEN_FILE", "/run/token")
    where = Where(state=str(tmp_path / "state"), url="nats://me:secret@example:4222", principal="alice")
    # When somebody comes with it for the first time
    reach = find(where)
    # Then there is a key beside it, for this server alone and its owner's eyes
    assert reach.token_file == Path("/run/token")
    key_file = tmp_path / "state" / "store" / "keys" / "alice@example-4222.nk"
    assert reach.key_file == key_file
    assert key_file.stat().st_mode & 0o077 == 0
    made = load(key_file).public_key
    # And the next time it is the same; one that is named counts more
    assert find(where).key_file == key_file
    assert load(key_file).public_key == made
    named = tmp_path / "own.nk"
    save(create(), named)
    assert find(replace(where, key=str(named))).key_file == named


def token_of(folder: Path, **claims: Any) -> Path:
    file = folder / "token"
    file.touch(mode=0o600)
    said = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    file.write_text(f"e30.{said}.c2ln\n")
    return file


def test_a_token_says_its_own_name_where_the_settings_of_tokens_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given settings that name a claim inside of another, and the end that names have to have
    settings = write_settings(tmp_path, "jwks.json")
    settings.write_text(
        settings.read_text().replace('"preferred_username"', '["who", "mail"]\nsuffix = "@acme.example"')
    )
    monkeypatch.setenv("INTERLOCK_OIDC", str(settings))
    monkeypatch.setenv("INTERLOCK_URL", "nats://example:1")
    where = Where(state=str(tmp_path / "state"))

    def come(**claims: Any) -> str:
        monkeypatch.setenv("INTERLOCK_TOKEN_FILE", str(token_of(tmp_path, **claims)))
        return find(where).principal

    # Then somebody speaks under that name, unless another is said
    assert come(who={"mail": "carol@acme.example"}) == "carol"
    monkeypatch.setenv("INTERLOCK_PRINCIPAL", "dave")
    assert come(who={"mail": "carol@acme.example"}) == "dave"
    monkeypatch.delenv("INTERLOCK_PRINCIPAL")
    # And what is no such name, or no token, is said
    for claims in ({}, {"who": "carol"}, {"who": {"mail": "carol@other.example"}}):
        with pytest.raises(BadInput, match="does not name a person as it has to"):
            come(**claims)
    with pytest.raises(BadInput, match="'Carol' is not a name on the bus"):
        come(who={"mail": "Carol@acme.example"})
    for text in ("", "e30.%%%.c2ln", "e30.MQ.c2ln", "\u00e9.\u00e9.\u00e9"):
        (tmp_path / "token").write_text(text)
        with pytest.raises(BadInput, match="holds no token"):
            find(where)


def test_nobody_guesses_under_which_name_a_token_speaks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a token, and nothing that says which of its claims is the name
    monkeypatch.setenv("INTERLOCK_TOKEN_FILE", str(token_of(tmp_path, preferred_username="carol")))
    monkeypatch.setenv("INTERLOCK_URL", "nats://example:1")
    monkeypatch.delenv("INTERLOCK_OIDC", raising=False)
    # Then the login name is not tried: the server would take it for an attempt to be somebody else
    with pytest.raises(BadInput, match="say --as NAME, or set INTERLOCK_PRINCIPAL"):
        find(Where(state=str(tmp_path / "state")))
    monkeypatch.setenv("INTERLOCK_PRINCIPAL", "carol")
    assert find(Where(state=str(tmp_path / "state"))).principal == "carol"


def test_a_token_counts_also_on_the_machine_of_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERLOCK_TOKEN_FILE", "/run/token")
    with held(StateFolder(tmp_path)) as state:
        state.write_server(SERVER)
        reach = find(Where(state=str(tmp_path), principal="carol"))
    assert (reach.url, reach.server, reach.token_file) == (SERVER.url, SERVER, Path("/run/token"))
    assert reach.key_file == state.key_file("carol@127-0-0-1-1")


def test_where_no_key_can_be_kept_a_token_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERLOCK_TOKEN_FILE", "/run/token")
    (tmp_path / "state").write_text("in the way")
    reach = find(Where(state=str(tmp_path / "state"), url="nats://example:4222", principal="alice"))
    assert (reach.token_file, reach.key_file) == (Path("/run/token"), None)


def test_who_has_no_key_is_told_how_to_get_one(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    with held(state):
        state.write_server(SERVER)
        with pytest.raises(BadInput, match="interlock keys create mallory --role admin"):
            find(Where(state=str(tmp_path), principal="mallory"))


def test_the_state_directory_is_its_owners_alone(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "new")
    state.make()
    assert {folder.stat().st_mode & 0o077 for folder in (state.root, state.keys, state.store)} == {0}


async def test_a_token_that_cannot_be_read_is_called_one(tmp_path: Path) -> None:
    reach = Reach(url="nats://127.0.0.1:1", principal="carol", token_file=tmp_path / "token")
    with pytest.raises(MalformedKey, match=r"the token's file .*token cannot be read: No such file"):
        async with connected(reach):
            pass
