"""What a "superseded" means: looks at what stands behind the expected sequence. Publishes nothing.

Three things can stand there: our own first copy, when the append was repeated after a broken connection;
answers of the server that somebody misdirected there (`echoes`), which are nobody's; or another's record.
"""

from interlock.bus import jetstream
from interlock.bus.echoes import is_echo
from interlock.bus.errors import BusError, NotPermitted, Superseded, Unreachable
from interlock.bus.ports import Ack
from interlock.bus.requests import Requests

MOST_ECHOES = 64


async def examine(
    requests: Requests,
    subject: str,
    data: bytes,
    expected_seq: int,
    superseded: Superseded,
    *,
    repeated: bool,
) -> Ack | BusError | int:
    """Return our own first copy's acknowledgement, the error to raise, or the last of nothing but echoes."""
    last = expected_seq
    try:
        for _ in range(MOST_ECHOES):
            stored = await jetstream.message(requests, seq=last + 1, next_by_subj=subject)
            if stored is None:
                break
            if not is_echo(stored.data):
                ours = repeated and stored.data == data
                return Ack(stored.seq, duplicate=True) if ours else superseded
            last = stored.seq
    except NotPermitted:
        return superseded
    except BusError:
        sentence = f"whether {subject} was stored before the connection broke is unknown"
        return Unreachable(sentence) if repeated else superseded
    return last if last > expected_seq else superseded
