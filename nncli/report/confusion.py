"""The confusion matrix: how often each class was taken for each."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from nncli.network.metrics import Confusion
from nncli.network.params import Array
from nncli.report.figures import new_figure
from nncli.report.subject import Subject
from nncli.words import short

MOST_NUMBERS = 30
"""Classes up to which a number fits into a cell."""
MOST_NAMES = 60
"""Classes up to which each one's name stands at the edge."""


def draw(subject: Subject) -> Figure:
    """Counts as numbers, the share of the row as color; the color runs with the root of the share, so that a few
    mistakes show beside a full diagonal."""
    names = [short(name, 16) for name in subject.classes]
    counts = Confusion.of(subject.opened.rows.y, subject.answers, len(names)).counts
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    accuracy = np.trace(counts) / counts.sum()
    side = min(max(0.62 * len(names), 3.2), 13)
    margin = 0.09 * max(map(len, names))
    title = subject.title(f"accuracy {accuracy:.2%}")
    # never narrower than the title
    figure = new_figure(max(side + 2.2 + margin, 0.115 * len(title)), side + 1.2 + margin, title)
    axes = figure.subplots()
    image = axes.imshow(share, cmap="Blues", norm=PowerNorm(0.5, 0, 1))
    _edges(axes, names)
    if len(names) <= MOST_NUMBERS:
        _numbers(axes, counts, share, size=13 if len(names) <= 15 else 9)
    bar = figure.colorbar(image, ax=axes, ticks=[0, 0.01, 0.05, 0.2, 0.5, 1], shrink=0.9)
    bar.ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    bar.set_label("share of the row")
    bar.outline.set_visible(False)
    return figure


def _edges(axes: Axes, names: list[str]) -> None:
    """The names of the classes, or where there are too many, the numbers of some."""
    axes.set(xlabel="answer", ylabel="truth")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    if len(names) > MOST_NAMES:
        return
    upright = max(map(len, names)) > 3
    axes.set_xticks(range(len(names)), names, rotation=90 if upright else 0)
    axes.set_yticks(range(len(names)), names)


def _numbers(axes: Axes, counts: Array, share: Array, size: float) -> None:
    """Each count that is not zero, white on dark cells."""
    for truth, answer in np.argwhere(counts):
        color = "white" if share[truth, answer] > 0.3 else "black"
        text = f"{counts[truth, answer]}"
        axes.text(answer, truth, text, ha="center", va="center", color=color, fontsize=size)
