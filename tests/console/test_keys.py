"""`interlock keys`, typed as a person types it, on a directory of its own."""

import json
from pathlib import Path
from typing import Any

import pytest

from interlock.bus import bundle, identity
from interlock.bus.bundle import Bundle
from interlock.bus.errors import MalformedKey
from interlock.bus.principals import Principals
from interlock.console.environment import Where, find
from interlock.console.key_lines import age
from interlock.console.keyring import admit_all
from interlock.console.main import call
from interlock.console.state import ServerFile, StateFolder


class Typed:
    """What a person types after `interlock keys`, and what comes of it."""

    def __init__(self, state: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.state = state
        self.principals = Principals(StateFolder(state).store)
        self._capsys = capsys

    def __call__(self, *words: str) -> str:
        """Type something that is done; return what was printed on standard output."""
        code, said, _ = self.told(*words)
        assert code == 0
        return said

    def told(self, *words: str) -> tuple[int, str, str]:
        code = call(["keys", *words, "--state", str(self.state)])
        captured = self._capsys.readouterr()
        return code, captured.out, captured.err

    def listed(self) -> dict[str, Any]:
        return {entry["principal"]: entry for entry in json.loads(self("list", "--json"))}

    def seed(self, name: str) -> str:
        return identity.load(self.principals.key_file(name)).seed


@pytest.fixture
def typed(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Typed:
    for variable in ("INTERLOCK_URL", "INTERLOCK_KEY_FILE", "INTERLOCK_STATE"):
        monkeypatch.delenv(variable, raising=False)
    return Typed(tmp_path, capsys)


def test_create_prints_the_key_file_of_who_is_admitted(typed: Typed) -> None:
    printed = typed("create", "translator-1", "--role", "agent").strip()
    assert Path(printed) == typed.principals.key_file("translator-1")
    assert identity.load(Path(printed)).public_key in typed.principals.read()["translator-1"].valid_keys


def test_create_says_what_may_be_done_in_a_persons_name(typed: Typed) -> None:
    words = (
        "--role submitter --role approver --tenant acme --tool search --model openai/* --environment staging "
        "--group finance --group law"
    )
    typed("create", "bob", *words.split(), "--certificate", "spiffe://house/bob")
    bob = typed.principals.read()["bob"]
    assert (bob.roles, bob.environment) == (("submitter", "approver"), "staging")
    assert (bob.tenants, bob.tools, bob.models) == (("acme",), ("search",), ("openai/*",))
    assert bob.certificate == "spiffe://house/bob"
    assert bob.groups == tuple(typed.listed()["bob"]["groups"]) == ("finance", "law")
    assert "groups finance, law" in typed("list")
    # When it is said again with less, then what is left unsaid of his name is open, and his place is kept
    typed("create", "bob", "--role", "viewer")
    again = typed.principals.read()["bob"]
    assert (again.roles, again.tenants, again.tools, again.models) == (("viewer",), (), (), ())
    assert again.groups == ()
    assert (again.environment, again.certificate) == ("staging", "spiffe://house/bob")
    assert again.keys == bob.keys


def test_list_shows_everybody_and_no_secret(typed: Typed) -> None:
    typed("create", "bob", "--role", "submitter", "--tenant", "acme")
    typed("create", "effects-1", "--role", "effects")
    typed("rotate", "effects-1")
    typed("revoke", "bob")
    header, bob, effects = typed("list").splitlines()
    assert header.split() == ["principal", "roles", "environment", "good", "keys", "remarks"]
    assert bob.split()[:4] == ["bob", "submitter", "development", "none"]
    assert bob.endswith("revoked 0 s ago; tenants acme")
    assert effects.split()[:6] == ["effects-1", "effects", "development", "0", "s,", "0"]
    listed = typed.listed()
    assert [key["revoked_ms"] for key in listed["effects-1"]["keys"]] == [0, 0]
    assert listed["bob"]["revoked_ms"] > 0
    assert typed.seed("bob") not in json.dumps(listed)


def test_an_empty_list_says_what_to_do(typed: Typed) -> None:
    assert typed.told("list") == (
        0,
        "",
        "nobody is enrolled; admit somebody with: interlock keys create NAME --role ROLE\n",
    )
    assert typed("list", "--json").strip() == "[]"


def test_a_key_is_rotated_in_two_steps_that_are_said(typed: Typed) -> None:
    typed("create", "effects-1", "--role", "effects")
    old = typed.seed("effects-1")
    _, printed, said = typed.told("rotate", "effects-1")
    assert Path(printed.strip()) == typed.principals.key_file("effects-1")
    assert "interlock keys retire effects-1" in said
    assert typed.seed("effects-1") != old
    assert len(typed.principals.read()["effects-1"].valid_keys) == 2
    code, _, said = typed.told("rotate", "effects-1")
    assert (code, "retire the older one first" in said) == (2, True)
    typed("retire", "effects-1")
    assert typed.principals.read()["effects-1"].valid_keys == (
        identity.Identity(typed.seed("effects-1")).public_key,
    )


def test_a_group_that_nobody_can_be_in_is_named(typed: Typed) -> None:
    code, _, said = typed.told("create", "bob", "--role", "approver", "--group", "admin")
    assert (code, "admin is a role, no group" in said) == (2, True)
    code, _, said = typed.told("create", "effects-2", "--role", "effects", "--group", "finance")
    assert (code, "approves nothing" in said) == (2, True)


def test_who_is_revoked_comes_back_with_a_new_key(typed: Typed) -> None:
    typed("create", "bob", "--role", "viewer", "--tenant", "acme")
    old = typed.seed("bob")
    assert "keys create bob" in typed.told("revoke", "bob")[2]
    assert typed.principals.read()["bob"].valid_keys == ()
    typed("create", "bob", "--role", "viewer", "--tenant", "acme")
    assert typed.principals.read()["bob"].valid_keys == (identity.Identity(typed.seed("bob")).public_key,)
    assert typed.seed("bob") != old


def test_an_exported_key_says_who_and_where(typed: Typed, tmp_path: Path) -> None:
    typed("create", "bob", "--role", "viewer")
    file = tmp_path / "bob.creds"
    url = "nats://bus.example:4222"
    code, printed, said = typed.told("export", "bob", "--url", url, "--to", str(file))
    assert (code, printed, said) == (0, "", f"whoever has {file} is bob\n")
    assert file.stat().st_mode & 0o777 == 0o600
    # It is a key file, and names the rest
    assert identity.load(file).seed == typed.seed("bob") == identity.read_seed(file)
    assert bundle.read(file) == Bundle("bob", url, typed.seed("bob"))
    reach = find(Where(key=str(file)))
    assert (reach.url, reach.principal, reach.key_file) == (url, "bob", file)
    elsewhere = find(Where(key=str(file), url="nats://127.0.0.1:1", principal="alice"))
    assert (elsewhere.url, elsewhere.principal) == ("nats://127.0.0.1:1", "alice")
    # And is never written over
    assert typed.told("export", "bob", "--url", url, "--to", str(file))[0] == 2


def test_an_exported_key_goes_to_standard_output_with_the_address_of_what_runs(typed: Typed) -> None:
    typed("create", "bob", "--role", "viewer")
    folder = StateFolder(typed.state)
    with folder.held():
        folder.write_server(ServerFile(url="nats://127.0.0.1:4222", pid=1, started_ms=1))
        printed = typed("export", "bob")
    assert printed == Bundle("bob", "nats://127.0.0.1:4222", typed.seed("bob")).text()


def test_a_bare_key_is_no_bundle_and_a_torn_one_is_named(typed: Typed, tmp_path: Path) -> None:
    key_file = Path(typed("create", "bob", "--role", "viewer").strip())
    assert bundle.read(key_file) is None
    torn = tmp_path / "torn"
    torn.touch(mode=0o600)
    torn.write_text(Bundle("bob", "nats://x", typed.seed("bob")).text().replace("principal", "who"))
    with pytest.raises(MalformedKey, match="torn was not exported whole"):
        bundle.read(torn)
    assert typed.seed("bob") not in repr(Bundle("bob", "nats://x", typed.seed("bob")))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("rotate bob", "there is no principal bob"),
        ("retire bob", "there is no principal bob"),
        ("revoke bob", "there is no principal bob"),
        ("export bob --url nats://x", "there is no principal bob"),
        ("export alice", "with --url"),
        ("create bob --role agent --role viewer", "a process has one role"),
        ("create bob --role viewer --environment A", "not a name on the bus"),
        ("create bob --role viewer --certificate alices", "is alice's"),
        ("create b.b --role viewer", "not a name on the bus"),
        ("export alice --url nats://x --to /nowhere/alice", "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(typed: Typed, words: str, says: str) -> None:
    typed("create", "alice", "--role", "viewer", "--certificate", "alices")
    code, printed, said = typed.told(*words.split())
    assert (code, printed) == (2, "")
    assert says in said
    assert said.count("\n") == 1
    assert set(typed.principals.read()) == {"alice"}


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (200_000, "2 d"), (-5, "0 s")],
)
def test_an_age_is_said_in_a_unit_of_which_there_are_two(seconds: int, said: str) -> None:
    assert age(seconds) == said


def test_a_local_environment_has_who_admits_who_guards_and_its_person(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    state.make()
    keys = admit_all(state, [("supervisor-1", "supervisor"), ("planner-1", "agent")], "olga")
    known = Principals(state.store).read()
    assert {name: principal.roles for name, principal in known.items()} == {
        "olga": ("admin",),
        "supervisor-1": ("supervisor",),
        "planner-1": ("agent",),
        "access-1": ("access",),
        "guard-1": ("guard",),
    }
    assert set(keys) == set(known) - {"olga"}
    assert all(identity.load(file).public_key in known[name].valid_keys for name, file in keys.items())
