"""Tells what somebody said from what the server itself wrote.

A client names the subject to which the server answers, and the server checks no permission there. So whoever
may publish anything that is acknowledged, or ask JetStream's API, can make the server write its answer on
any subject, a stored one too: an echo. Echoes have forms that no message of the protocol has, so they are
recognised and never delivered.

What looks at bytes cannot see a redirected delivery of a true record. Its subject betrays that to listeners;
but who may read the log can still have a record stored a second time under its own subject. So a record must
mean nothing when it comes twice.
"""

_ECHOES = (b'{"stream":"INTERLOCK"', b'{"error":{"code":', b'{"type":"io.nats.')


def is_echo(data: bytes) -> bool:
    """Return whether these bytes are an answer that the server wrote."""
    return data.startswith(_ECHOES)
