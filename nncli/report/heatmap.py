"""Two keys of a sweep: a cell for each pair of values, or, where the pairs are random numbers, a dot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FuncFormatter

from nncli.report.figures import GRAY, LETTER, legend_below, new_figure
from nncli.report.keys import Key
from nncli.report.scales import LOWEST_R2, WIDE_RANGE, plain, scale_key
from nncli.report.swept import EMPTY, MARKS, RING, Row, Swept, legend_of_marks, mean, ring
from nncli.words import figure as in_figures
from nncli.words import short

FILLED = 0.5
"""Share of all pairs that make a table; fewer are dots in the plane, where both keys are numbers."""
MOST_NUMBERS = 14
"""Columns up to which a number fits into a cell."""
MOST_TICKS = 40
CELL, LINE = 0.92, 0.52
"""Inches of a cell."""
Cells = dict[tuple[int, int], list[Row]]
"""Line and column -> the trials there."""


def applies(swept: Swept) -> bool:
    """Whether two keys were swept, and either their pairs fill a table or both are numbers."""
    if len(swept.keys) != 2:
        return False
    return _is_table(swept) or all(key.kind in ("linear", "log") for key in swept.keys)


def _is_table(swept: Swept) -> bool:
    one, other = (len(key.values) for key in swept.keys)
    return len(swept.groups(swept.keys)) >= FILLED * one * other


def draw(swept: Swept) -> Figure:
    """The metric as color, brighter where it is better, over the two keys."""
    one, other = swept.keys
    means = ", mean over the seeds" if swept.seeds else ""
    title = swept.title(f"{swept.words} over {one.name} and {other.name}{means}")
    if not _is_table(swept):
        return _plane(swept, one, other, title)
    up, across = (one, other) if len(one.values) <= len(other.values) else (other, one)
    return _table(swept, up, across, title)


def _colors(swept: Swept) -> tuple[str, Normalize]:
    """Bright is good; a loss that falls by much runs with its logarithm."""
    values = [each for each in map(mean, swept.groups(swept.keys)) if each is not None]
    values = values or swept.values()
    low, high = min(values), max(values)
    if swept.kind == "r2":
        low = max(low, LOWEST_R2)
    wide = high > WIDE_RANGE.get(swept.kind, np.inf) * low > 0
    name = "viridis" if swept.sign > 0 else "viridis_r"
    return name, LogNorm(low, high) if wide else Normalize(low, high)


def _bar(figure: Figure, axes: Axes, swept: Swept, drawn: Any) -> None:
    bar = figure.colorbar(drawn, ax=axes)
    bar.set_label(swept.words)
    bar.outline.set_visible(False)
    percent = FuncFormatter(lambda value, _: f"{100 * value:.6g}%")
    bar.ax.yaxis.set_major_formatter(percent if swept.kind == "accuracy" else plain)


# A table --------------------------------------------------------------------------------------


def _table(swept: Swept, up: Key, across: Key, title: str) -> Figure:
    lines, columns = len(up.values), len(across.values)
    margin = LETTER * max(map(len, up.labels(24)))
    width = min(max(CELL * columns, 4.5), 13) + 2.6 + margin
    height = min(max(LINE * lines, 1.6), 11) + 2.6
    figure = new_figure(max(width, LETTER * len(title)), height, title)
    axes = figure.subplots()
    cells: Cells = {}
    heights = np.full((lines, columns), np.nan)
    for group in swept.groups([up, across]):
        place = up.order(group[0].point[up.name]), across.order(group[0].point[across.name])
        cells[place], average = group, mean(group)
        heights[place] = np.nan if average is None else average
    cmap, norm = _colors(swept)
    image = axes.imshow(heights, cmap=cmap, norm=norm, aspect="auto", origin="lower")
    _edges(axes, up, across)
    _fill(axes, swept, cells, image, numbers=columns <= MOST_NUMBERS)
    _bar(figure, axes, swept, image)
    legend_below(figure, _entries(swept, missing=lines * columns > len(cells)))
    return figure


def _edges(axes: Axes, up: Key, across: Key) -> None:
    """Names and values of both keys."""
    axes.set(xlabel=short(across.name, 40), ylabel=short(up.name, 40))
    axes.set_facecolor(EMPTY)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    labels = across.labels(18)
    every = -(-len(labels) // MOST_TICKS)
    upright = max(map(len, labels)) * LETTER > CELL or len(labels) > MOST_NUMBERS
    places = range(0, len(labels), every)
    axes.set_xticks(places, labels[::every], rotation=90 if upright else 0)
    labels = up.labels(24)
    every = -(-len(labels) // MOST_TICKS)
    axes.set_yticks(range(0, len(labels), every), labels[::every])


def _fill(axes: Axes, swept: Swept, cells: Cells, image: Any, numbers: bool) -> None:
    """What stands in each cell: the mean in figures, a mark for trials that have not finished, a frame if the best."""
    for (line, column), group in cells.items():
        average = mean(group)
        if average is not None and numbers:
            light = matplotlib.colors.rgb_to_hsv(image.cmap(image.norm(average))[:3])[2] > 0.6
            look: dict[str, Any] = {
                "ha": "center",
                "va": "center",
                "color": "black" if light else "white",
            }
            axes.text(column, line, in_figures(swept.metric, average), fontsize=12, **look)
        marks = [mark for mark in MARKS if any(row.mark == mark for row in group)]
        for number, mark in enumerate(marks):
            _mark(axes, mark, column, line, alone=average is None and not number)
        if any(map(swept.is_best, group)):
            _frame(axes, column, line)


def _frame(axes: Axes, column: int, line: int) -> None:
    """Around the cell of the best setting, to be seen on dark and on light."""
    for color, thick in (("white", 5), ("black", 2.4)):
        look: dict[str, Any] = {"edgecolor": color, "lw": thick, "zorder": 4, "clip_on": False}
        corner = (column - 0.5, line - 0.5)
        axes.add_patch(Rectangle(corner, 1, 1, fill=False, gid="best", **look))


def _mark(axes: Axes, name: str, column: float, line: float, alone: bool) -> None:
    """A mark in the middle of a cell, or beside the figure that stands there."""
    x, y, size = (column, line, 11) if alone else (column + 0.4, line - 0.3, 6)
    axes.plot([x], [y], gid=name, **MARKS[name].look(size))


def _entries(swept: Swept, missing: bool) -> list[Artist]:
    entries = swept.best_entry(
        lambda label: Patch(facecolor="white", edgecolor="black", lw=2, label=label)
    )
    if missing:
        entries.append(Patch(facecolor=EMPTY, edgecolor=GRAY, lw=0.5, label="not in the sweep"))
    return entries + legend_of_marks(swept.placed(swept.keys))


# The plane ------------------------------------------------------------------------------------


def _plane(swept: Swept, across: Key, up: Key, title: str) -> Figure:
    """A dot for each pair of random numbers."""
    width = max(9.6, LETTER * len(title))
    figure = new_figure(width, 6.6, title)
    axes = figure.subplots()
    done = []
    for group in swept.groups([across, up]):
        x, y = (key.place(group[0].point[key.name]) for key in (across, up))
        average = mean(group)
        if average is not None:
            done.append((x, y, average))
        for name in [name for name in MARKS if any(row.mark == name for row in group)]:
            axes.plot([x], [y], gid=name, **MARKS[name].look(9 if average is None else 5))
        if any(map(swept.is_best, group)):
            axes.plot([x], [y], ms=16, gid="best", **RING)
    dots = _dots(axes, swept, done)
    scale_key(axes, across, width - 3)
    scale_key(axes, up, 5.0, along="y")
    axes.margins(0.06)
    axes.grid(visible=True, axis="both")
    axes.set_axisbelow(True)
    _bar(figure, axes, swept, dots)
    legend_below(figure, swept.best_entry(ring) + legend_of_marks(swept.placed([across, up])))
    return figure


def _dots(axes: Axes, swept: Swept, done: Sequence[tuple[float, float, float]]) -> PathCollection:
    """A colored dot at each place."""
    x, y, heights = zip(*done, strict=True) if done else ((), (), ())
    cmap, norm = _colors(swept)
    look: dict[str, Any] = {"s": 90, "edgecolor": GRAY, "linewidth": 0.6, "zorder": 3}
    return axes.scatter(x, y, c=heights, cmap=cmap, norm=norm, gid="trials", **look)
