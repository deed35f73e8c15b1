"""How principals and their keys are listed: a line for each, or data; knows no secret."""

from collections.abc import Iterator, Mapping
from typing import Any

from interlock.bus.principals import Principal

MS_PER_S = 1000
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def lines(known: Mapping[str, Principal], at_ms: int) -> Iterator[str]:
    """Yield a table; `at_ms` is now."""
    if not known:
        return
    yield f"{'principal':<20} {'roles':<24} {'environment':<14} {'good keys':<16} remarks"
    for name, principal in sorted(known.items()):
        ages = ", ".join(
            age((at_ms - key.created_ms) // MS_PER_S)
            for key in principal.keys
            if key.public_key in principal.valid_keys
        )
        yield (
            f"{name:<20} {', '.join(principal.roles):<24} {principal.environment:<14} "
            f"{ages or 'none':<16} {_remarks(principal, at_ms)}"
        ).rstrip()


def fields(name: str, principal: Principal) -> dict[str, Any]:
    """Return a principal as data; times are milliseconds since the epoch, 0: not revoked."""
    return {
        "principal": name,
        "roles": principal.roles,
        "environment": principal.environment,
        "tenants": principal.tenants,
        "tools": principal.tools,
        "models": principal.models,
        "groups": principal.groups,
        "certificate": principal.certificate,
        "charter": principal.charter,
        "revoked_ms": principal.revoked_ms,
        "keys": [
            {"public_key": key.public_key, "created_ms": key.created_ms, "revoked_ms": key.revoked_ms}
            for key in principal.keys
        ],
    }


def age(seconds: int) -> str:
    """Return how old something is, in the largest unit of which it has two: 90 min, 36 h, 3 d."""
    for unit_s, name in _UNITS:
        if seconds >= 2 * unit_s:
            return f"{seconds // unit_s} {name}"
    return f"{max(seconds, 0)} s"


def _remarks(principal: Principal, at_ms: int) -> str:
    only = (
        f"{word} {', '.join(allowed)}"
        for word, allowed in (
            ("tenants", principal.tenants),
            ("tools", principal.tools),
            ("models", principal.models),
            ("groups", principal.groups),
        )
        if allowed
    )
    certificate = f"certificate {principal.certificate}" if principal.certificate else ""
    since = age((at_ms - principal.revoked_ms) // MS_PER_S)
    revoked = f"revoked {since} ago" if principal.revoked_ms else ""
    return "; ".join(filter(None, (revoked, *only, certificate)))
