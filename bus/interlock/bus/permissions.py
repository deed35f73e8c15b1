"""What each role may publish and hear: one table; the server enforces it, no payload is trusted.

Nobody but its owner hears an inbox, so nobody can read another's answers; nobody may publish to a foreign
inbox, so nobody can forge an acknowledgement. The server does not check where its own answers go; `echoes`
says what follows. It must not know who has which role.
"""

import msgspec

from interlock.bus.errors import NotPermitted
from interlock.contracts.subjects import CONTROLS, DECISIONS, INPUTS, LIVE, ROOT, STREAM

_ME = "{principal}"
_API = "$JS.API"

_OWN_INBOX = f"_INBOX_{_ME}.>"
_OWN_BEAT = f"{ROOT}.beat.{_ME}"
_OWN_DISPATCHES = f"{ROOT}.do.{_ME}"
_OWN_ANSWERS = f"{ROOT}.taken.*.{_ME}.*"
_ANSWERS_TO_ME = f"{ROOT}.taken.{_ME}.>"

_READ_LOG = (
    f"{_API}.STREAM.INFO.{STREAM}",
    f"{_API}.STREAM.MSG.GET.{STREAM}",
    f"{_API}.CONSUMER.CREATE.{STREAM}.>",
    f"{_API}.CONSUMER.DELETE.{STREAM}.*",
    f"{_API}.CONSUMER.MSG.NEXT.{STREAM}.*",
)
# What clients that know nothing of us ask besides: account, stream names, flow control, acknowledgements.
# Never direct reads: see `stream`.
_READ_LOG_WITH_ANY_CLIENT = (
    f"{_API}.INFO",
    f"{_API}.STREAM.NAMES",
    f"{_API}.CONSUMER.CREATE.{STREAM}",
    f"{_API}.CONSUMER.INFO.{STREAM}.*",
    f"$JS.FC.{STREAM}.>",
    f"$JS.ACK.{STREAM}.>",
)


class Permissions(msgspec.Struct, frozen=True):
    """Subject patterns; `{principal}` stands for the one who has the role."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]

    def of(self, principal: str) -> "Permissions":
        """Return the patterns for one principal."""
        return Permissions(
            tuple(pattern.replace(_ME, principal) for pattern in self.publish),
            tuple(pattern.replace(_ME, principal) for pattern in self.subscribe),
        )


ROLES: dict[str, Permissions] = {
    "agent": Permissions(
        publish=(f"{ROOT}.in.{_ME}.agent.>", _OWN_BEAT, LIVE, _OWN_ANSWERS),
        subscribe=(_OWN_INBOX, _OWN_DISPATCHES, CONTROLS),
    ),
    "effects": Permissions(
        publish=(f"{ROOT}.in.{_ME}.effect.>", _OWN_BEAT, LIVE, _OWN_ANSWERS, f"{ROOT}.do.*"),
        subscribe=(_OWN_INBOX, _OWN_DISPATCHES, CONTROLS, _ANSWERS_TO_ME, f"{ROOT}.beat.*"),
    ),
    "supervisor": Permissions(
        publish=(
            f"{ROOT}.in.{_ME}.supervisor.>",
            DECISIONS,
            f"{ROOT}.do.*",
            _OWN_BEAT,
            f"{_API}.STREAM.CREATE.{STREAM}",
            f"{_API}.STREAM.UPDATE.{STREAM}",
            *_READ_LOG,
        ),
        subscribe=(_OWN_INBOX, INPUTS, DECISIONS, LIVE, _ANSWERS_TO_ME, f"{ROOT}.beat.*"),
    ),
    "person": Permissions(
        publish=(
            f"{ROOT}.in.{_ME}.task.>",
            f"{ROOT}.in.{_ME}.control.>",
            f"{ROOT}.in.{_ME}.human.>",
            _OWN_BEAT,
            *_READ_LOG,
            *_READ_LOG_WITH_ANY_CLIENT,
        ),
        subscribe=(_OWN_INBOX, "_INBOX.>", INPUTS, DECISIONS, LIVE, f"{ROOT}.beat.*"),
    ),
}


def permissions_of(principal: str, role: str) -> Permissions:
    """Return what a principal may do in a role; raise NotPermitted for a role that does not exist."""
    if role not in ROLES:
        raise NotPermitted(f"{principal} cannot have the role {role!r}: there are {', '.join(ROLES)}")
    return ROLES[role].of(principal)
