"""Small pictures inside a page: PNG files as data URIs, written with zlib alone."""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode

import numpy as np

from nncli.network.params import Array

MOST_PIXELS = 64
"""The longer side of a picture; what is larger is thinned out."""
RED, BLUE = np.array([178, 24, 43]), np.array([33, 102, 172])
"""Of the largest positive and the largest negative weight."""


def encode(pixels: Array) -> bytes:
    """A PNG file of uint8 pixels: (height, width) grays or (height, width, 3) colors.

    Source: the PNG specification, third edition: chunks of length, name, data and CRC-32, rows without a filter.
    """
    height, width = pixels.shape[:2]
    color = 2 if pixels.ndim == 3 else 0
    rows = np.zeros((height, 1 + pixels[0].size), np.uint8)
    rows[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, color, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*each) for each in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def uri(pixels: Array) -> str:
    """The same as the `src` of an image."""
    step = -(-max(pixels.shape[:2]) // MOST_PIXELS)
    return f"data:image/png;base64,{b64encode(encode(pixels[::step, ::step])).decode()}"


def grays(image: Array, low: float, high: float) -> Array:
    """Numbers between `low` and `high` as uint8 from black to white."""
    shares = (image.astype(np.float64) - low) / ((high - low) or 1.0)
    return np.asarray(np.rint(255 * np.clip(shares, 0, 1)), np.uint8)


def red_and_blue(weights: Array, limit: float) -> Array:
    """(height, width) weights -> (height, width, 3): white is zero, red positive, blue negative, full at `limit`."""
    shares = np.clip(weights.astype(np.float64) / limit, -1, 1)[..., None]
    ends = np.where(shares > 0, RED, BLUE)
    return np.asarray(np.rint(255 + np.abs(shares) * (ends - 255.0)), np.uint8)
