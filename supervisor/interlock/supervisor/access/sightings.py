"""Reads what the server says in its log about attempts that it refused. Pure: a line in, a sighting out.

The server quotes what a client has named (Go's %q), so no client can write a line, or a part of one, of its
own. It must not know where the lines come from, nor how often what is said.

Source: nats-server 2.15, client.go and auth.go (the lines, not their format, are documented).
"""

import re

import msgspec

from interlock.contracts.message import line as cut
from interlock.contracts.observed import ViolatedBy

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_LINE = re.compile(
    rf"(?:\[\d+\] )?\S+ \S+ \[(?P<level>[A-Z]{{3}})\] \S+ - cid:(?P<cid>\d+)"
    rf"(?: - (?P<first>{_QUOTED}))?(?: - (?P<second>{_QUOTED}))? - (?P<said>.*)"
)
_USER = re.compile(r'"(?P<account>[^/"]+)/(?:user|nkey|token):(?P<user>[^"]*)"')
_SUBJECT = re.compile(rf"Subject ({_QUOTED})")
_NKEY = re.compile(r'Nkey "([A-Z0-9]+)"')
MOST_LINE_CHARS = 8_192

_SAID: tuple[tuple[str, ViolatedBy], ...] = (
    ("Publish Violation", "publish"),
    ("Subscription Violation", "subscribe"),
    ("maximum payload exceeded", "payload"),
    ("maximum control line exceeded", "payload"),
    ("maximum subscriptions exceeded", "flood"),
    ("maximum account active connections exceeded", "flood"),
    ("maximum connections exceeded", "flood"),
    ("Slow Consumer Detected", "flood"),
    ("Client parser ERROR", "payload"),
    ("message headers not supported", "payload"),
    ("authentication error", "connect"),
    ("Authentication Timeout", "connect"),
)
SHOWN_CHARS = 12


class Sighting(msgspec.Struct, frozen=True):
    """One attempt: by a connection of this server, in this account (empty: it never got so far)."""

    cid: int
    action: ViolatedBy
    account: str = ""
    user: str = ""
    target: str = ""
    detail: str = ""


def read_line(text: str) -> Sighting | None:
    """Return what a line of the server's log tells, or None for one that tells of no attempt."""
    found = _LINE.match(text[:MOST_LINE_CHARS])
    if found is None:
        return None
    said = found["said"]
    action: ViolatedBy | None = next((action for words, action in _SAID if said.startswith(words)), None)
    if action is None:
        return None
    # With a name and a user the user stands last; a client without a name has only the user.
    who = _USER.fullmatch(found["second"] or found["first"] or "")
    return Sighting(
        int(found["cid"]),
        action,
        who["account"] if who else "",
        who["user"] if who else "",
        cut(_target(said)),
        "" if action in ("publish", "subscribe") else cut(_without_content(said)),
    )


def _target(said: str) -> str:
    subject = _SUBJECT.search(said)
    if subject is not None:
        return _unquoted(subject[1])
    key = _NKEY.search(said)
    if key is not None:
        return f"nkey {key[1][:SHOWN_CHARS]}"
    return _without_content(said).partition(":")[0].partition(" - ")[0]


def _without_content(said: str) -> str:
    """Return what the server says without the bytes that the client had sent."""
    return said.partition(", state=")[0]


def _unquoted(quoted: str) -> str:
    return re.sub(r"\\(.)", r"\1", quoted[1:-1])
