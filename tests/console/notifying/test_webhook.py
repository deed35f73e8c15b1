"""A webhook whose receiver is hardly there."""

import pytest
import uvloop
from tests.effects.vanishing import vanishing

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
