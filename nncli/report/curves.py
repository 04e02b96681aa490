"""Loss, accuracy or errors against epochs: the splits of one run, or several runs on the same axes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from nncli.report.figures import GRAY, SPLIT_COLORS, SPLIT_LINES, colors, legible, new_figure
from nncli.report.labels import labels
from nncli.report.subject import NotDrawnError, Subject
from nncli.runs.rundir import Json

PANELS = {"loss": "Loss", "accuracy": "Accuracy", "rmse": "RMSE", "r2": "R²"}
FEW = 15
"""Up to so many records each one gets a dot; a single record would not show otherwise."""
WIDE_RANGE = {"loss": 25, "rmse": 5}
"""What falls by more than this factor is drawn on a logarithmic axis."""
LOWEST_R2 = -1.0


def draw(subjects: Sequence[Subject]) -> Figure:
    """A panel for each kind of figure that a run has recorded."""
    shown = [subject for subject in subjects if subject.records]
    if not shown:
        raise NotDrawnError("there are no records yet")
    panels = [name for name in PANELS if any(_splits(subject, name) for subject in shown)]
    figure = new_figure(2.6 + 4.2 * len(panels), 4.8, _title(shown))
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    palette = colors(len(shown))
    for panel, ax in zip(panels, axes, strict=True):
        for subject, color in zip(shown, palette, strict=True):
            _lines(ax, subject, panel, color if len(shown) > 1 else None)
        _dress(ax, panel)
    _legend(figure, shown, palette)
    return figure


def _title(subjects: Sequence[Subject]) -> str:
    names = {subject.name for subject in subjects}
    runs = [f"{len(subjects)} runs"] if len(subjects) > 1 else []
    return " · ".join([*(names if len(names) == 1 else ()), *runs])


def _splits(subject: Subject, panel: str) -> list[str]:
    """The splits that have this figure in some record."""
    keys = {key for record in subject.records for key, value in record.items() if value is not None}
    return [split for split in SPLIT_COLORS if f"{split}_{panel}" in keys]


def _lines(axes: Axes, subject: Subject, panel: str, color: str | None) -> None:
    """One line for each split: line style by split, color by run, or by split where there is one run."""
    epochs = [record["epoch"] for record in subject.records]
    for split in _splits(subject, panel):
        axes.plot(
            epochs,
            [_number(record, f"{split}_{panel}") for record in subject.records],
            linestyle=SPLIT_LINES[split],
            color=color or SPLIT_COLORS[split],
            marker="o" if len(epochs) <= FEW else "",
            markersize=5,
            gid=f"{split}_{panel}",
        )


def _number(record: Json, key: str) -> float:
    """A figure; a gap where it was not finite, or not recorded."""
    value = record.get(key)
    return math.nan if value is None else float(value)


def _dress(axes: Axes, panel: str) -> None:
    """Title, ticks and scale."""
    axes.set_title(PANELS[panel])
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
    axes.grid(visible=True, axis="y")
    values = np.concatenate([np.asarray(line.get_ydata(), np.float64) for line in axes.lines])
    low, high = np.nanmin(values), np.nanmax(values)
    if panel == "accuracy":
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.6g}%"))
    elif panel == "r2" and low < LOWEST_R2:
        axes.set_ylim(bottom=LOWEST_R2)
        axes.set_title(f"R² (below {LOWEST_R2:g}: not shown)")
    elif high > WIDE_RANGE.get(panel, math.inf) * low > 0:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=9))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())


def _legend(figure: Figure, subjects: Sequence[Subject], palette: Sequence[str]) -> None:
    """Below the panels: a color for each run, a line style for each split."""
    splits = [s for s in SPLIT_COLORS if any(_splits(each, p) for each in subjects for p in PANELS)]
    splits = [s for s in splits if any(s in _splits(each, "loss") for each in subjects)]
    several = len(subjects) > 1
    handles = [
        Line2D([], [], color=GRAY if several else SPLIT_COLORS[s], ls=SPLIT_LINES[s], label=s)
        for s in splits
    ]
    if several:
        named = zip(labels(subjects), palette, strict=True)
        runs = [Line2D([], [], color=color, lw=5, label=legible(label)) for label, color in named]
        handles = runs + handles
    widest = max(len(str(handle.get_label())) for handle in handles) + 6
    columns = max(1, int(figure.get_figwidth() * 8) // widest)
    figure.legend(handles=handles, loc="outside lower left", ncols=min(columns, len(handles)))
