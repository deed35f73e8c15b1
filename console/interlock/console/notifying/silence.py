"""Why nobody answered, by the kinds of failures alone: their words may hold an address, and that a secret."""

import socket
import ssl
from collections.abc import Iterator

MOST_CAUSES = 16


def silence(failure: BaseException) -> str:
    """Return why in a sentence."""
    for cause in _causes(failure):
        match cause:
            case ssl.SSLCertVerificationError():
                return "nobody vouches for its certificate; name a file of who does: ca = …"
            case ssl.SSLError():
                return "it does not speak TLS there"
            case socket.gaierror():
                return "no machine has its name"
            case ConnectionRefusedError():
                return "nobody listens there"
            case _:
                pass
    return f"no answer ({type(failure).__name__})"


def _causes(failure: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = failure
    for _ in range(MOST_CAUSES):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__ or cause.__context__
