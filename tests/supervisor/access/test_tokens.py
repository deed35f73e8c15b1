"""Which tokens are believed, and what their claims mean."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from joserfc.errors import SecurityWarning
from tests.supervisor.access.issuer import (
    AUDIENCE,
    GROUPS,
    ISSUER,
    Issuer,
    forged,
    strange_key,
    write_settings,
)

from interlock.bus.clock import now_ms
from interlock.supervisor.access.admission import TokenProof
from interlock.supervisor.access.errors import NoKeys, Unproven
from interlock.supervisor.access.oidc import read_oidc
from interlock.supervisor.access.tokens import Tokens, make_tokens


def tokens(folder: Path, issuer: Issuer, more: str = "", **changed: str) -> Tokens:
    (folder / "jwks.json").write_bytes(issuer.jwks)
    return make_tokens(read_oidc(write_settings(folder, "jwks.json", more, **changed)))


async def prove(folder: Path, issuer: Issuer, token: str, more: str = "", **changed: str) -> TokenProof:
    return await tokens(folder, issuer, more, **changed).prove(token, now_ms())


@pytest.mark.parametrize(
    ("kind", "size", "algorithm"),
    [
        ("EC", "P-256", "ES256"),
        ("EC", "P-384", "ES384"),
        ("RSA", 2048, "RS256"),
        ("RSA", 2048, "PS256"),
        ("OKP", "Ed25519", "Ed25519"),
    ],
)
async def test_a_good_token_says_who_it_is(
    tmp_path: Path, kind: str, size: str | int, algorithm: str
) -> None:
    issuer = Issuer(kind, size, algorithm)
    ends_s = issuer.claims()["exp"]
    proof = await prove(tmp_path, issuer, issuer.token(exp=ends_s))
    assert (proof.name, proof.roles, proof.environment) == ("carol", ("operator",), "development")
    assert proof.expires_s == ends_s
    assert (proof.tenants, proof.tools, proof.models) == ((), (), ())


async def test_the_old_name_of_an_algorithm_is_taken_without_a_warning(tmp_path: Path) -> None:
    issuer = Issuer("OKP", "Ed25519", "EdDSA")
    with pytest.warns(SecurityWarning):
        token = issuer.token()
    # When it is believed, then nobody is warned: a warning would be an error here
    assert (await prove(tmp_path, issuer, token)).name == "carol"


NOW_S = now_ms() // 1_000


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://elsewhere.example.org/"},
        {"iss": ISSUER.rstrip("/")},
        {"iss": None},
        {"aud": "another"},
        {"aud": ["another", "third"]},
        {"aud": []},
        {"aud": None},
        {"exp": NOW_S - 3_600},
        {"exp": None},
        {"exp": "tomorrow"},
        {"nbf": NOW_S + 3_600},
        {"iat": NOW_S + 3_600},
        {"preferred_username": None},
        {"preferred_username": ""},
        {"preferred_username": "Carol"},
        {"preferred_username": "carol.x"},
        {"preferred_username": "carol@example.org"},
        {"preferred_username": "*"},
        {"preferred_username": ">"},
        {"preferred_username": "a b"},
        {"preferred_username": "x" * 65},
        {"preferred_username": ["carol"]},
        {"preferred_username": 7},
    ],
)
async def test_a_token_that_does_not_hold_proves_nobody(tmp_path: Path, changed: dict[str, Any]) -> None:
    issuer = Issuer()
    with pytest.raises(Unproven):
        await prove(tmp_path, issuer, issuer.token(**changed))


@pytest.mark.parametrize("changed", [{"aud": [AUDIENCE, "x"]}, {"nbf": NOW_S + 5}, {"iat": NOW_S + 5}])
async def test_a_token_for_several_or_of_a_clock_that_is_a_little_ahead_holds(
    tmp_path: Path, changed: dict[str, Any]
) -> None:
    issuer = Issuer()
    assert (await prove(tmp_path, issuer, issuer.token(**changed))).name == "carol"


@pytest.mark.parametrize("algorithm", ["none", "HS256", "HS512"])
async def test_a_token_that_anybody_could_have_made_proves_nobody(tmp_path: Path, algorithm: str) -> None:
    issuer = Issuer("RSA", 2048, "RS256")
    with pytest.raises(Unproven, match="in a way that is not accepted"):
        await prove(tmp_path, issuer, forged(issuer, algorithm))


async def test_a_symmetric_key_among_the_issuers_is_passed_over(tmp_path: Path) -> None:
    # Given a set of keys that holds a secret, by some mistake of the issuer
    issuer = Issuer()
    listed = json.loads(issuer.jwks)
    listed["keys"].append({"kty": "oct", "kid": "key-9", "k": base64.urlsafe_b64encode(b"x" * 32).decode()})
    (tmp_path / "jwks.json").write_text(json.dumps(listed))
    believer = make_tokens(read_oidc(write_settings(tmp_path, "jwks.json")))
    # When a token names it, then nobody is proven
    with pytest.raises(Unproven, match="does not publish"):
        await believer.prove(issuer.token(header={"kid": "key-9"}), now_ms())
    assert (await believer.prove(issuer.token(), now_ms())).name == "carol"


async def test_another_key_of_the_same_name_proves_nobody(tmp_path: Path) -> None:
    issuer = Issuer()
    with pytest.raises(Unproven, match="does not hold"):
        await prove(tmp_path, issuer, issuer.token(key=strange_key()))


async def test_a_changed_token_proves_nobody(tmp_path: Path) -> None:
    issuer = Issuer()
    head, _, signature = issuer.token().split(".")
    claims = base64.urlsafe_b64encode(json.dumps(issuer.claims(preferred_username="dave")).encode())
    with pytest.raises(Unproven, match="does not hold"):
        await prove(tmp_path, issuer, f"{head}.{claims.decode().rstrip('=')}.{signature}")


@pytest.mark.parametrize("token", ["", "x", "a.b", "a.b.c", "a.b.c.d.e", "ä.ö.ü", "{}", "x" * 20_000])
async def test_what_is_no_token_proves_nobody(tmp_path: Path, token: str) -> None:
    with pytest.raises(Unproven) as refused:
        await prove(tmp_path, Issuer(), token)
    assert not token or len(token) < 3 or token not in str(refused.value)


async def test_a_token_without_a_key_name_is_believed_where_there_is_one_key(tmp_path: Path) -> None:
    issuer = Issuer()
    unnamed = issuer.unnamed()
    assert (await prove(tmp_path, issuer, unnamed)).name == "carol"
    issuer.add_key()
    with pytest.raises(Unproven, match="does not publish"):
        await prove(tmp_path, issuer, unnamed)


async def test_a_header_that_nobody_knows_is_passed_over_unless_it_is_critical(tmp_path: Path) -> None:
    issuer = Issuer()
    assert (await prove(tmp_path, issuer, issuer.unchecked({"own": "x"}))).name == "carol"
    with pytest.raises(Unproven, match="does not hold"):
        await prove(tmp_path, issuer, issuer.unchecked({"own": "x", "crit": ["own"]}))


ENTITLEMENTS = '[entitlements]\ntenants = "tenants"\ntools = ["may", "tools"]\n'


async def test_what_somebody_is_entitled_to_stands_in_claims(tmp_path: Path) -> None:
    issuer = Issuer()
    token = issuer.token(tenants=["acme", "other"], may={"tools": "search read_file"})
    proof = await prove(tmp_path, issuer, token, ENTITLEMENTS)
    assert (proof.tenants, proof.tools, proof.models) == (("acme", "other"), ("search", "read_file"), ())


async def test_a_star_entitles_to_everything(tmp_path: Path) -> None:
    issuer = Issuer()
    proof = await prove(tmp_path, issuer, issuer.token(tenants="*", may={"tools": ["*"]}), ENTITLEMENTS)
    assert (proof.tenants, proof.tools) == ((), ())


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"tenants": ["acme"]},
        {"tenants": [], "may": {"tools": ["search"]}},
        {"tenants": "", "may": {"tools": ["search"]}},
        {"tenants": 7, "may": {"tools": ["search"]}},
        {"tenants": ["acme"], "may": ["tools"]},
        {"tenants": [f"t-{number}" for number in range(65)], "may": {"tools": ["search"]}},
    ],
)
async def test_what_the_claims_do_not_say_is_not_taken_for_everything(
    tmp_path: Path, changed: dict[str, Any]
) -> None:
    issuer = Issuer()
    with pytest.raises(Unproven, match="does not say which"):
        await prove(tmp_path, issuer, issuer.token(**changed), ENTITLEMENTS)


async def test_of_a_name_with_a_suffix_the_rest_is_used(tmp_path: Path) -> None:
    # Given people whose names are addresses of one domain
    issuer = Issuer()
    path = write_settings(tmp_path, "jwks.json")
    path.write_text(
        path.read_text().replace('claim = "preferred_username"', 'claim = "email"\nsuffix = "@example.org"')
    )
    (tmp_path / "jwks.json").write_bytes(issuer.jwks)
    believer = make_tokens(read_oidc(path))
    assert (await believer.prove(issuer.token(email="carol@example.org"), now_ms())).name == "carol"
    # When somebody of another domain has the same name there, then it is not hers
    for other in ("carol@example.com", "carol", "carol@example.org@example.org"):
        with pytest.raises(Unproven):
            await believer.prove(issuer.token(email=other), now_ms())


@pytest.mark.parametrize(
    ("groups", "environment"),
    [(["prod"], "production"), (["x", "dev"], "development"), (["dev", "prod"], ""), ([], ""), (["x"], "")],
)
async def test_the_environment_may_stand_in_a_claim(
    tmp_path: Path, groups: list[str], environment: str
) -> None:
    issuer = Issuer()
    more = '[environment]\nclaim = "where"\nmap = { prod = "production", dev = "development" }\n'
    if environment:
        assert (await prove(tmp_path, issuer, issuer.token(where=groups), more)).environment == environment
    else:
        with pytest.raises(Unproven, match="which one environment"):
            await prove(tmp_path, issuer, issuer.token(where=groups), more)


async def test_roles_that_mean_nothing_here_give_none(tmp_path: Path) -> None:
    issuer = Issuer()
    assert (await prove(tmp_path, issuer, issuer.token(groups=["staff"]))).roles == ()
    assert (await prove(tmp_path, issuer, issuer.token(groups=None))).roles == ()
    both = await prove(tmp_path, issuer, issuer.token(groups="interlock-readers interlock-operators"))
    assert both.roles == ("viewer", "operator")


async def test_a_file_of_keys_that_is_missing_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(NoKeys, match=r"jwks\.json cannot be read"):
        make_tokens(read_oidc(write_settings(tmp_path, "jwks.json")))


async def test_the_groups_of_a_token_are_those_that_the_file_knows_each_once(tmp_path: Path) -> None:
    issuer = Issuer()
    token = issuer.token(groups=["interlock-operators", "lawyers", "staff", "treasury", "lawyers"])
    assert (await prove(tmp_path, issuer, token, GROUPS)).groups == ("law", "finance")
    assert (await prove(tmp_path, issuer, token)).groups == ()


async def test_nobody_is_called_as_a_group_is(tmp_path: Path) -> None:
    issuer = Issuer()
    token = issuer.token(preferred_username="finance")
    with pytest.raises(Unproven, match="finance is a group"):
        await prove(tmp_path, issuer, token, GROUPS)
    assert (await prove(tmp_path, issuer, token)).name == "finance"
