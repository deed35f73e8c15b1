"""The OIDC file: what it may say, and one sentence for what is wrong in it."""

from pathlib import Path

import pytest
from tests.supervisor.access.issuer import write_settings

from interlock.supervisor.access.errors import MalformedSettings
from interlock.supervisor.access.oidc import read_oidc


def test_paths_start_at_the_file(tmp_path: Path) -> None:
    found = read_oidc(write_settings(tmp_path, "keys/jwks.json"))
    assert found.jwks == str(tmp_path / "keys" / "jwks.json")
    assert found.ca is None
    assert "none" not in found.algorithms
    assert not [name for name in found.algorithms if name.startswith("HS")]


def test_an_address_stays_one(tmp_path: Path) -> None:
    found = read_oidc(write_settings(tmp_path, "https://login.example.org/jwks", ca='"ca.pem"'))
    assert (found.jwks, found.ca) == ("https://login.example.org/jwks", tmp_path / "ca.pem")


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ("[entitlement]\ntools = 'tools'\n", "entitlement"),
        ("[entitlements]\nroles = 'x'\n", "roles"),
        ("[environment]\nclaim = 'x'\nmap = { a = 'No Name' }\n", "environment"),
        ("[environment]\nclaim = 'x'\n", "environment"),
        ("[groups]\nclaim = 'x'\n", "groups"),
        ("[groups]\nclaim = 'x'\nmap = {}\n", "groups"),
        ("[groups]\nclaim = 'x'\nmap = { a = 'approver' }\n", "is a role, no group"),
        ("[groups]\nclaim = 'x'\nmap = { a = 'No Group' }\n", "groups"),
    ],
)
def test_what_nobody_knows_is_named(tmp_path: Path, more: str, place: str) -> None:
    with pytest.raises(MalformedSettings, match=place):
        read_oidc(write_settings(tmp_path, "jwks.json", more))


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"issuer": '""'}, "issuer"),
        ({"audience": "7"}, "audience"),
        ({"algorithms": '["HS256"]'}, "algorithms"),
        ({"algorithms": '["none"]'}, "algorithms"),
        ({"algorithms": "[]"}, "algorithms"),
        ({"leeway_s": "301"}, "leeway_s"),
        ({"leeway_s": "-1"}, "leeway_s"),
        ({"environment": '"Not One"'}, "environment"),
        ({"secret": '"x"'}, "secret"),
    ],
)
def test_what_cannot_be_is_named(tmp_path: Path, changed: dict[str, str], place: str) -> None:
    with pytest.raises(MalformedSettings, match=place):
        read_oidc(write_settings(tmp_path, "jwks.json", **changed))


@pytest.mark.parametrize(
    ("was", "becomes", "sentence"),
    [
        ("issuer =", "isuer =", "isuer: there is no such setting; write issuer"),
        ("[roles]", "[rolls]", "rolls: there is no such setting; write roles"),
        ('audience = "interlock"', "", "there is no audience; write audience = …"),
        (
            '[principal]\nclaim = "preferred_username"',
            "",
            "there is no principal; write [principal], and below",
        ),
        ('claim = "preferred_username"', "", "[principal] has no claim; write claim = …"),
        ('"preferred_username"', "7", '[principal] claim = 7 is no list; write claim = ["…"]'),
        ('"preferred_username"', '["who", 7]', "[principal] claim = 7 is no text"),
        ('"preferred_username"', "[]", "[principal] claim is empty; write at least one"),
        ('"groups"\nmap', '"groups"\nmaps', "[roles] maps: there is no such setting; write map"),
        ('"viewer"', '"vieweer"', "[roles] map.interlock-readers: 'vieweer' is no role of people: write one"),
        ('audience = "interlock"', "audience = 5", 'audience = 5 is no text; write audience = "…"'),
        ("[principal]\n", "principal = 'who'\n[p]\n", "p: there is no such setting; remove it"),
        (
            "[principal]\nclaim",
            "principal",
            "principal is no table; write [principal], and below it its claim",
        ),
        ("[principal]", 'algorithms = ["HS256"]\n[principal]', "algorithms: 'HS256' is none; write one of"),
        ("[principal]", "leeway_s = 'x'\n[principal]", "leeway_s = 'x' is no whole number"),
        ("[principal]", "leeway_s = 301\n[principal]", "leeway_s = 301: input should be less than or equal"),
        ("[principal]", "environment = 'Prod'\n[principal]", "environment: 'Prod' is not a name on the bus"),
        ("[principal]", "[environment]\nclaim = 'e'\n[principal]", "[environment] has no map; write map"),
        ("[principal]", "[principal", "is not TOML: "),
    ],
)
def test_what_is_wrong_is_said_with_its_place_and_what_to_write(
    tmp_path: Path, was: str, becomes: str, sentence: str
) -> None:
    path = write_settings(tmp_path, "jwks.json")
    assert was in path.read_text()
    path.write_text(path.read_text().replace(was, becomes, 1))
    with pytest.raises(MalformedSettings) as wrong:
        read_oidc(path)
    assert str(wrong.value).startswith(str(path))
    assert sentence in str(wrong.value)


@pytest.mark.parametrize("address", ["http://login.example.org/jwks", "ftp://login.example.org/jwks"])
def test_keys_come_by_https_or_from_a_file(tmp_path: Path, address: str) -> None:
    with pytest.raises(MalformedSettings, match="https only"):
        read_oidc(write_settings(tmp_path, address))


def test_a_role_that_no_person_can_have_is_refused(tmp_path: Path) -> None:
    path = write_settings(tmp_path, "jwks.json")
    path.write_text(path.read_text().replace('"viewer"', '"supervisor"'))
    with pytest.raises(MalformedSettings, match="no role of people"):
        read_oidc(path)


@pytest.mark.parametrize("content", [b"= nothing", b"\xff\xfe", b"x" * 1_000_001, b""])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "oidc.toml"
    path.write_bytes(content)
    with pytest.raises(MalformedSettings, match=r"oidc\.toml"):
        read_oidc(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MalformedSettings, match=r"oidc\.toml cannot be read"):
        read_oidc(tmp_path / "oidc.toml")


def test_the_file_in_the_documentation_can_be_read(tmp_path: Path) -> None:
    # Given the example of docs/oidc.md, with everything that it leaves to the defaults
    page = (Path(__file__).parents[3] / "docs" / "oidc.md").read_text("utf-8")
    example = page.partition("```toml\n")[2].partition("```")[0]
    plain, whole = tmp_path / "plain.toml", tmp_path / "whole.toml"
    plain.write_text(example)
    whole.write_text(example.replace("\n# ", "\n"))
    # When both are read, then what is written as a default is one
    left_out, written = read_oidc(plain), read_oidc(whole)
    assert written.algorithms == left_out.algorithms
    assert written.leeway_s == left_out.leeway_s
    assert written.environment == left_out.environment
    assert written.ca == tmp_path / "ca.pem"
    assert written.principal.suffix == "@example.org"
