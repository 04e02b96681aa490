"""Small pictures in a terminal: each character shows two pixels, one above the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.text import Text

from nncli.overview import pictures

if TYPE_CHECKING:
    from nncli.data.dataset import Dataset
    from nncli.network.params import Array

SIDE = 16
"""Pixels of a picture's longer side."""
GAP = 2
SHADES = " .:-=+*#%@"
"""From dark to light, where there are no colors."""


def preview(page: Console, dataset: Dataset) -> Text:
    """The first training picture of each class, as many as fit side by side."""
    samples = pictures(dataset, 1000, 1) if dataset.classes else {"": pictures(dataset, 1, 20)[""]}
    images = [image for group in samples.values() for image in group]
    small = [_small(_normal(image, images)) for image in images]
    width = small[0].shape[1]
    count = max(1, (page.width + GAP) // (width + GAP))
    shown, plain = small[:count], page.no_color or page.color_system in (None, "standard")
    lines = [_line(shown, row, plain=plain) for row in range(0, small[0].shape[0] - 1, 2)]
    names = [name[:width].center(width) for name in list(samples)[:count]]
    return Text("\n").join([*lines, Text((" " * GAP).join(names).rstrip(), "bold")])


def _normal(image: Array, images: list[Array]) -> Array:
    """0 to 1, in red, green and blue."""
    brightest = max(float(each.max()) for each in images) or 1.0
    colors = image if image.ndim == 3 else np.repeat(image[:, :, None], 3, axis=2)
    return np.clip(colors / brightest, 0, 1)


def _small(image: Array) -> Array:
    """At most SIDE pixels high and wide, and an even number high, by means over what each one covers."""
    height, width = image.shape[:2]
    shrink = min(1.0, SIDE / max(height, width))
    rows, columns = max(2, 2 * round(height * shrink / 2)), max(1, round(width * shrink))
    return _averaged(_averaged(image, rows).swapaxes(0, 1), columns).swapaxes(0, 1)


def _averaged(image: Array, count: int) -> Array:
    """`count` rows, each the mean of those that it covers."""
    edges = np.linspace(0, len(image), count + 1)
    low = np.floor(edges[:-1]).astype(int)
    high = np.maximum(np.ceil(edges[1:]).astype(int), low + 1)
    return np.stack([image[a:b].mean(axis=0) for a, b in zip(low, high, strict=True)])


def _line(images: list[Array], row: int, *, plain: bool) -> Text:
    """Two rows of pixels of every picture."""
    line = Text()
    for number, image in enumerate(images):
        line.append(" " * GAP if number else "")
        for upper, lower in zip(image[row], image[row + 1], strict=True):
            if plain:
                shade = float((upper + lower).mean() / 2)
                line.append(SHADES[min(int(shade * len(SHADES)), len(SHADES) - 1)])
            else:
                line.append("▀", f"{_color(upper)} on {_color(lower)}")
    return line


def _color(pixel: Array) -> str:
    red, green, blue = (round(255 * float(part)) for part in pixel)
    return f"#{red:02x}{green:02x}{blue:02x}"
