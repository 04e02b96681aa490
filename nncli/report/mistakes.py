"""The wrongly classified images, the most confident mistakes first."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nncli.network.params import Array
from nncli.report.figures import new_figure, picture_axes
from nncli.report.subject import Subject
from nncli.words import short

MOST, COLUMNS = 40, 8
CELL, GAP = 1.45, 0.12
"""Inches of an image with its gap, and the share of it that is gap."""
LINE = 0.14
"""Height of a line of words, in cells."""
SHORT = 3
"""Names up to so many letters stand on one line: 4 → 9."""


def draw(subject: Subject) -> Figure:
    """Each image under its truth, the answer it got, and how sure the network was."""
    shape, names = subject.image_shape, [short(name, 12) for name in subject.classes]
    truth, answers = subject.opened.rows.y, subject.answers
    wrong = np.flatnonzero(truth != answers)
    sure = subject.certainty(subject.z[wrong])
    shown = wrong[np.argsort(-sure, kind="stable")][:MOST]
    between = " → " if max(map(len, names)) <= SHORT else "\n→ "
    shares = _shares(subject, shown, answers)
    words = [
        names[truth[row]] + between + names[answers[row]] + share
        for row, share in zip(shown, shares, strict=True)
    ]
    above = LINE * (1 + max((text.count("\n") for text in words), default=0)) + GAP
    step = above + shape[0] / max(shape) * (1 - GAP)
    lines = -(-max(len(shown), 1) // COLUMNS)
    figure = new_figure(COLUMNS * CELL + 0.4, lines * CELL * step + 0.8, _title(subject, wrong))
    axes = picture_axes(figure.subplots())
    colors = (subject.opened.dataset.channels,) if subject.opened.dataset.channels > 1 else ()
    images = subject.opened.rows.x[shown].reshape(-1, *shape, *colors)
    for place, (text, image) in enumerate(zip(words, images, strict=True)):
        line, column = divmod(place, COLUMNS)
        _place(axes, column, line * step + above, image, text, (images.min(), images.max()))
    axes.set(xlim=(-0.05, COLUMNS), ylim=(lines * step, 0))
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


def _place(
    axes: Axes, left: float, top: float, image: Array, words: str, limits: tuple[float, float]
) -> None:
    """One image in its cell, its words above it."""
    height, width = (side / max(image.shape[:2]) * (1 - GAP) for side in image.shape[:2])
    axes.imshow(
        image,
        cmap="gray",
        vmin=limits[0],
        vmax=limits[1],
        extent=(left, left + width, top + height, top),
        interpolation="nearest",
    )
    axes.text(
        left + width / 2,
        top - 0.03,
        words,
        ha="center",
        va="bottom",
        fontsize=12,
        linespacing=1.05,
    )
