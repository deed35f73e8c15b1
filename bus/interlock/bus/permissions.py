"""What each role may publish and hear: one table; the server enforces it, no payload is trusted.

Nobody but its owner hears an inbox, so nobody can read another's answers; nobody may publish to a foreign
inbox, so nobody can forge an acknowledgement. The server does not check where its own answers go; `echoes`
says what follows. It must not know who has which role.
"""

from collections.abc import Iterable

import msgspec

from interlock.bus.errors import NotPermitted
from interlock.contracts.subjects import (
    BEATS,
    CONTROLS,
    DECISIONS,
    DELEGATIONS,
    ENTITLEMENTS,
    FLEET_DECISIONS,
    INPUTS,
    KILLS,
    LEADS,
    LIVE,
    ROOT,
    STREAM,
    SUBMISSIONS,
)

_ME = "{principal}"
_API = "$JS.API"

_OWN_INBOX = f"_INBOX_{_ME}.>"
_OWN_BEAT = f"{ROOT}.beat.{_ME}"
_OWN_DISPATCHES = f"{ROOT}.do.{_ME}"
_OWN_ANSWERS = f"{ROOT}.taken.*.{_ME}.*"
_ANSWERS_TO_ME = f"{ROOT}.taken.{_ME}.>"
_OWN_LIVE = f"{ROOT}.live.*.*.{_ME}"

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

API_OF_THE_LOG = (
    f"{_API}.INFO",
    f"{_API}.STREAM.NAMES",
    *(f"{_API}.STREAM.{verb}.{STREAM}" for verb in ("CREATE", "UPDATE", "INFO", "MSG.GET")),
    f"{_API}.CONSUMER.CREATE.{STREAM}",
    f"{_API}.CONSUMER.CREATE.{STREAM}.>",
    *(f"{_API}.CONSUMER.{verb}.{STREAM}.*" for verb in ("DELETE", "INFO", "MSG.NEXT")),
)
"""All of JetStream's API that there is for anybody: nothing deletes or purges the log."""


def _reads_only(**filters: str) -> tuple[str, ...]:
    """Return what lets somebody read these subjects of the log, each by a consumer of its name, and no other.

    The server compares the filter in the subject with the one in the request.
    """
    return tuple(
        f"{_API}.CONSUMER.{words}"
        for name, pattern in filters.items()
        for words in (
            f"CREATE.{STREAM}.{_ME}_{name}.{pattern}",
            f"DELETE.{STREAM}.{_ME}_{name}",
            f"MSG.NEXT.{STREAM}.{_ME}_{name}",
        )
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


_VIEWS = Permissions(
    publish=(_OWN_BEAT, *_READ_LOG, *_READ_LOG_WITH_ANY_CLIENT),
    subscribe=(_OWN_INBOX, "_INBOX.>", INPUTS, DECISIONS, LIVE, BEATS, LEADS),
)


def _says(*kinds: str) -> Permissions:
    """Return the permissions of a person who may look at everything, and say these things."""
    own = tuple(f"{ROOT}.in.{_ME}.{kind}" for kind in kinds)
    return Permissions((*own, *_VIEWS.publish), _VIEWS.subscribe)


_SUBMITS = ("task.submit",)
_OPERATES = tuple(
    f"control.{verb}.>" for verb in ("pause", "drain", "kill", "resume", "raise", "limit", "autonomy")
)
_ANSWERS = ("human.>",)

PROCESSES: dict[str, Permissions] = {
    "agent": Permissions(
        publish=(
            *(f"{ROOT}.in.{_ME}.agent.{verb}" for verb in ("hello", "bye")),
            *(f"{ROOT}.in.{_ME}.agent.{verb}.*" for verb in ("effect", "result", "failed", "stopped")),
            _OWN_BEAT,
            _OWN_LIVE,
            _OWN_ANSWERS,
        ),
        subscribe=(_OWN_INBOX, _OWN_DISPATCHES, f"{ROOT}.outcome.{_ME}.*", KILLS),
    ),
    "effects": Permissions(
        publish=(
            f"{ROOT}.in.{_ME}.effect.>",
            f"{ROOT}.outcome.*.{_ME}",
            _OWN_BEAT,
            _OWN_LIVE,
            _OWN_ANSWERS,
            *_reads_only(
                controls=CONTROLS, entitled=ENTITLEMENTS, delegated=DELEGATIONS, submitted=SUBMISSIONS
            ),
        ),
        subscribe=(_OWN_INBOX, _OWN_DISPATCHES, CONTROLS, LEADS),
    ),
    "supervisor": Permissions(
        publish=(
            f"{ROOT}.in.{_ME}.supervisor.>",
            DECISIONS,
            f"{ROOT}.do.*",
            _OWN_BEAT,
            f"{ROOT}.lead.{_ME}",
            f"{_API}.STREAM.CREATE.{STREAM}",
            f"{_API}.STREAM.UPDATE.{STREAM}",
            *_READ_LOG,
        ),
        subscribe=(_OWN_INBOX, INPUTS, DECISIONS, LIVE, _ANSWERS_TO_ME, BEATS),
    ),
    "access": Permissions(
        publish=(
            f"{ROOT}.in.{_ME}.access.>",
            _OWN_BEAT,
            *_reads_only(controls=CONTROLS, fleet=FLEET_DECISIONS),
        ),
        subscribe=(_OWN_INBOX, CONTROLS),
    ),
    "guard": Permissions(
        publish=(
            f"{ROOT}.in.{_ME}.guard.>",
            _OWN_BEAT,
            *_reads_only(controls=CONTROLS, fleet=FLEET_DECISIONS),
        ),
        subscribe=(_OWN_INBOX, CONTROLS),
    ),
}
"""Roles of processes: each has one."""

PEOPLE: dict[str, Permissions] = {
    "viewer": _VIEWS,
    "submitter": _says(*_SUBMITS),
    "operator": _says(*_OPERATES),
    "approver": _says(*_ANSWERS),
    "admin": _says(*_SUBMITS, *_OPERATES, *_ANSWERS, "control.release.fleet", "control.canary.>"),
}
"""Roles of people, who may have several."""

ROLES: dict[str, Permissions] = PROCESSES | PEOPLE


def permissions_of(principal: str, roles: Iterable[str]) -> Permissions:
    """Return what a principal may do in its roles; raise NotPermitted for roles that nobody can have."""
    wanted = tuple(dict.fromkeys(roles))
    unknown = [role for role in wanted if role not in ROLES]
    if unknown or not wanted:
        raise NotPermitted(
            f"{principal} cannot have the role {', '.join(map(repr, unknown)) or 'of nobody'}: "
            f"there are {', '.join(ROLES)}"
        )
    if len(wanted) > 1 and not all(role in PEOPLE for role in wanted):
        raise NotPermitted(f"{principal} cannot be {' and '.join(wanted)}: a process has one role")
    parts = [ROLES[role].of(principal) for role in wanted]
    return Permissions(
        tuple(dict.fromkeys(pattern for part in parts for pattern in part.publish)),
        tuple(dict.fromkeys(pattern for part in parts for pattern in part.subscribe)),
    )
