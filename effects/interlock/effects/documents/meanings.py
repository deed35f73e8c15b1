"""What texts are about, as directions: static word vectors, averaged; they know no grammar and no documents.

The vectors (WordLlama, 256 dimensions, MIT) ship inside the package `wordllama`. Only its two data files are
read: the package itself would load training code and change the process's logging.
"""

import json
import os
import struct
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

PACKAGE = "wordllama"
WEIGHTS = Path("weights", "l2_supercat_256.safetensors")
TOKENS = Path("tokenizers", "l2_supercat_tokenizer_config.json")
DIMENSIONS = 256
TEXT_CHARS = 2_000
# A component of a vector of length 1 is rarely beyond 0.3: as a byte it keeps three digits of a cosine.
STEPS = 400
ROW_BYTES = DIMENSIONS * np.dtype(np.float16).itemsize
# 160 pages of text use 3,000 of 32,000; those that are kept take 5 MiB at most.
ROWS_KEPT = 8_192

Floats = NDArray[np.float32]


def meanings(texts: Sequence[str]) -> Floats:
    """Give each text its direction, a row of length 1 (of zeros for a text without a word)."""
    rows = np.zeros((len(texts), DIMENSIONS), np.float32)
    for place, text in enumerate(texts):
        plain = text[:TEXT_CHARS].encode("utf-8", "replace").decode()
        # One by one: a batch would be spread over threads, which the other processes here need more.
        tokens = _tokenizer().encode(plain, add_special_tokens=False).ids
        if tokens:
            vectors = np.frombuffer(b"".join(map(_vector, tokens)), np.float16).reshape(-1, DIMENSIONS)
            rows[place] = vectors.sum(axis=0, dtype=np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(lengths == 0, 1, lengths)).astype(np.float32)


def packed(rows: Floats) -> bytes:
    """Write directions down, a byte for each component."""
    return np.clip(np.rint(rows * STEPS), -127, 127).astype(np.int8).tobytes()


def cosines(data: bytes, direction: Floats) -> list[float]:
    """Tell how near each of the directions written down is to one, -1 to 1."""
    rows = np.frombuffer(data, np.int8).reshape(-1, DIMENSIONS).astype(np.float32)
    near: list[float] = (rows @ direction / STEPS).tolist()
    return near


@cache
def _tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(_folder() / TOKENS))


class _Weights(NamedTuple):
    """The open file of vectors, and where in it they begin."""

    descriptor: int
    begin: int


@lru_cache(maxsize=ROWS_KEPT)
def _vector(token: int) -> bytes:
    """Read one vector: a file that is mapped would be in memory as a whole, for its words lie scattered."""
    weights = _weights()
    return os.pread(weights.descriptor, ROW_BYTES, weights.begin + token * ROW_BYTES)


@cache
def _weights() -> _Weights:
    descriptor = os.open(_folder() / WEIGHTS, os.O_RDONLY | os.O_CLOEXEC)
    (length,) = struct.unpack("<Q", os.pread(descriptor, 8, 0))
    first, _ = json.loads(os.pread(descriptor, length, 8))["embedding.weight"]["data_offsets"]
    return _Weights(descriptor, 8 + length + first)


@cache
def _folder() -> Path:
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"The package {PACKAGE!r} is missing; install Interlock anew.")
    return Path(spec.submodule_search_locations[0])
