"""SHA-256 of source bytes, sampled where there are more than 1 GiB of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nncli.data.dataset import Fingerprint
from nncli.network.params import Array

WHOLE = 1 << 30
"""Up to this many bytes are hashed whole."""
PIECE = 64 * 1024
PIECES = 1024


def digest(array: Array) -> Fingerprint:
    """Of the array's bytes; above `WHOLE`, of its size (decimal) and `PIECES` evenly spaced pieces."""
    view = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
    if len(view) <= WHOLE:
        return Fingerprint(hashlib.sha256(view).hexdigest())
    state = hashlib.sha256(str(len(view)).encode())
    for start in _pieces(len(view)):
        state.update(view[start : start + PIECE])
    return Fingerprint(state.hexdigest(), sampled=True)


def digest_file(path: Path) -> Fingerprint:
    """Of a file's bytes, as `digest` has it, of which only the pieces are read where it is large."""
    size = path.stat().st_size
    if size <= WHOLE:
        with path.open("rb") as file:
            return Fingerprint(hashlib.file_digest(file, "sha256").hexdigest())
    state = hashlib.sha256(str(size).encode())
    with path.open("rb", buffering=0) as file:
        for start in _pieces(size):
            file.seek(start)
            state.update(file.read(PIECE))
    return Fingerprint(state.hexdigest(), sampled=True)


def _pieces(size: int) -> list[int]:
    """Where the pieces of so many bytes begin."""
    return [number * (size - PIECE) // (PIECES - 1) for number in range(PIECES)]


def combine(parts: Sequence[Fingerprint]) -> Fingerprint:
    """Of several files or arrays: SHA-256 over their digests (32 bytes each) in order."""
    joined = b"".join(bytes.fromhex(part.sha256) for part in parts)
    return Fingerprint(hashlib.sha256(joined).hexdigest(), any(part.sampled for part in parts))
