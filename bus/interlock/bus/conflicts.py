"""What a "superseded" means: looks at what stands behind the expected sequence. Publishes nothing.

Three things can stand there: our own first copy, when the append was repeated with that one's fate unknown;
answers of the server that somebody misdirected there (`echoes`), which are nobody's; or another's record.
"""

from interlock.bus import jetstream
from interlock.bus.append import Append
from interlock.bus.echoes import is_echo
from interlock.bus.errors import BusError, NotPermitted, Superseded, Unreachable
from interlock.bus.ports import Ack, Record
from interlock.bus.requests import Requests

MOST_READ = 64


async def examine(requests: Requests, append: Append, superseded: Superseded) -> Ack | BusError | int:
    """Return our own first copy's acknowledgement, the error to raise, or the last of nothing but echoes."""
    expected_seq = append.expected_subject_seq or 0
    try:
        echoes = await _echoes_behind(requests, append.watched, expected_seq)
        last_seq = echoes[-1] if echoes else expected_seq
        behind = await jetstream.message(requests, seq=last_seq + 1, next_by_subj=append.watched)
        if behind is None:
            return last_seq if echoes else superseded
        own = await _own_copy(requests, append, behind) if append.repeated else None
    except NotPermitted:
        return superseded
    except BusError:
        sentence = f"whether {append.subject} was stored before the connection broke is unknown"
        return Unreachable(sentence) if append.repeated else superseded
    return superseded if own is None else Ack(own.seq, duplicate=True)


async def _echoes_behind(requests: Requests, watched: str, expected_seq: int) -> list[int]:
    echoes: list[int] = []
    for _ in range(MOST_READ):
        last_seq = echoes[-1] if echoes else expected_seq
        stored = await jetstream.message(requests, seq=last_seq + 1, next_by_subj=watched)
        if stored is None or not is_echo(stored.data):
            break
        echoes.append(stored.seq)
    return echoes


async def _own_copy(requests: Requests, append: Append, behind: Record) -> Record | None:
    """Find our first copy: it is what stands behind, or stands before what broke its condition."""
    if append.watched == append.subject:
        return behind if behind.data == append.data else None
    seq = append.expected_subject_seq or 0
    for _ in range(MOST_READ):
        stored = await jetstream.message(requests, seq=seq + 1, next_by_subj=append.subject)
        if stored is None or stored.seq > behind.seq:
            return None
        if stored.data == append.data:
            return stored
        seq = stored.seq
    return None
