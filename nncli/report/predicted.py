"""Predicted numbers against true ones: a panel for each target of a regression."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nncli.network.params import Array
from nncli.report.figures import GRAY, SPLIT_COLORS, new_figure
from nncli.report.subject import NotDrawnError, Subject
from nncli.words import short

MOST_POINTS = 4000
"""Rows that are drawn, evenly spaced over those of the split."""
MOST_PANELS = 6


def draw(subject: Subject) -> Figure:
    """A point for each row, in the target's own units; on the line, predictions are right."""
    if subject.opened.dataset.task != "regression":
        raise NotDrawnError("this is no regression; its answers are not numbers")
    truth = subject.in_units(subject.opened.rows.y)
    answers = subject.in_units(subject.outputs(subject.z))
    names = subject.opened.dataset.names[:MOST_PANELS]
    title = subject.title("predicted against true")
    figure = new_figure(max(0.6 + 4.6 * len(names), 0.115 * len(title)), 5.4, title)
    for number, axes in enumerate(figure.subplots(1, len(names), squeeze=False)[0]):
        color = SPLIT_COLORS[subject.opened.split]
        _panel(axes, truth[:, number], answers[:, number], color)
        axes.set(xlabel=f"true {short(names[number], 30)}", ylabel="predicted")
    return figure


def _panel(axes: Axes, truth: Array, answers: Array, color: str) -> None:
    both = np.concatenate([truth, answers])
    seen = both[np.isfinite(both)]
    low, high = (float(seen.min()), float(seen.max())) if len(seen) else (0.0, 1.0)
    margin = 0.04 * (high - low) or 1.0
    ends = (low - margin, high + margin)
    step = -(-len(truth) // MOST_POINTS)
    axes.plot(ends, ends, color=GRAY, linewidth=1.2, zorder=0)
    axes.scatter(truth[::step], answers[::step], s=22, linewidth=0, alpha=0.6, color=color)
    axes.set(xlim=ends, ylim=ends)
    axes.set_aspect("equal")
