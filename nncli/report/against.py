"""The metric of a sweep against what was swept: one key along an axis, texts below each other, a panel for each key."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nncli import words
from nncli.report.figures import COLORS, GRAY, LETTER, legend_below, new_figure
from nncli.report.keys import Key
from nncli.report.scales import scale_figure, scale_key
from nncli.report.swept import (
    RING,
    SEED,
    Row,
    Swept,
    draw_marks,
    draw_strip,
    legend_of_marks,
    mean,
    ring,
    shown,
)
from nncli.runs.status import FINISHED

COLUMNS, MOST_PANELS = 3, 12
MOST_LINES = 50
"""Texts that are drawn below each other: those of the best trials."""
WIDTH, PANEL = 8.6, 4.6
"""Inches of a picture of one axis, and of a panel of several."""
FAINT = 0.5
"""Dots that may lie on each other, and beside a line."""


def draw(swept: Swept) -> Figure:
    """One key: its metric in full; several: a panel for each."""
    swept.values()
    if len(swept.keys) > 1:
        return _panels(swept)
    (key,) = swept.keys
    return _listed(swept, key) if key.kind == "text" else _alone(swept, key)


def _alone(swept: Swept, key: Key) -> Figure:
    """One axis of numbers: a dot for each trial, a line through the means."""
    title = swept.title(f"{swept.words} against {key.name}")
    width = max(WIDTH, LETTER * len(title))
    figure = new_figure(width, 5.4, title)
    axes = figure.subplots()
    _panel(axes, swept, key, width - 1.2)
    axes.set_ylabel(swept.words)
    draw_strip([axes], swept.rows, upright=True)
    _legend(figure, swept)
    return figure


def _panels(swept: Swept) -> Figure:
    """A panel for each key, the same metric up all of them."""
    keys = swept.keys[:MOST_PANELS]
    count = words.plural(len(swept.keys), "key")
    which = count if len(swept.keys) == len(keys) else f"{len(keys)} of {count}"
    title = swept.title(f"{swept.words} against {which}")
    columns = min(COLUMNS, len(keys))
    lines = -(-len(keys) // columns)
    figure = new_figure(max(PANEL * columns, LETTER * len(title)), 4.0 * lines + 0.8, title)
    grid = figure.subplots(lines, columns, squeeze=False, sharey=True)
    for number, axes in enumerate(grid.flat):
        if number >= len(keys):
            axes.set_axis_off()
            continue
        _panel(axes, swept, keys[number], PANEL - 1.0)
        if number % columns == 0:
            axes.set_ylabel(swept.words)
    draw_strip(list(grid.flat)[: len(keys)], swept.rows, upright=True)
    _legend(figure, swept)
    return figure


def _panel(axes: Axes, swept: Swept, key: Key, inches: float) -> None:
    """All trials against one key: dots, marks for those without a figure, a line, a ring around the best."""
    rows = swept.placed([key])
    places = [key.place(row.point[key.name]) for row in rows]
    done = [(place, row) for place, row in zip(places, rows, strict=True) if row.mark == FINISHED]
    line = _line(swept, key)
    _dots(axes, [place for place, _ in done], [row.value for _, row in done], swept.crowded)
    if line:
        axes.plot(*zip(*line, strict=True), color=COLORS[0], zorder=2, gid="line")
    draw_marks(axes, rows, places, upright=True)
    for row in rows:
        if swept.is_best(row) and shown(row):
            _ring(axes, key.place(row.point[key.name]), swept.height_of_best(key))
    scale_figure(axes, swept.kind, swept.values())
    scale_key(axes, key, inches)
    axes.margins(x=0.06, y=0.08)
    axes.grid(visible=True, axis="y")
    axes.set_axisbelow(True)


def _dots(axes: Axes, x: Sequence[float | None], y: Sequence[float | None], faint: bool) -> None:
    alpha = FAINT if faint else 1
    axes.plot(x, y, "o", ms=7, mew=0, color=COLORS[0], alpha=alpha, zorder=3, gid="trials")  # type: ignore[arg-type]


def _ring(axes: Axes, x: float | None, y: float | None) -> None:
    if x is not None and y is not None:
        axes.plot([x], [y], ms=13, gid="best", **RING)


def _line(swept: Swept, key: Key) -> list[tuple[float, float]]:
    """The mean over the seeds at each value; where other keys differ too, that of the best setting there."""
    if key.kind == "text" or key.name == SEED:
        return []
    heights: dict[float, list[float]] = {}
    for group in swept.groups(swept.keys):  # the best first
        height = mean(group)
        if height is not None:
            heights.setdefault(key.place(group[0].point[key.name]), []).append(height)
    if len(swept.keys) > 1 and all(len(each) == 1 for each in heights.values()):
        return []  # of random points a line would say nothing
    return sorted((place, each[0]) for place, each in heights.items())


def _legend(figure: Figure, swept: Swept) -> None:
    """What a dot, a line, a ring and each mark is."""
    alone = len(swept.keys) == 1
    entries: list[Artist] = []
    if any(line.get_gid() == "line" for axes in figure.axes for line in axes.lines):
        means = "mean over the seeds" if alone else "mean of the best setting at each value"
        label = means if swept.seeds else "" if alone else "the best at each value"
        entries += [Line2D([], [], color=COLORS[0], label=label)] if label else []
    if any(line.get_gid() == "mean" for axes in figure.axes for line in axes.lines):
        look = {"ls": "", "marker": "|", "ms": 14, "mew": 2.4, "color": COLORS[0]}
        entries.append(Line2D([], [], label="mean", **look))  # type: ignore[arg-type]
    look = {"ls": "", "marker": "o", "ms": 7, "mew": 0, "color": COLORS[0]}
    entries.append(Line2D([], [], label="a trial", alpha=FAINT if swept.crowded else 1, **look))  # type: ignore[arg-type]
    ringed = swept.ringed_seed if swept.keys[0].name == SEED else ""
    best = swept.best_entry(lambda label: ring(label + ringed))
    entries += [*best, *legend_of_marks(swept.rows)]
    legend_below(figure, entries)


def _listed(swept: Swept, key: Key) -> Figure:
    """Texts below each other, the best first, the metric along the axis and its mean at the end of the line."""
    groups, which = swept.groups([key]), ""
    if len(groups) > MOST_LINES:
        which, groups = f", {MOST_LINES} of {len(groups)}", groups[:MOST_LINES]
    title = swept.title(f"{swept.words} against {key.name}{which}")
    labels = key.labels()
    names = [labels[int(key.place(group[0].point[key.name]))] for group in groups]
    width = max(7.4 + LETTER * max(map(len, names)), LETTER * len(title))
    figure = new_figure(width, 2.2 + 0.42 * len(groups), title)
    axes = figure.subplots()
    for line, group in enumerate(groups):
        _listed_line(axes, swept, key, group, line)
    scale_figure(axes, swept.kind, swept.values(), along="x")
    axes.set(yticks=range(len(groups)), yticklabels=names, ylim=(len(groups) - 0.4, -0.6))
    axes.set_xlabel(swept.words)
    axes.tick_params("y", length=0)
    axes.margins(x=0.06)
    axes.grid(visible=True, axis="both")
    axes.set_axisbelow(True)
    draw_strip([axes], [row for group in groups for row in group], upright=False)
    _legend(figure, swept)
    return figure


def _listed_line(axes: Axes, swept: Swept, key: Key, group: Sequence[Row], line: int) -> None:
    """The trials of one text, and their mean in figures."""
    done = [row for row in group if row.mark == FINISHED]
    many, average = len(done) > 1, mean(group)
    _dots(axes, [row.value for row in done], [line] * len(done), swept.crowded)
    draw_marks(axes, group, [line] * len(group), upright=False)
    if many:
        look = {"marker": "|", "ms": 18, "mew": 2.4, "color": COLORS[0], "gid": "mean"}
        axes.plot([average], [line], **look)  # type: ignore[arg-type]
    for row in done:
        if swept.is_best(row):
            _ring(axes, swept.height_of_best(key), line)
    told = words.figure(swept.metric, average) if average is not None else ""
    axes.text(1.02, line, told, transform=axes.get_yaxis_transform(), va="center", color=GRAY)
