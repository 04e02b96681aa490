"""Loss, accuracy or errors against epochs: the splits of one run, or several runs on the same axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from nncli.report.figures import (
    COLORS,
    GRAY,
    SPLIT_COLORS,
    SPLIT_LINES,
    colors,
    legible,
    new_figure,
)
from nncli.report.labels import labels
from nncli.report.panels import PANELS, panel_title
from nncli.report.scales import LOWEST_R2, scale_figure
from nncli.report.subject import NotDrawnError, Subject
from nncli.training.records import column

FEW = 15
"""Up to so many records each one gets a dot; a single record would not show otherwise."""
KEPT: dict[str, Any] = {"marker": "o", "ms": 9, "mfc": "none", "mec": "black", "ls": ""}
"""A ring at the epoch whose parameters were kept."""
MANY = len(COLORS)
"""Of more runs than this only one split is drawn."""
MOST_NAMED = 24
"""Runs that the legend names; the best, where they come from a sweep."""


def draw(subjects: Sequence[Subject]) -> Figure:
    """A panel for each kind of figure that a run has recorded."""
    shown = [subject for subject in subjects if subject.records]
    if not shown:
        raise NotDrawnError("there are no records yet")
    splits = _splits(shown)
    panels = [name for name in PANELS if any(_has(each, s, name) for each in shown for s in splits)]
    if not panels:
        raise NotDrawnError("no record holds a finite figure")
    palette = colors(len(shown))
    handles = _handles(shown, splits, palette)
    width = 2.6 + 4.2 * len(panels)
    columns = _columns(handles, width)
    height = 4.4 + 0.3 * -(-len(handles) // columns)
    figure = new_figure(width, height, _title(shown, splits))
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for panel, ax in zip(panels, axes, strict=True):
        for subject, color in zip(shown, palette, strict=True):
            _lines(ax, subject, splits, panel, color if len(shown) > 1 else None)
            if len(shown) <= MANY:
                _mark_kept(ax, subject, splits, panel)
        _dress(ax, panel, panel_title(panel, shown[0].targets))
    figure.legend(handles=handles, loc="outside lower left", ncols=columns)
    return figure


def _splits(subjects: Sequence[Subject]) -> list[str]:
    """The splits that are drawn: all that are recorded, but of many runs one, lest nobody finds a line."""
    have = [split for split in SPLIT_COLORS if any(_has(each, split, "loss") for each in subjects)]
    if len(subjects) <= MANY or not have:
        return have
    return [next(split for split in ("validation", "test", "train") if split in have)]


def _has(subject: Subject, split: str, panel: str) -> bool:
    """Whether some record has this figure."""
    return any(value is not None for value in column(subject.records, f"{split}_{panel}"))


def _title(subjects: Sequence[Subject], splits: Sequence[str]) -> str:
    names = {subject.name for subject in subjects}
    runs = [f"{len(subjects)} runs"] if len(subjects) > 1 else []
    alone = splits if len(subjects) > MANY else []
    return " · ".join([*(names if len(names) == 1 else ()), *runs, *alone])


def _lines(
    axes: Axes, subject: Subject, splits: Sequence[str], panel: str, color: str | None
) -> None:
    """One line for each split: line style by split, color by run, or by split where there is one run."""
    epochs = column(subject.records, "epoch")
    for split in splits:
        if not _has(subject, split, panel):
            continue
        axes.plot(
            epochs,
            list(map(_number, column(subject.records, f"{split}_{panel}"))),
            linestyle=SPLIT_LINES[split] if len(splits) > 1 else "-",
            color=color or SPLIT_COLORS[split],
            marker="o" if len(epochs) <= FEW else "",
            markersize=5,
            gid=f"{split}_{panel}",
        )


def _mark_kept(axes: Axes, subject: Subject, splits: Sequence[str], panel: str) -> None:
    """A ring on each line at the epoch whose parameters were kept, where it is not the last."""
    if subject.kept_epoch is None:
        return
    record = subject.summary["kept"]
    keys = [f"{split}_{panel}" for split in splits if record.get(f"{split}_{panel}") is not None]
    axes.plot([record["epoch"]] * len(keys), [record[key] for key in keys], gid="kept", **KEPT)


def _number(value: float | None) -> float:
    """A figure; a gap where it was not finite, or not recorded."""
    return math.nan if value is None else float(value)


def _dress(axes: Axes, panel: str, title: str) -> None:
    """Title, ticks and scale."""
    axes.set_title(title)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
    epochs = {float(epoch) for line in axes.lines for epoch in np.atleast_1d(line.get_xdata())}
    if len(epochs) == 1:
        axes.set_xlim(min(epochs) - 1, min(epochs) + 1)
    axes.grid(visible=True, axis="y")
    values = np.concatenate([np.asarray(line.get_ydata(), np.float64) for line in axes.lines])
    scale_figure(axes, panel, values)
    if panel == "r2" and np.nanmin(values) < LOWEST_R2:
        axes.set_title(f"R² (below {LOWEST_R2:g}: not shown)")


def _handles(
    subjects: Sequence[Subject], splits: Sequence[str], palette: Sequence[str]
) -> list[Line2D]:
    """For the legend: a color for each run, a line style for each split, and the ring."""
    marked = subjects if len(subjects) <= MANY else []
    epochs = [subject.kept_epoch for subject in marked if subject.kept_epoch is not None]
    at = "kept: epoch " + ", ".join(map(str, epochs))
    ring = [Line2D([], [], label=at, **KEPT)] if epochs else []
    if len(subjects) == 1:
        own = [Line2D([], [], c=SPLIT_COLORS[s], ls=SPLIT_LINES[s], label=s) for s in splits]
        return own + ring
    named = list(zip(labels(subjects), palette, strict=True))
    runs = [Line2D([], [], color=color, lw=5, label=legible(name)) for name, color in named]
    if len(runs) > MOST_NAMED:
        more = f"and {len(runs) - MOST_NAMED} more"
        runs = [*runs[:MOST_NAMED], Line2D([], [], ls="", label=more)]
    if len(splits) == 1:
        return runs + ring
    return runs + ring + [Line2D([], [], color=GRAY, ls=SPLIT_LINES[s], label=s) for s in splits]


def _columns(handles: Sequence[Line2D], width: float) -> int:
    """How many entries of a legend stand beside each other in so many inches."""
    inches = [0.9 + 0.115 * len(str(handle.get_label())) for handle in handles]
    return min(max(1, int(width / max(inches))), len(handles))
