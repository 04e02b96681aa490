"""What each unit of the first layer looks for: its weights as an image."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.figure import Figure

from nncli.network.params import Array, norms
from nncli.report.figures import new_figure, picture_axes
from nncli.report.subject import Subject

MOST = 64
CLIPPED = 0.5
"""Percent of the weights, the largest, that may lie beyond the ends of the colors."""


def draw(subject: Subject) -> Figure:
    """One tile a unit, all on one scale: white is zero, red positive, blue negative; of colors, their mean."""
    height, width = subject.image_shape
    all_units = subject.opened.weights.params["W1"]
    units = largest(all_units, MOST).reshape(-1, height, width, subject.opened.dataset.channels)
    units = units.mean(axis=-1)
    columns = max(math.ceil(math.sqrt(len(units))), min(len(units), 6))
    tiles = mosaic(units, columns)
    limit = float(np.percentile(np.abs(units), 100 - CLIPPED)) or 1.0
    which = (
        f"{len(units)} units"
        if len(units) == len(all_units)
        else (f"the {len(units)} of {len(all_units):,} units with the largest weights")
    )
    title = f"{subject.name} · first layer, {which}"
    scale = 8.0 / tiles.shape[1]
    figure = new_figure(max(9.6, 0.115 * len(title)), tiles.shape[0] * scale + 0.8, title)
    axes = picture_axes(figure.subplots())
    image = axes.imshow(tiles, cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest")
    bar = figure.colorbar(image, ax=axes, extend="both", shrink=0.7, label="weight")
    bar.outline.set_visible(False)
    return figure


def largest(units: Array, most: int) -> Array:
    """The units with the largest norms, in their order, where there are more than `most`."""
    order = np.argsort(-norms(units, axis=1), kind="stable")
    return units[np.sort(order[:most])]


def mosaic(images: Array, columns: int) -> Array:
    """(n, height, width) images side by side in one array, NaN between them."""
    count, height, width = images.shape
    gap = max(1, height // 14)
    lines = -(-count // columns)
    tiles = np.full((lines * (height + gap) - gap, columns * (width + gap) - gap), np.nan)
    for place, image in enumerate(images):
        top, left = (place // columns) * (height + gap), (place % columns) * (width + gap)
        tiles[top : top + height, left : left + width] = image
    return tiles
