"""A picture from anywhere, as a network sees it that was trained on pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nncli.data.drawing import SIDE, as_mnist, is_drawing
from nncli.data.encoding import ImageLook
from nncli.data.files import shown
from nncli.data.pictures import read_picture, read_sheet
from nncli.errors import DataError
from nncli.network.params import Array


def see(source: Path | bytes, look: ImageLook, name: str = "standard input") -> Array:
    """uint8 (height, width, channels), as it is where it could be one of the training pictures.

    Otherwise scaled to their size. Where those are gray on a dark background, dark strokes on light paper are inverted
    as well; where they are of 28 x 28, made like the digits of MNIST.

    DataError for what is no picture, or has nothing drawn on it.
    """
    if look.dark and look.channels == 1:
        sheet = read_sheet(source, name)
        if is_drawing(sheet) and not _as_trained(sheet, look):
            return _inverted(sheet, source, look, name)
    return read_picture(source, look, name)


def _as_trained(sheet: Array, look: ImageLook) -> bool:
    """Whether it has the size and the dark border of the pictures in training: a large light figure is no paper."""
    border = np.concatenate([sheet[0], sheet[-1], sheet[:, 0], sheet[:, -1]])
    return sheet.shape == (look.height, look.width) and border.mean() < sheet.max() / 4


def _inverted(sheet: Array, source: Path | bytes, look: ImageLook, name: str) -> Array:
    if (look.height, look.width) != (SIDE, SIDE):
        return 255 - read_picture(source, look, name)
    try:
        return as_mnist(sheet)[:, :, None]
    except DataError as error:
        where = shown(name if isinstance(source, bytes) else source)
        raise DataError(f"{where}: {error}") from error


def as_row(pixels: Array, look: ImageLook) -> Array:
    """(1, inputs): bytes as they are where the network was trained on bytes, else from 0 to the number of its white."""
    flat = pixels.reshape(1, -1)
    return flat if look.white == 255 else flat * np.float32(look.white / 255)


def as_pixels(row: Array, look: ImageLook) -> Array:
    """uint8 (height, width, channels): the picture that a row of numbers is, whatever it came from."""
    shades = row.reshape(look.height, look.width, look.channels) * (255 / look.white)
    return shades.clip(0, 255).round().astype(np.uint8)
