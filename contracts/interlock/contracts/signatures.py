"""Whether the owner of a public nkey has signed something: Ed25519. Whose key it is, it does not know."""

import base64
import binascii

from nacl.exceptions import CryptoError
from nacl.signing import VerifyKey

PUBLIC_BYTES = 35


def has_signed(public_key: str, data: bytes, signature: bytes) -> bool:
    """Tell whether the owner of a public key, of any kind, has signed this.

    A public key is base32 of a byte for its kind, 32 bytes, and their checksum (CRC-16/XMODEM, low byte
    first): https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/nkey_auth.
    """
    try:
        raw = base64.b32decode(public_key)
        if len(raw) != PUBLIC_BYTES or binascii.crc_hqx(raw[:-2], 0).to_bytes(2, "little") != raw[-2:]:
            return False
        VerifyKey(raw[1:-2]).verify(data, signature)
    except (CryptoError, ValueError):
        return False
    return True
