"""The directory of principals, and the keys beside it."""

import threading
from pathlib import Path

import msgspec
import pytest

from interlock.bus import identity
from interlock.bus.errors import KeyTaken, MalformedKey, NotPermitted, UnknownPrincipal
from interlock.bus.lock import locked
from interlock.bus.principals import MOST_KEYS, Key, Principal, Principals
from interlock.bus.server_keys import ServerKeys
from interlock.contracts.errors import MalformedSubject


@pytest.fixture
def principals(state: Path) -> Principals:
    return Principals(state)


def public_key(path: Path) -> str:
    return identity.load(path).public_key


def test_who_is_admitted_stands_there_with_a_key_of_its_own(principals: Principals) -> None:
    # Given nobody
    assert not principals.exists
    assert principals.read() == {}
    # When a person is admitted
    key_file = principals.admit("alice", ["submitter", "approver"])
    # Then the directory knows the key whose secret stands in the file, and nobody else may read either
    (alice,) = principals.read().values()
    assert alice.roles == ("submitter", "approver")
    assert alice.valid_keys == (public_key(key_file),)
    assert alice.environment == "development"
    assert {path.stat().st_mode & 0o777 for path in (key_file, principals.file)} == {0o600}


def test_who_is_admitted_again_keeps_the_key_and_everything_but_the_roles(principals: Principals) -> None:
    key_file = principals.admit("alice", ["viewer"], environment="staging")
    named = msgspec.structs.replace(principals.read()["alice"], tenants=("acme",), certificate="alice")
    principals.enrol("alice", named)
    assert principals.admit("alice", ["admin"]) == key_file
    assert principals.read()["alice"] == msgspec.structs.replace(named, roles=("admin",))


def test_a_key_that_is_made_elsewhere_is_enrolled(principals: Principals) -> None:
    made = identity.create()
    principals.enrol("bob", Principal(roles=("viewer",), keys=(Key(made.public_key, 1),)))
    assert principals.read()["bob"].valid_keys == (made.public_key,)


def test_one_key_is_one_principals(principals: Principals) -> None:
    principals.admit("alice", ["viewer"])
    taken = principals.read()["alice"].keys
    for keys in (taken, (msgspec.structs.replace(taken[0], revoked_ms=1),)):
        with pytest.raises(KeyTaken, match="known as alice's"):
            principals.enrol("bob", Principal(roles=("viewer",), keys=keys))
    assert set(principals.read()) == {"alice"}


def test_one_certificate_is_one_principals(principals: Principals) -> None:
    principals.enrol("alice", Principal(roles=("viewer",), certificate="spiffe://house/alice"))
    with pytest.raises(KeyTaken, match="is alice's"):
        principals.enrol("bob", Principal(roles=("viewer",), certificate="spiffe://house/alice"))


def test_an_unusable_name_role_or_environment_is_refused(principals: Principals) -> None:
    with pytest.raises(MalformedSubject, match="not a name on the bus"):
        principals.admit("alice.*", ["viewer"])
    with pytest.raises(MalformedSubject, match="not a name on the bus"):
        principals.admit("alice", ["viewer"], environment="a b")
    with pytest.raises(NotPermitted, match="there are agent, effects, supervisor"):
        principals.admit("alice", ["king"])
    assert principals.read() == {}


def test_only_people_are_in_groups_that_are_neither_a_role_nor_a_name(principals: Principals) -> None:
    principals.admit("alice", ["approver"])
    for name, roles, group in (
        ("bob", ("approver",), "admin"),
        ("bob", ("approver",), "alice"),
        ("effects-1", ("effects",), "finance"),
    ):
        with pytest.raises(NotPermitted):
            principals.enrol(name, Principal(roles=roles, groups=(group,)))
    with pytest.raises(MalformedSubject):
        principals.enrol("bob", Principal(roles=("approver",), groups=("all of them",)))
    principals.enrol("bob", Principal(roles=("approver",), groups=("finance",)))
    # And nobody takes the name of a group
    with pytest.raises(NotPermitted, match="finance is a group already"):
        principals.admit("finance", ["approver"])
    assert set(principals.read()) == {"alice", "bob"}


