"""Reads a file of TOML that a person wrote; whatever is wrong becomes one sentence. It knows no use of it."""

import tomllib
from pathlib import Path
from typing import Any

from interlock.console.errors import BadInput

MOST_BYTES = 1_000_000


def read_toml(path: Path, *, like: str) -> dict[str, Any]:
    """Return what a file says; raises BadInput with file, place and remedy. `like` shows what one holds."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}; name a file that holds {like}") from error
    if len(data) > MOST_BYTES:
        raise BadInput(f"{path} has more than {MOST_BYTES:,} bytes: is it the right file?")
    try:
        return tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: byte {error.start} is not UTF-8 text; save it as UTF-8") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadInput(f"{path} is not TOML: {error}; write it like: {like}") from error
