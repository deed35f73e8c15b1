"""Keys and the files they stand in."""

from pathlib import Path

import pytest

from interlock.bus import identity
from interlock.bus.errors import MalformedKey


def test_a_key_is_saved_for_its_owner_only_and_read_back(tmp_path: Path) -> None:
    made = identity.create()
    identity.save(made, tmp_path / "alice.nk")
    assert (tmp_path / "alice.nk").stat().st_mode & 0o777 == 0o600
    read = identity.load(tmp_path / "alice.nk")
    assert (read.seed, read.public_key) == (made.seed, made.public_key)
    assert made.public_key.startswith("U")
    assert identity.create().public_key != made.public_key


def test_a_key_never_shows_its_secret(tmp_path: Path) -> None:
    made = identity.load_or_create(tmp_path / "keys" / "alice.nk")
    assert made.seed not in repr(made)
    assert identity.load_or_create(tmp_path / "keys" / "alice.nk").seed == made.seed


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    identity.save(identity.create(), tmp_path / "alice.nk")
    with pytest.raises(MalformedKey, match="exists already"):
        identity.save(identity.create(), tmp_path / "alice.nk")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "alice.nk"
    identity.save(identity.create(), path)
    path.chmod(mode)
    with pytest.raises(MalformedKey, match="chmod 600"):
        identity.load(path)


@pytest.mark.parametrize(
    "text", ["", "secret", "SUAÄ", "S" * 58, "SAAMMEY3DBSDT7MPNLKGCPG4AVP2FGPY3F36GBTPXKQTTNKWRZ25JJDXZY"]
)
def test_a_file_without_a_users_key_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "alice.nk"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(MalformedKey, match=r"alice\.nk holds no usable key"):
        identity.load(path)


def test_a_key_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(MalformedKey, match=r"alice\.nk cannot be read"):
        identity.load(tmp_path / "alice.nk")
