"""A picture from anywhere, as a network sees it that was trained on pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nncli.data.drawing import SIDE, as_mnist, is_drawing
from nncli.data.encoding import ImageLook
from nncli.data.pictures import read_picture, read_sheet
from nncli.network.params import Array


def see(source: Path | bytes, look: ImageLook, name: str = "standard input") -> Array:
    """uint8 (height, width, channels): scaled to the look's size, and for a gray network that was trained on a dark
    background, dark strokes on light paper inverted; for one of 28 x 28, made like the digits of MNIST.

    DataError for what is no picture, or has nothing drawn on it.
    """
    if look.dark and look.channels == 1:
        sheet = read_sheet(source, name)
        if is_drawing(sheet):
            return _inverted(sheet, source, look, name)
    return read_picture(source, look, name)


def _inverted(sheet: Array, source: Path | bytes, look: ImageLook, name: str) -> Array:
    if (look.height, look.width) == (SIDE, SIDE):
        return as_mnist(sheet)[:, :, None]
    return 255 - read_picture(source, look, name)


def as_row(pixels: Array, look: ImageLook) -> Array:
    """(1, inputs): bytes as they are where the network was trained on bytes, else from 0 to the number of its white."""
    flat = pixels.reshape(1, -1)
    return flat if look.white == 255 else flat * np.float32(look.white / 255)


def as_pixels(row: Array, look: ImageLook) -> Array:
    """uint8 (height, width, channels): the picture that a row of numbers is, whatever it came from."""
    shades = row.reshape(look.height, look.width, look.channels) * (255 / look.white)
    return shades.clip(0, 255).round().astype(np.uint8)
