"""What can go wrong in admitting: refusals, each with the sentence that stands in the log."""

from interlock.supervisor.errors import SupervisorError


class AccessError(SupervisorError):
    """The access service cannot do its work; the sentence says why and what to do."""


class MalformedSettings(AccessError):
    """Settings of the access service that cannot be used: which, where, and what to write instead."""


class Unproven(AccessError):
    """Credentials that prove nobody: no key, a wrong signature, a token or certificate that does not hold."""


class Unready(AccessError):
    """Whether somebody may come in cannot be told yet, for a reason that is not theirs."""


class NoKeys(AccessError):
    """The keys of an issuer of tokens cannot be read now."""
