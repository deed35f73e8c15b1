"""Keeps a run's log as JSON lines, one record each, readable and exact: data stand in it as they were."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from interlock.bus.ports import Record


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One record of the log; `data` is its JSON, byte for byte."""

    seq: int
    time_ms: int
    subject: str
    data: msgspec.Raw
    time_us: int = 0


def save(records: Iterable[Record], path: Path) -> None:
    """Write the records; raises msgspec.DecodeError for one whose data is no JSON."""
    lines: list[bytes] = []
    for record in records:
        msgspec.json.decode(record.data)
        line = Line(record.seq, record.time_ms, record.subject, msgspec.Raw(record.data), record.time_us)
        lines.append(msgspec.json.encode(line))
    path.write_bytes(b"\n".join(lines) + b"\n")


def load(path: Path) -> list[Record]:
    """Read the records back."""
    lines = (msgspec.json.decode(line, type=Line) for line in path.read_bytes().splitlines())
    return [Record(line.seq, line.time_ms, line.subject, bytes(line.data), line.time_us) for line in lines]
