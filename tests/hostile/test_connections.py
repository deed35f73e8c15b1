"""Who tries to come in without being somebody: nothing opens, and the log says what was tried.

The protocol is spoken by hand, for a client of good manners would not say such things.
"""

import asyncio
import base64
import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.hostile.attempts import ME
from tests.hostile.conftest import Scene

from interlock.bus import identity

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="module")]

REFUSED, ADMITTED = b"Authorization Violation", b"PONG"
ANSWER_S = 10.0


async def answer(scene: Scene, *, sign_with: identity.Identity | None = None, **shown: Any) -> bytes:
    """Connect, showing this (and a signature of the server's nonce by that key); return the answer."""
    where = urlsplit(scene.url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    try:
        hello = json.loads((await reader.readline()).removeprefix(b"INFO "))
        if sign_with is not None:
            signature = sign_with.sign(hello["nonce"].encode())
            shown["sig"] = base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
        wish = {"verbose": False, "pedantic": False, "protocol": 1, **shown}
        writer.write(b"CONNECT " + json.dumps(wish).encode() + b"\r\nPING\r\n")
        async with asyncio.timeout(ANSWER_S):
            return await reader.readline()
    finally:
        writer.close()
        await writer.wait_closed()


async def test_a_local_program_without_a_credential_gets_nothing(scene: Scene) -> None:
    assert REFUSED in await answer(scene)
    await scene.recorded("connect", "", principal="")


async def test_a_key_of_nobody_opens_nothing(scene: Scene) -> None:
    stranger = identity.create()
    assert REFUSED in await answer(scene, nkey=stranger.public_key, sign_with=stranger)
    await scene.recorded("connect", stranger.public_key[:12], principal="")


@pytest.mark.parametrize("word", ["admin", "", "null", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9."])
async def test_a_password_or_a_token_of_its_own_making_opens_nothing(scene: Scene, word: str) -> None:
    assert REFUSED in await answer(scene, auth_token=word)
    password: dict[str, Any] = {"pass": word}
    assert REFUSED in await answer(scene, user="alice", **password)
    assert REFUSED in await answer(scene, jwt=word, nkey="UA")


async def test_anothers_public_key_without_its_seed_opens_nothing(scene: Scene) -> None:
    # Given the public key of a person, which is no secret
    person = identity.load(scene.environment.local.state.key_file("alice"))
    own = identity.Identity(scene.seed)
    # When the agent shows it without a signature, or with one of its own, then the server says no
    assert REFUSED in await answer(scene, nkey=person.public_key)
    assert REFUSED in await answer(scene, nkey=person.public_key, sign_with=own)
    # And with the person's own signature it would have said yes
    assert ADMITTED in await answer(scene, nkey=person.public_key, sign_with=person)


async def test_its_own_key_opens_its_own_door(scene: Scene) -> None:
    own = identity.Identity(scene.seed)
    assert ADMITTED in await answer(scene, nkey=own.public_key, sign_with=own, name=ME)
