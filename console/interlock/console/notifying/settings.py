"""The file of channels, as TOML that people write: who is told what, and where. It sends nothing."""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from interlock.console.notifying.notice import News
from interlock.contracts.errors import MalformedSubject
from interlock.contracts.people import EscalationKind
from interlock.contracts.subjects import token

MOST_CHANNELS = 16
MOST_NAMES = 64
NEWS: tuple[News, ...] = ("asked", "moved", "resolved")
NUMBER = "{number}"
"""Stands in the address of a page for the number of what is asked."""
_STRICT = ConfigDict(extra="forbid", strict=True, frozen=True)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MAILBOX = r"^[^@\s<>,;:]{1,64}@[^@\s<>,;:]{1,190}$"


def _named(name: str) -> str:
    try:
        return token(name)
    except MalformedSubject as error:
        raise ValueError(str(error)) from error


def _addressed(url: str) -> str:
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good or not url.isprintable() or " " in url:
        raise ValueError("is no address; write one that begins with https://")
    return url


def _page(url: str) -> str:
    if not url:
        return url
    rest = _addressed(url).replace(NUMBER, "")
    if "{" in rest or "}" in rest:
        raise ValueError(
            f"has braces around something else; write {NUMBER} where the number of a question goes"
        )
    return url


Name = Annotated[str, AfterValidator(_named)]
Address = Annotated[str, Field(max_length=2_000), AfterValidator(_addressed)]
Page = Annotated[str, Field(max_length=2_000), AfterValidator(_page)]
Mailbox = Annotated[str, Field(pattern=_MAILBOX)]


class Secret(BaseModel):
    """Where a secret stands: in a file of its own, or in a variable of the environment."""

    model_config = _STRICT

    file: str = ""
    env: str = ""

    @model_validator(mode="after")
    def _one(self) -> "Secret":
        if bool(self.file) == bool(self.env):
            raise ValueError('has to name one place: { file = "hook.secret" } or { env = "HOOK_SECRET" }')
        if self.env and not _VARIABLE.fullmatch(self.env):
            # It may be the secret itself, and is not repeated.
            raise ValueError('names no variable; write one such as { env = "HOOK_SECRET" }')
        return self


class _Channel(BaseModel):
    """For which desks, kinds and news a channel is; empty: for all."""

    model_config = _STRICT

    desks: Annotated[list[Name], Field(max_length=MOST_NAMES)] = []
    kinds: Annotated[list[EscalationKind], Field(max_length=MOST_NAMES)] = []
    news: Annotated[list[News], Field(min_length=1, max_length=len(NEWS))] = [*NEWS]


class _Hook(_Channel):
    """What calls an address over HTTP; `insecure` allows one elsewhere that is not encrypted."""

    url: Annotated[
        Annotated[Address, Tag("~open")] | Annotated[Secret, Tag("~secret")],
        Discriminator(lambda url: "~secret" if isinstance(url, dict) else "~open"),
    ]
    ca: str = ""
    insecure: bool = False

    @model_validator(mode="after")
    def _safe(self) -> "_Hook":
        if isinstance(self.url, str):
            try:
                self.check_address(self.url)
            except ValueError as error:
                raise ValueError(f"url {error}") from None
        return self

    def check_address(self, url: str) -> None:
        """Raise ValueError for an address that may not be called."""
        parts = urlsplit(_addressed(url))
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not self.insecure:
            raise ValueError("is not encrypted; write https://, or beside it: insecure = true")


class Webhook(_Hook):
    """A program that is called, with the signature of Standard Webhooks."""

    kind: Literal["webhook"]
    secret: Secret


class Chat(_Hook):
    """A chat that reads what Slack's incoming webhooks read."""

    kind: Literal["slack"]


class Mail(_Channel):
    """Mailboxes, over a mail server; `none` is a connection that is not encrypted."""

    kind: Literal["email"]
    host: Annotated[str, Field(min_length=1, max_length=253)]
    port: Annotated[int, Field(ge=1, le=65_535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: Secret | None = None
    sender: Mailbox
    to: Annotated[list[Mailbox], Field(min_length=1, max_length=MOST_NAMES)]
    ca: str = ""

    @model_validator(mode="after")
    def _whole(self) -> "Mail":
        if bool(self.username) != (self.password is not None):
            raise ValueError("has a username or a password alone; write both, or neither")
        if self.security == "none" and self.username:
            raise ValueError('would show its password to everybody; write security = "starttls" or "tls"')
        return self


Channel = Annotated[Webhook | Chat | Mail, Field(discriminator="kind")]


class File(BaseModel):
    """The whole file; `url` is a page of people's own that shows a question, and becomes the links."""

    model_config = _STRICT

    url: Page = ""
    channels: Annotated[dict[Name, Channel], Field(min_length=1, max_length=MOST_CHANNELS)]

    @property
    def desks(self) -> frozenset[str]:
        """All desks that a channel names."""
        return frozenset(desk for channel in self.channels.values() for desk in channel.desks)


def said_channel(channel: Webhook | Chat | Mail) -> str:
    """Say in one line what a channel is and is for; an address shows no more than its host."""
    match channel:
        case Mail():
            way = f"e-mail to {len(channel.to)} by {channel.host}:{channel.port}"
        case _:
            host = urlsplit(channel.url).hostname if isinstance(channel.url, str) else "a secret address"
            way = f"{channel.kind} to {host}"
    desks = f"for {', '.join(channel.desks)}" if channel.desks else "for all desks"
    kinds = f"{', '.join(channel.kinds)}" if channel.kinds else "all kinds"
    return f"{way}, {desks}; {kinds}; when {', '.join(channel.news)}"
