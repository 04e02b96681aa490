"""Pictures of each class side by side: what a network is shown."""

from __future__ import annotations

from matplotlib.figure import Figure

from nncli.data.dataset import Dataset
from nncli.overview import pictures
from nncli.report.figures import new_figure, picture_axes
from nncli.words import short

LINES, COLUMNS = 12, 10
CELL, GAP = 0.7, 0.08
"""Inches of a picture with its gap, and the share of it that is gap."""
NAME = 14


def draw(dataset: Dataset, title: str) -> Figure:
    """The first training pictures of each class, a line for each; of real targets, any."""
    samples = pictures(dataset, LINES, COLUMNS)
    names = [short(name, NAME) for name in samples]
    margin = 0.1 + 0.115 * max(map(len, names), default=0)
    height, width = dataset.image_shape or (1, 1)
    step = height / max(height, width) + GAP
    figure = new_figure(
        COLUMNS * CELL + margin + 0.2,
        len(samples) * step * CELL + 0.8,
        f"{short(title, 30)}: {_which(dataset, len(samples))}",
    )
    axes = picture_axes(figure.subplots())
    wide = width / max(height, width) * (1 - GAP)
    for line, (name, images) in enumerate(zip(names, samples.values(), strict=True)):
        low = line * step
        axes.text(-0.1, low + step / 2, name, ha="right", va="center")
        for column, image in enumerate(images):
            axes.imshow(
                image, cmap="gray", vmin=0, vmax=_brightest(dataset), interpolation="nearest",
                extent=(column, column + wide, low + step - GAP, low),
            )  # fmt: skip
    axes.set(xlim=(-margin / CELL, COLUMNS), ylim=(len(samples) * step, 0))
    return figure


def _which(dataset: Dataset, lines: int) -> str:
    classes = len(dataset.classes or ())
    if not classes:
        return "training pictures"
    return f"{lines} of {classes} classes" if classes > lines else f"{classes} classes"


def _brightest(dataset: Dataset) -> float:
    return float(dataset.splits["train"].x[:1000].max()) or 1.0
