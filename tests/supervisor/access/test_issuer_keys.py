"""An issuer's keys: fetched, kept, read anew for an unknown name, and never too often nor for too long."""

from pathlib import Path

import pytest
from tests.supervisor.access.issuer import Authority, Issuer, serving, write_settings

from interlock.bus.clock import now_ms
from interlock.supervisor.access import fetching, issuer_keys
from interlock.supervisor.access.errors import MalformedSettings, NoKeys, Unproven
from interlock.supervisor.access.issuer_keys import AGAIN_MS, FRESH_MS, STALE_MS, IssuerKeys
from interlock.supervisor.access.oidc import read_oidc
from interlock.supervisor.access.tokens import make_tokens


class Source:
    """Where keys stand; counts who asks, and can fail."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer
        self.asked = 0
        self.fails = False

    async def __call__(self) -> bytes:
        self.asked += 1
        if self.fails:
            raise NoKeys("nothing comes")
        return self.issuer.jwks


class Time:
    now_ms = 0


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    clock = Time()
    monkeypatch.setattr(issuer_keys, "monotonic_ms", lambda: clock.now_ms)
    return clock


async def test_a_key_is_read_once_and_kept(time: Time) -> None:
    source = Source(Issuer())
    keys = IssuerKeys(source)
    for _ in range(3):
        assert (await keys.named("key-0")).kid == "key-0"
        time.now_ms += FRESH_MS // 4
    assert source.asked == 1


async def test_a_new_key_is_found_when_a_token_names_it(time: Time) -> None:
    # Given an issuer whose keys are known, that signs with a new one
    source = Source(Issuer())
    keys = IssuerKeys(source)
    await keys.named("key-0")
    source.issuer.add_key()
    time.now_ms += AGAIN_MS
    # When a token names it, then the keys are read anew
    assert (await keys.named("key-1")).kid == "key-1"
    assert source.asked == 2


async def test_strange_tokens_do_not_make_the_issuer_be_asked_all_the_time(time: Time) -> None:
    source = Source(Issuer())
    keys = IssuerKeys(source)
    for number in range(100):
        with pytest.raises(Unproven):
            await keys.named(f"strange-{number}")
        time.now_ms += AGAIN_MS // 50
    assert source.asked == 2
    assert (await keys.named("key-0")).kid == "key-0"


async def test_keys_are_read_anew_after_a_while_and_a_withdrawn_one_is_gone(time: Time) -> None:
    source = Source(Issuer())
    keys = IssuerKeys(source)
    await keys.named("key-0")
    source.issuer.add_key()
    del source.issuer.keys[0]
    time.now_ms += FRESH_MS + 1
    with pytest.raises(Unproven):
        await keys.named("key-0")


async def test_an_issuer_that_does_not_answer_is_believed_for_a_while_and_not_longer(time: Time) -> None:
    source = Source(Issuer())
    keys = IssuerKeys(source)
    await keys.named("key-0")
    source.fails = True
    time.now_ms = STALE_MS
    assert (await keys.named("key-0")).kid == "key-0"
    time.now_ms = STALE_MS + 1
    with pytest.raises(NoKeys, match="too old"):
        await keys.named("key-0")


async def test_an_issuer_that_never_answered_is_believed_nothing(time: Time) -> None:
    source = Source(Issuer())
    source.fails = True
    with pytest.raises(NoKeys):
        await IssuerKeys(source).named("key-0")
    del time


@pytest.mark.parametrize("answer", [b"", b"[]", b'{"keys": 7}', b'{"keys": [7]}', b"<html>", b"{}"])
async def test_what_is_no_set_of_keys_is_no_key(answer: bytes, time: Time) -> None:
    async def read() -> bytes:
        return answer

    with pytest.raises(NoKeys):
        await IssuerKeys(read).named("key-0")
    del time


async def test_a_key_that_cannot_be_read_does_not_hide_the_others(time: Time) -> None:
    issuer = Issuer()
    broken = b'{"kty": "EC", "kid": "broken", "crv": "P-256", "x": "!", "y": "!"}, '

    async def read() -> bytes:
        return issuer.jwks.replace(b'{"keys": [', b'{"keys": [' + broken)

    assert (await IssuerKeys(read).named("key-0")).kid == "key-0"
    del time


async def test_keys_are_fetched_over_https_from_who_proves_to_be_the_issuer(tmp_path: Path) -> None:
    # Given an issuer's server, which an authority of its own vouches for
    issuer, authority = Issuer(), Authority(tmp_path / "pki")
    asked: list[str] = []
    async with serving(authority, [issuer.jwks], asked) as url:
        settings = read_oidc(write_settings(tmp_path, url, ca=f'"{authority.file}"'))
        believer = make_tokens(settings)
        # When tokens come, then the keys are fetched once
        for _ in range(2):
            assert (await believer.prove(issuer.token(), now_ms())).name == "carol"
        assert asked == ["GET /jwks HTTP/1.1"]
        # And a server for which nobody vouches is not believed
        other = make_tokens(read_oidc(write_settings(tmp_path, url)))
        with pytest.raises(NoKeys):
            await other.prove(issuer.token(), now_ms())


async def test_whom_this_machine_trusts_is_trusted_where_nothing_else_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer, authority = Issuer(), Authority(tmp_path / "pki")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    async with serving(authority, [issuer.jwks], []) as url:
        believer = make_tokens(read_oidc(write_settings(tmp_path, url)))
        assert (await believer.prove(issuer.token(), now_ms())).name == "carol"


def test_files_that_hold_no_keys_or_certificates_are_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"kid": 1}')
    with pytest.raises(MalformedSettings, match=r"jwks: .*other\.json: this is no set of keys"):
        make_tokens(read_oidc(write_settings(tmp_path, "other.json")))
    for ca, reason in (("no.pem", "No such file"), ("other.json", "")):
        settings = read_oidc(write_settings(tmp_path, "https://login.example/jwks", ca=f'"{ca}"'))
        with pytest.raises(NoKeys, match=rf"ca: .*{ca} is no file of certificates in PEM: .*{reason}"):
            make_tokens(settings)


async def test_too_much_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MOST_BYTES", 100)
    authority = Authority(tmp_path)
    async with serving(authority, [Issuer().jwks * 10], []) as url:
        with pytest.raises(NoKeys, match="more than 100 bytes"):
            await fetching.fetch(url, authority.file)


async def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with serving(authority, [b""], []) as url:
        pass
    with pytest.raises(NoKeys, match="cannot be fetched"):
        await fetching.fetch(url, authority.file)