def test_a_rotation_overlaps_until_the_old_key_is_retired(principals: Principals) -> None:
    # Given a principal with a key
    key_file = principals.admit("effects-1", ["effects"])
    old = identity.load(key_file)
    # When it is rotated, then the file has a new key, both are good, and the old secret is gone
    assert principals.rotate("effects-1") == key_file
    new = identity.load(key_file)
    assert principals.read()["effects-1"].valid_keys == (old.public_key, new.public_key)
    assert not [path for path in principals.keys.iterdir() if old.seed in path.read_text()]
    assert key_file.stat().st_mode & 0o777 == 0o600
    # And a third key needs the first to be retired
    with pytest.raises(KeyTaken, match="retire the older one first"):
        principals.rotate("effects-1")
    assert principals.retire("effects-1") == 1
    assert principals.read()["effects-1"].valid_keys == (new.public_key,)
    assert principals.retire("effects-1") == 0
    principals.rotate("effects-1")


def test_who_is_revoked_has_no_good_key_and_stays_so_when_admitted_again(principals: Principals) -> None:
    principals.admit("alice", ["viewer"])
    principals.revoke("alice")
    at_ms = principals.read()["alice"].revoked_ms
    assert at_ms
    principals.revoke("alice")
    principals.admit("alice", ["admin"])
    assert principals.read()["alice"].revoked_ms == at_ms
    assert principals.read()["alice"].valid_keys == ()


def test_who_is_reinstated_has_a_new_key_and_never_the_old_one(principals: Principals) -> None:
    key_file = principals.admit("alice", ["viewer"])
    old = public_key(key_file)
    principals.revoke("alice")
    assert principals.reinstate("alice") == key_file
    assert principals.read()["alice"].valid_keys == (public_key(key_file),)
    assert public_key(key_file) != old


def test_of_many_keys_the_newest_are_remembered(principals: Principals) -> None:
    principals.admit("alice", ["viewer"])
    for _ in range(MOST_KEYS + 2):
        principals.rotate("alice")
        principals.retire("alice")
    alice = principals.read()["alice"]
    assert len(alice.keys) == MOST_KEYS
    assert alice.valid_keys == (public_key(principals.key_file("alice")),)


def test_somebody_unknown_is_named(principals: Principals) -> None:
    for change in (principals.rotate, principals.retire, principals.revoke, principals.reinstate):
        with pytest.raises(UnknownPrincipal, match="no principal bob"):
            change("bob")


def test_every_change_shows_in_the_stamp(principals: Principals) -> None:
    stamps = [principals.stamp()]
    assert stamps == [None]
    for change in (
        lambda: principals.admit("alice", ["viewer"]),
        lambda: principals.rotate("alice"),
        lambda: principals.retire("alice"),
        lambda: principals.revoke("alice"),
    ):
        change()
        stamps.append(principals.stamp())
    assert len(set(stamps)) == len(stamps)
    assert principals.stamp() == stamps[-1]


def test_who_changes_the_directory_waits_for_who_is_at_it(principals: Principals, state: Path) -> None:
    state.mkdir()
    later = threading.Thread(target=principals.admit, args=("bob", ["viewer"]))
    # Given somebody who changes the directory
    with locked(state / "principals.lock"):
        later.start()
        later.join(0.2)
        # Then nobody else does
        assert later.is_alive()
        assert not principals.exists
    later.join()
    assert set(principals.read()) == {"bob"}


def test_many_who_enrol_at_once_lose_nobody(state: Path) -> None:
    names = [f"worker-{number}" for number in range(12)]
    threads = [threading.Thread(target=Principals(state).admit, args=(name, ["agent"])) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(Principals(state).read()) == set(names)


def test_a_damaged_directory_is_named(principals: Principals, state: Path) -> None:
    state.mkdir()
    principals.file.write_text("{")
    with pytest.raises(MalformedKey, match=r"principals\.json is damaged"):
        principals.read()


def test_the_servers_keys_are_made_once_and_are_their_owners_only(state: Path) -> None:
    # Given keys for two environments
    keys = ServerKeys(state)
    keys.make(["access-1"], ["development", "staging"])
    made = {path.name: path.read_text() for path in keys.folder.iterdir()}
    assert {path.stat().st_mode & 0o777 for path in keys.folder.iterdir()} == {0o600}
    # When more are made, then those that stand there are the same
    keys.make(["access-1", "access-2"], ["development", "staging"])
    assert made.items() <= {path.name: path.read_text() for path in keys.folder.iterdir()}.items()
    # And each is a key of its own, of its kind
    assert keys.issuer.public_key.startswith("A")
    users = [keys.system, *(keys.access(name, "staging") for name in ("access-1", "access-2"))]
    assert len({user.public_key for user in users}) == 3
    with pytest.raises(MalformedKey, match="cannot be read"):
        keys.access("access-1", "production")
