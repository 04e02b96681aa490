"""Bilinear sampling of many small images at once: positions in fixed point, 256 steps to a pixel.

An image of h x w pixels lies in h + 1 rows of w + 1 numbers, the first row and column zero. Images follow each other,
so what is right of a row and below an image is the zero that comes next: outside is 0, without a special case.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nncli.network.params import Array

STEPS = 256
"""Steps per pixel: fractions are bytes, so that weights and bytes of images multiply exactly in 32 bits."""
HALF = 0.5
"""Added to positions: they are cut off to whole steps."""
ODD, EVEN = np.uint32(0x00FF00FF), np.uint32(0xFF00FF00)
"""The two columns of four neighbors packed as c d a b, from the highest byte (a b above c d)."""


class Sampler:
    """Samples groups of up to `rows` images of one shape; all its buffers are made once.

    `aim` takes the positions of a group, `sample` the images of any of its rows, as often as wanted.
    """

    PIXEL_BYTES = 44
    """Of buffers, for each pixel of a group: about, its positions counted."""

    def __init__(self, shape: tuple[int, int], rows: int) -> None:
        self.shape, self.rows = shape, rows
        height, width = shape
        self._stride = width + 1
        self._size = (height + 1) * self._stride
        pixels = height * width
        self._weights = np.empty((2, rows, pixels), np.uint32)
        self._index = np.empty((rows, pixels), np.intp)
        self._heads = np.arange(rows, dtype=np.int32)[:, None] * np.int32(self._size)
        # behind the last image there are zeros for the neighbors of what lies beyond its corner
        self._padded = rows * self._size + 2 * self._stride + 2
        self._bytes = np.zeros(self._padded, np.uint8)
        self._pairs = np.empty(self._padded, np.uint16)
        self._quads = np.zeros(self._padded, np.uint32)
        self._work = np.empty((3, rows, pixels), np.uint32)
        self._floats: dict[str, Array] = {}

    def aim(self, positions: Array) -> None:
        """Positions (2, rows, h*w) of every pixel's source, row before column, in steps; they are overwritten."""
        for axis, size in zip(positions, self.shape, strict=True):
            np.clip(axis, 0, (size + 1) * STEPS, out=axis)
        steps = self._work[:2]
        np.copyto(steps.view(np.int32), positions, casting="unsafe")
        np.bitwise_and(steps, STEPS - 1, out=self._weights)
        steps >>= 8
        index, columns = steps.view(np.int32)
        index *= self._stride
        index += columns
        index += self._heads
        np.copyto(self._index, index)

    def sample(self, images: Array, first: int, scale: float, out: Array) -> None:
        """out = images / scale at the positions of rows `first`, ...; images and out are (n, h*w)."""
        rows = slice(first, first + len(images))
        if images.dtype == np.uint8:
            self._sample_bytes(images, rows, scale, out)
        else:
            self._sample_floats(images, rows, scale, out)

    def _place(self, images: Array, rows: slice, flat: Array) -> None:
        """Put images between the zeros of `flat`."""
        height, width = self.shape
        grid = flat[: self.rows * self._size].reshape(-1, height + 1, self._stride)
        grid[rows, 1:, 1:] = images.reshape(-1, height, width)

    def _sample_bytes(self, images: Array, rows: slice, scale: float, out: Array) -> None:
        """Four neighbors are one uint32, so that a pixel takes one np.take; both rows are interpolated at once.

        a, b above c, d; weights u, v of 256: top + 2^16 bottom = 256 (a + 2^16 c) + u (b + 2^16 d - a - 2^16 c), and
        the same again downward. Carries between the halves cancel: the sums are exact modulo 2^32, and below 2^24.
        """
        self._pack(images, rows)
        down, right = self._weights[:, rows]
        low, high, scratch = self._work[:, : len(images)]
        np.take(self._quads, self._index[rows], out=low, mode="clip")
        np.bitwise_and(low, ODD, out=high)
        low &= EVEN
        # the even bytes are 256 (a + 2^16 c) as they stand
        high -= np.right_shift(low, 8, out=scratch)
        high *= right
        low += high
        np.right_shift(low, 16, out=high)
        low &= np.uint32(0xFFFF)
        high -= low
        high *= down
        low <<= 8
        low += high
        kind: Any = out.dtype
        share = 1 / (scale * STEPS**2)
        np.multiply(low.view(np.int32), share, out=out, dtype=kind, casting="same_kind")

    def _pack(self, images: Array, rows: slice) -> None:
        """quads[k] = p[k+1] + 2^8 p[k] + 2^16 p[k+stride+1] + 2^24 p[k+stride]."""
        self._place(images, rows, self._bytes)
        head, stop = rows.start * self._size, rows.stop * self._size
        stop_pairs = stop + self._stride + 1
        pairs = self._pairs[head:stop_pairs]
        np.copyto(pairs, self._bytes[head:stop_pairs])
        pairs <<= 8
        pairs |= self._bytes[head + 1 : stop_pairs + 1]
        quads = self._quads[head : stop + 1]
        np.copyto(quads, self._pairs[head + self._stride : stop + self._stride + 1])
        quads <<= 16
        quads |= self._pairs[head : stop + 1]

    def _sample_floats(self, images: Array, rows: slice, scale: float, out: Array) -> None:
        """The same with four takes, in the precision of `out`."""
        kind = out.dtype
        flat = self._floats.setdefault(kind.name, np.zeros(self._padded, kind))
        self._place(images, rows, flat)
        down, right = (self._weights[:, rows] / kind.type(STEPS)).astype(kind, copy=False)
        index = self._index[rows]
        top = _between(flat[index], flat[index + 1], right)
        index = index + self._stride
        bottom = _between(flat[index], flat[index + 1], right)
        np.multiply(_between(top, bottom, down), kind.type(1 / scale), out=out)


def _between(low: Array, high: Array, weight: Array) -> Array:
    return low + weight * (high - low)
