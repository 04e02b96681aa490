"""The wrongly classified images, the most confident mistakes first."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nncli.network.params import Array
from nncli.report.figures import new_figure, picture_axes, short
from nncli.report.subject import Subject

MOST, COLUMNS = 40, 8
CELL, GAP = 1.45, 0.12
"""Inches of an image with its gap, and the share of it that is gap."""
LINE = 0.4
"""Height of the words above an image, in images."""


def draw(subject: Subject) -> Figure:
    """Each image under its truth, the answer it got, and how sure the network was."""
    shape, names = subject.image_shape, subject.classes
    truth, answers = subject.opened.rows.y, subject.answers
    wrong = np.flatnonzero(truth != answers)
    sure = subject.certainty(subject.z[wrong])
    shown = wrong[np.argsort(-sure, kind="stable")][:MOST]
    lines = -(-max(len(shown), 1) // COLUMNS)
    figure = new_figure(
        COLUMNS * CELL + 0.4, lines * CELL * (1 + LINE) + 0.8, _title(subject, wrong)
    )
    axes = picture_axes(figure.subplots())
    images = subject.opened.rows.x[shown].reshape(-1, *shape)
    shares = _shares(subject, shown, answers)
    for place, (row, image) in enumerate(zip(shown, images, strict=True)):
        words = f"{short(names[truth[row]], 9)} → {short(names[answers[row]], 9)}"
        _place(axes, place, image, words + shares[place], (images.min(), images.max()))
    axes.set(xlim=(-0.05, COLUMNS), ylim=(lines * (1 + LINE), 0))
    return figure


def _title(subject: Subject, wrong: Array) -> str:
    if not len(wrong):
        return subject.title("no mistakes")
    which = (
        f"all {len(wrong):,} mistakes"
        if len(wrong) <= MOST
        else f"{MOST} of {len(wrong):,} mistakes"
    )
    return subject.title(f"{which}, the surest first: truth → answer")


def _shares(subject: Subject, shown: Array, answers: Array) -> list[str]:
    """How sure each answer is, where the outputs are shares."""
    if subject.last_activation not in ("softmax", "sigmoid"):
        return [""] * len(shown)
    a = subject.outputs(subject.z[shown])
    if a.shape[1] == 1:
        a = np.concatenate([1 - a, a], axis=1)
    return [f"\n{share:.0%}" for share in a[np.arange(len(shown)), answers[shown]]]


def _place(axes: Axes, place: int, image: Array, words: str, limits: tuple[float, float]) -> None:
    """One image in its cell, its words above it."""
    line, column = divmod(place, COLUMNS)
    top = line * (1 + LINE) + LINE
    height, width = (side / max(image.shape) * (1 - GAP) for side in image.shape)
    extent = (column, column + width, top + height, top)
    axes.imshow(
        image, cmap="gray", vmin=limits[0], vmax=limits[1], extent=extent, interpolation="nearest"
    )
    axes.text(
        column + width / 2,
        top - 0.03,
        words,
        ha="center",
        va="bottom",
        fontsize=12,
        linespacing=1.05,
    )
