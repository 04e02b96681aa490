"""SHA-256 of source bytes, sampled where there are more than 1 GiB of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

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
    for number in range(PIECES):
        start = number * (len(view) - PIECE) // (PIECES - 1)
        state.update(view[start : start + PIECE])
    return Fingerprint(state.hexdigest(), sampled=True)


def combine(parts: Sequence[Fingerprint]) -> Fingerprint:
    """Of several files or arrays: SHA-256 over their digests (32 bytes each) in order."""
    joined = b"".join(bytes.fromhex(part.sha256) for part in parts)
    return Fingerprint(hashlib.sha256(joined).hexdigest(), any(part.sampled for part in parts))
