"""Makes of each channel in a file a way to deliver, with its secrets; it delivers nothing itself."""

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from standardwebhooks import Webhook as Signer

from interlock.bus.clock import now_ms
from interlock.console.errors import BadInput
from interlock.console.notifying.file import Secrets, read_file
from interlock.console.notifying.mail import Postman
from interlock.console.notifying.notice import Notice
from interlock.console.notifying.payloads import for_chats, for_programs
from interlock.console.notifying.settings import Chat, File, Mail, Webhook
from interlock.console.notifying.webhook import Hook

ATTEMPT_S = 10.0
LEAST_SECRET_BYTES = 24
"""As Standard Webhooks asks."""


class Courier(Protocol):
    """One way out."""

    async def deliver(self, notice: Notice) -> None:
        """Deliver once; raises NotDelivered."""
        ...

    async def close(self) -> None:
        """Let go of what is open."""
        ...


class Caller:
    """Calls a program, and signs what it says."""

    def __init__(self, hook: Hook, secret: bytes, page: str) -> None:
        self._hook = hook
        self._signer = Signer(secret)
        self._page = page

    async def deliver(self, notice: Notice) -> None:
        """Deliver once; raises NotDelivered."""
        body = for_programs(notice, self._page)
        at = datetime.fromtimestamp(now_ms() // 1_000, UTC)
        headers = {
            "webhook-id": notice.id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": self._signer.sign(notice.id, at, body.decode()),
        }
        await self._hook.post(body, headers)

    async def close(self) -> None:
        """Let go of what is open."""
        await self._hook.close()


class Chatter:
    """Writes into a chat."""

    def __init__(self, hook: Hook, page: str) -> None:
        self._hook = hook
        self._page = page

    async def deliver(self, notice: Notice) -> None:
        """Deliver once; raises NotDelivered."""
        await self._hook.post(for_chats(notice, self._page), {})

    async def close(self) -> None:
        """Let go of what is open."""
        await self._hook.close()


def read_couriers(path: Path, environment: Mapping[str, str]) -> tuple[File, dict[str, Courier]]:
    """Return what a file says, and a courier for each of its channels; raises BadInput."""
    file = read_file(path)
    secrets = Secrets(path, environment)
    return file, {name: _courier(name, file, secrets, path) for name in file.channels}


def _courier(name: str, file: File, secrets: Secrets, path: Path) -> Courier:
    channel = file.channels[name]
    try:
        match channel:
            case Mail():
                password = secrets.read(name, channel.password) if channel.password else None
                ca = _beside(path, channel.ca)
                return Postman(channel.model_copy(update={"ca": ca or ""}), password, file.url, ATTEMPT_S)
            case Chat():
                return Chatter(Hook(secrets.address(name, channel), _beside(path, channel.ca)), file.url)
            case Webhook():
                key = _key(secrets.read(name, channel.secret), f"{path}: [channels.{name}]")
                return Caller(Hook(secrets.address(name, channel), _beside(path, channel.ca)), key, file.url)
    except ValueError as error:
        raise BadInput(f"{path}: [channels.{name}] {error}") from None
    except OSError as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"{path}: [channels.{name}] ca = {channel.ca!r} cannot be read: {reason}") from error


def _beside(path: Path, ca: str) -> str | None:
    return str(path.parent / Path(ca).expanduser()) if ca else None


def _key(secret: str, where: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = b""
    if len(key) < LEAST_SECRET_BYTES:
        raise BadInput(
            f"{where} its secret is none of Standard Webhooks; make one: "
            'echo "whsec_$(openssl rand -base64 32)"'
        )
    return key
