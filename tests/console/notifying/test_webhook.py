"""A webhook whose receiver is hardly there, or nobody's whom anybody vouches for."""

from pathlib import Path

import pytest
import uvloop
from tests.effects.vanishing import vanishing
from tests.supervisor.access.issuer import Authority, serving

from interlock.console.notifying.errors import NotDelivered
from interlock.console.notifying.webhook import Hook


def test_a_connection_that_is_gone_as_soon_as_it_stands_is_tried_again_later() -> None:
    async def post() -> None:
        with vanishing() as url:
            hook = Hook(url)
            with pytest.raises(NotDelivered, match="no answer"):
                await hook.post(b"{}", {})
            await hook.close()

    uvloop.run(post())


async def test_why_nobody_answers_is_said_without_the_address(tmp_path: Path) -> None:
    authority, asked = Authority(tmp_path), list[str]()
    async with serving(authority, [b""], asked) as url:
        reasons = [(url, "nobody vouches for its certificate; name a file of who does: ca = …")]
        reasons.append((url.replace("https", "http"), r"no answer \(RemoteProtocolError\)"))
        for address, reason in reasons:
            await _is_refused(address, reason)
        # Whom its authority vouches for is told
        hook = Hook(url, str(authority.file))
        await hook.post(b"{}", {})
        await hook.close()
    assert len(asked) == 1
    await _is_refused(url, "nobody listens there")
    await _is_refused("https://nowhere.invalid/", "no machine has its name")


async def _is_refused(address: str, reason: str) -> None:
    hook = Hook(address)
    with pytest.raises(NotDelivered, match=f"^{reason}$"):
        await hook.post(b"{}", {})
    await hook.close()
