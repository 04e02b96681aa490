"""A drawing on paper, made like the digits of MNIST: light on dark, 20 pixels high or wide, centered by its mass.

Plain steps, each a line or two in any language; a page in a browser must come to the same pixels.

Source: the preparation that LeCun, Cortes and Burges describe for MNIST.
"""

from __future__ import annotations

import numpy as np

from nncli.errors import DataError
from nncli.network.params import Array

SIDE, BOX = 28, 20
"""Pixels of the picture, and of the longer side of the drawing in it."""
FAINT = 32
"""Shades of 255 by which strokes must be darker than the paper."""
MIDDLE = 14.5
"""Where the mean position of the ink is put, from the edge: that is where MNIST's digits have it, half a pixel beyond
the middle."""
INK = 0.25
"""The part of the darkest stroke's darkness from which a pixel is ink."""


def is_drawing(gray: Array) -> bool:
    """Whether a sheet (height, width) holds dark strokes on light paper: its middle shade is nearer to its lightest
    than to its darkest."""
    darkest, paper, lightest = np.percentile(gray, (0.1, 50, 99.9))
    return bool(paper > 0 and paper - darkest >= lightest - paper)


def as_mnist(gray: Array) -> Array:
    """From a sheet (height, width), dark on light, to uint8 (28, 28), light on dark.

    1. ink = paper - gray, where paper is the sheet's middle shade; less than a quarter of the darkest ink is none.
    2. The rectangle that holds all ink is scaled by area averages: its longer side to 20 pixels.
    3. Shades are stretched: the brightest pixel becomes 255.
    4. The rectangle is put, in whole pixels, where the mean position of its ink is that of MNIST's digits.

    Raises DataError where nothing is drawn on it.
    """
    ink = np.median(gray) - gray.astype(np.float64)
    darkest = ink.max()
    if darkest < FAINT:
        raise DataError("nothing is drawn on it: no stroke is darker than the paper")
    ink[ink < INK * darkest] = 0
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    drawn = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = (max(1, round_half_up(side * BOX / max(drawn.shape))) for side in drawn.shape)
    small = averages(drawn.shape[0], height) @ drawn @ averages(drawn.shape[1], width).T
    return centered(small * (255 / small.max()))


def averages(have: int, want: int) -> Array:
    """(want, have): row i holds the share of each of `have` pixels in the i-th of `want` equal stretches of them."""
    edges = np.arange(want + 1) * (have / want)
    pixels = np.arange(have)
    low = np.maximum(edges[:-1, None], pixels)
    high = np.minimum(edges[1:, None], pixels + 1)
    return np.maximum(high - low, 0) * (want / have)


def centered(small: Array) -> Array:
    """A picture of at most 20 x 20 in the middle of 28 x 28 by its mass, as far as it stays inside."""
    picture = np.zeros((SIDE, SIDE), np.uint8)
    top, left = (_offset(small.sum(axis=1 - axis), small.shape[axis]) for axis in (0, 1))
    height, width = small.shape
    picture[top : top + height, left : left + width] = (small + 0.5).astype(np.uint8)
    return picture


def _offset(mass: Array, length: int) -> int:
    """Where a side begins, so that its mean position is at `MIDDLE`."""
    mean = float((mass * (np.arange(length) + 0.5)).sum() / mass.sum())
    return min(max(round_half_up(MIDDLE - mean), 0), SIDE - length)


def round_half_up(number: float) -> int:
    """The nearest whole number, halves up, as Math.round has it."""
    return int(np.floor(number + 0.5))
