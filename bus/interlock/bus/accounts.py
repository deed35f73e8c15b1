"""The server's accounts: one for each environment, one of its own; and who is asked whom to admit.

An environment is an account with a log of its own, so nothing crosses. Only the access services stand in the
configuration; the server asks them about everybody else (auth callout), so a change of the directory needs no
reload. New environments and access services need a restart: a server that runs takes no other auth callout.

What of JetStream's API exists in an account is said here, by name. The server does not check where the answer
to a request goes, and an empty status that it writes to `$JS.API.STREAM.DELETE.…` deletes the log; so anybody
who reads could, if deleting and purging were there at all. Nobody needs them.

Source: https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_callout and
https://docs.nats.io/running-a-nats-service/configuration/securing_nats/accounts.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from interlock.bus.permissions import API_OF_THE_LOG, Permissions, permissions_of
from interlock.bus.principals import DEFAULT_ENVIRONMENT, Principal
from interlock.bus.server_keys import ServerKeys

SYSTEM = "system"
"""The server's own account; no environment's can have a name in small letters."""
ASKED_ON = "$SYS.REQ.USER.AUTH"
ASK_S = 2
"""How long the server waits for an access service before it refuses."""

MOST_CONNECTIONS = 4096
MOST_CONNECTIONS_OF_AN_ENVIRONMENT = 2048
MOST_SUBSCRIPTIONS = 256
"""Of one connection; the server ends a connection that wants more."""
MOST_CONSUMERS = 2048
MOST_PENDING_BYTES = 64 * 1024 * 1024
"""What the server keeps for a connection that does not read, before it ends it."""
WRITE_S = 10
MOST_CONTROL_LINE_BYTES = 16 * 1024
"""A connection sends its access token in one line."""
_RESPOND_S = 5

# What an access service asks of the server, and hears from it, in the server's own account.
_SYSTEM_PUBLISH = ("$SYS.REQ.SERVER.*.KICK", "$SYS.REQ.SERVER.*.CONNZ", "$SYS.REQ.SERVER.PING.CONNZ")
_SYSTEM_SUBSCRIBE = (
    ASKED_ON,
    "$SYS.ACCOUNT.*.CONNECT",
    "$SYS.ACCOUNT.*.DISCONNECT",
    "$SYS.ACCOUNT.CLIENT.AUTH.ERR",
    "$SYS.SERVER.*.CLIENT.AUTH.ERR",
)
_NOTHING = "interlock.nothing.>"


class _User(NamedTuple):
    public_key: str
    permissions: Permissions
    responds: bool = False


def account(environment: str) -> str:
    """Return the name of an environment's account."""
    return environment.upper()


def environments(principals: Mapping[str, Principal]) -> tuple[str, ...]:
    """Return the environments of a directory, in order; the default one is always there."""
    return tuple(sorted({DEFAULT_ENVIRONMENT, *(known.environment for known in principals.values())}))


def services(principals: Mapping[str, Principal]) -> tuple[str, ...]:
    """Return the access services of a directory, in order; each serves every environment."""
    return tuple(
        sorted(name for name, known in principals.items() if "access" in known.roles and not known.revoked_ms)
    )


def render(principals: Mapping[str, Principal], keys: ServerKeys) -> str:
    """Return this part of the server's configuration; the keys that it names must have been made."""
    names = services(principals)
    system = _User(keys.system.public_key, _system_permissions(names), responds=True)
    accesses = {
        environment: [
            _User(keys.access(name, environment).public_key, permissions_of(name, ("access",)))
            for name in names
        ]
        for environment in environments(principals)
    }
    known = [system.public_key, *(user.public_key for users in accesses.values() for user in users)]
    callout = f"issuer: {keys.issuer.public_key}, account: {SYSTEM}, auth_users: {_json(known)}"
    return "\n".join(
        (
            "# Written from the directory of principals; a change here is lost.",
            f"max_connections: {MOST_CONNECTIONS}",
            f"max_control_line: {MOST_CONTROL_LINE_BYTES}",
            f"max_pending: {MOST_PENDING_BYTES}",
            f'write_deadline: "{WRITE_S}s"',
            "accounts {",
            _system_account(system),
            *(_environment_account(environment, users) for environment, users in accesses.items()),
            "}",
            f"system_account: {SYSTEM}",
            "authorization {",
            f"  timeout: {ASK_S}",
            f"  auth_callout {{ {callout} }}",
            "}",
            "",
        )
    )


def _system_permissions(names: Iterable[str]) -> Permissions:
    return Permissions(_SYSTEM_PUBLISH, (*_SYSTEM_SUBSCRIBE, *(f"_INBOX_{name}.>" for name in names)))


def _system_account(user: _User) -> str:
    exports = "".join(f"      {{ service: {_json(subject)} }}\n" for subject in (_NOTHING, *API_OF_THE_LOG))
    return f"  {SYSTEM} {{\n    exports: [\n{exports}    ]\n    users: [\n{_user(user)}    ]\n  }}"


def _environment_account(environment: str, users: Iterable[_User]) -> str:
    # The server adds all of the API to an account that has nothing by this name.
    imports = (
        f'      {{ service: {{ account: {SYSTEM}, subject: {_json(_NOTHING)} }}, to: "$JS.API.>" }}\n'
        + "".join(
            f"      {{ service: {{ account: {SYSTEM}, subject: {_json(subject)} }}, share: true }}\n"
            for subject in API_OF_THE_LOG
        )
    )
    return (
        f"  {account(environment)} {{\n"
        f"    jetstream {{ max_streams: 1, max_consumers: {MOST_CONSUMERS} }}\n"
        f"    limits {{ max_connections: {MOST_CONNECTIONS_OF_AN_ENVIRONMENT},"
        f" max_subscriptions: {MOST_SUBSCRIPTIONS} }}\n"
        f"    imports: [\n{imports}    ]\n"
        f"    users: [\n{''.join(map(_user, users))}    ]\n"
        "  }"
    )


def _user(user: _User) -> str:
    responds = f'        allow_responses: {{ max: 1, expires: "{_RESPOND_S}s" }}\n' if user.responds else ""
    return (
        f"      {{ nkey: {user.public_key}, permissions: {{\n"
        f"        publish: {{ allow: {_json(user.permissions.publish)} }}\n"
        f"        subscribe: {{ allow: {_json(user.permissions.subscribe)} }}\n"
        f"{responds}"
        "      } }\n"
    )


def _json(value: str | Iterable[str]) -> str:
    return msgspec.json.encode(value).decode()
