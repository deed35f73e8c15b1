"""How far a channel has come in the log, kept in a small file: a restart neither loses nor repeats.

Written before anything further is told, and whole or not at all. It must not know what is told.
"""

import os
from pathlib import Path

import msgspec

from interlock.console.errors import BadInput, NotRunning

LAZY = 512


class _Place(msgspec.Struct):
    """Everything up to record `seq` is told, and of what follows, the notices in `told`."""

    seq: int
    told: tuple[str, ...] = ()


class Position:
    """The position of one channel."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._place: _Place | None = None
        self._kept_seq = 0

    def read(self) -> int | None:
        """Return up to which record everything was told; None: it has never begun.

        Raises BadInput for a file that is damaged.
        """
        try:
            self._place = msgspec.json.decode(self._file.read_bytes(), type=_Place)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as error:
            raise BadInput(
                f"{self._file} does not say how far its channel was ({error}); remove it to begin from now on"
            ) from error
        self._kept_seq = self._place.seq
        return self._place.seq

    def begin(self, seq: int) -> None:
        """Begin after a record."""
        self._keep(_Place(seq))

    def was_told(self, notice: str) -> bool:
        """Tell whether a notice after the last record was told already."""
        return self._place is not None and notice in self._place.told

    def told(self, notice: str) -> None:
        """Note a notice that arrived, or was given up."""
        place = self._place or _Place(0)
        self._keep(_Place(place.seq, (*place.told, notice)))

    def passed(self, seq: int) -> None:
        """Note that a record is done; that is kept now and then."""
        # What was told stands in the file until a later place does; a restart till then reads it again.
        self._place = _Place(seq)
        if seq - self._kept_seq >= LAZY:
            self._keep(self._place)

    def keep(self) -> None:
        """Keep it as it is now."""
        if self._place is not None and self._place.seq > self._kept_seq:
            self._keep(self._place)

    def _keep(self, place: _Place) -> None:
        self._place = place
        self._kept_seq = place.seq
        draft = self._file.with_suffix(".new")
        try:
            with draft.open("wb") as file:
                file.write(msgspec.json.encode(place))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._file)
        except OSError as error:
            raise NotRunning(f"{self._file} cannot be written: {error.strerror}; nobody is told") from error
