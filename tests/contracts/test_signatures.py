"""Only the owner of a key can sign in its name."""

import base64
import binascii

import pytest

from interlock.bus.identity import create
from interlock.contracts.signatures import has_signed

DATA = b"these arguments, this policy"


def public(raw: bytes) -> str:
    head = bytes([20 << 3]) + raw
    return base64.b32encode(head + binascii.crc_hqx(head, 0).to_bytes(2, "little")).decode()


def test_what_the_owner_of_a_key_signed_is_signed() -> None:
    key = create()
    signature = key.sign(DATA)
    assert has_signed(key.public_key, DATA, signature)
    # When anything of it is another, it is not
    assert not has_signed(key.public_key, DATA + b".", signature)
    assert not has_signed(create().public_key, DATA, signature)
    assert not has_signed(key.public_key[:-1] + ("A" if key.public_key[-1] != "A" else "B"), DATA, signature)


@pytest.mark.parametrize("signature", [b"", bytes(64), bytes(63), b"\xff" * 64, b"\xff" * 200])
def test_what_is_no_signature_signs_nothing(signature: bytes) -> None:
    assert not has_signed(create().public_key, DATA, signature)


@pytest.mark.parametrize("raw", [bytes(32), b"\x01" + bytes(31), b"\xec" + b"\xff" * 30 + b"\x7f"])
def test_a_key_that_would_sign_everything_is_none(raw: bytes) -> None:
    # Given a point of small order: with it, some signatures fit any data
    assert not has_signed(public(raw), DATA, raw + bytes(32))


@pytest.mark.parametrize("key", ["", "U", "Ü" * 56, "U" * 56, "UABC", public(bytes(31))])
def test_what_is_no_key_has_signed_nothing(key: str) -> None:
    assert not has_signed(key, DATA, bytes(64))
