"""The curves of all trials of a sweep on one axis, each in the color of its value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from nncli.report.figures import GRAY, LETTER, colors, legend_below, legible, new_figure
from nncli.report.keys import Key
from nncli.report.scales import plain, scale_figure
from nncli.report.subject import NotDrawnError
from nncli.report.swept import MARKS, RING, Row, Swept, ring
from nncli.runs.status import FINISHED
from nncli.training.records import column
from nncli.words import plural, short

FEW = 15
"""Up to so many records each one gets a dot."""
MOST_NAMED = 10
"""Numbers that a legend names; more of them run along a bar of colors."""
MOST_TEXTS = 24
STYLES = ("-", (0, (4, 1.5)), (0, (1, 1)), (0, (6, 1.5, 1, 1.5)))
"""For the values of a second key, where there are no more."""
STEPS = ListedColormap(
    [matplotlib.colormaps["viridis"](0.92 * step / 255) for step in range(256)], "steps"
)
"""Dark to light, without the yellow that is too pale for a line."""


@dataclass(frozen=True)
class Paint:
    """Which color and which dashes a trial's curve has."""

    key: Key
    second: Key | None
    named: bool
    """Whether a legend names the colors, or a bar shows them."""

    @classmethod
    def of(cls, swept: Swept) -> Paint:
        """By the first key; dashes by a second one of few values, where there are just two."""
        key, *more = swept.keys
        second = more[0] if len(more) == 1 and len(more[0].values) <= len(STYLES) else None
        return cls(key, second, key.kind in ("text", "steps") or len(key.values) <= MOST_NAMED)

    @cached_property
    def palette(self) -> list[str]:
        """A color for each value that is named: in order for numbers, well apart for words."""
        count = len(self.key.values)
        if self.key.kind == "text":
            return colors(count)
        shares = [each / max(count - 1, 1) for each in range(count)]
        return [matplotlib.colors.to_hex(STEPS(share)) for share in shares]

    @cached_property
    def norm(self) -> Normalize:
        """The bar's."""
        low, high = (self.key.place(self.key.values[end]) for end in (0, -1))
        return LogNorm(low, high) if self.key.kind == "log" else Normalize(low, high)

    def color(self, row: Row) -> str:
        """Gray for a trial that has no such key."""
        if self.key.name not in row.point:
            return GRAY
        value = row.point[self.key.name]
        if self.named:
            return self.palette[self.key.order(value)]
        return matplotlib.colors.to_hex(STEPS(self.norm(self.key.place(value))))

    def dashes(self, row: Row) -> object:
        """Solid where there is no second key."""
        if self.second is None or self.second.name not in row.point:
            return "-"
        return STYLES[self.second.order(row.point[self.second.name])]


def draw(swept: Swept) -> Figure:
    """The metric against epochs; how a trial ended that did not finish stands at the end of its line."""
    curves = [(row, _curve(row, swept.metric)) for row in swept.rows]
    drawn = [(row, curve) for row, curve in curves if curve]
    if not drawn:
        raise NotDrawnError("there are no records yet")
    paint = Paint.of(swept)
    title = swept.title(f"{swept.words} by epoch")
    width = max(10.5, LETTER * len(title))
    figure = new_figure(width, 6.0, title)
    axes = figure.subplots()
    many = len(drawn) > 2 * MOST_NAMED
    for row, curve in reversed(drawn):  # the best on top
        _line(axes, row, curve, paint, width=1.2 if many else 2.0)
        if swept.is_best(row):
            _ring(axes, row, dict(curve))
    scale_figure(axes, swept.kind, [value for _, curve in drawn for _, value in curve])
    axes.set(xlabel="epoch", ylabel=swept.words)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, steps=[1, 2, 5, 10]))
    if len({epoch for _, curve in drawn for epoch, _ in curve}) == 1:
        axes.margins(x=1)
    axes.grid(visible=True, axis="y")
    axes.set_axisbelow(True)
    if not paint.named:
        _bar(figure, axes, paint)
    _legends(figure, axes, paint, swept, [row for row, curve in curves if not curve])
    return figure


def _curve(row: Row, metric: str) -> list[tuple[int, float]]:
    """Epoch and figure of each record that has a finite one."""
    records = row.subject.records if row.subject else ()
    told = zip(column(records, "epoch"), column(records, metric), strict=True)
    return [(epoch, float(value)) for epoch, value in told if value is not None]


def _line(axes: Axes, row: Row, curve: list[tuple[int, float]], paint: Paint, width: float) -> None:
    epochs, values = zip(*curve, strict=True)
    dot = "o" if len(curve) <= FEW else ""
    look: dict[str, Any] = {"color": paint.color(row), "ls": paint.dashes(row), "lw": width}
    axes.plot(epochs, values, marker=dot, ms=2.5 * width, gid=row.trial.id, **look)
    if row.mark in MARKS:
        axes.plot(epochs[-1:], values[-1:], gid=row.mark, **MARKS[row.mark].look(9))


def _ring(axes: Axes, row: Row, curve: dict[int, float]) -> None:
    """Around the record whose weights are kept."""
    epoch = (row.trial.figures or {}).get("epoch")
    epoch = epoch if epoch in curve else max(curve)
    axes.plot([epoch], [curve[epoch]], ms=12, gid="best", **RING)


def _bar(figure: Figure, axes: Axes, paint: Paint) -> None:
    bar = figure.colorbar(ScalarMappable(paint.norm, STEPS), ax=axes)
    bar.set_label(short(paint.key.name, 40))
    bar.outline.set_visible(False)
    bar.ax.yaxis.set_major_formatter(plain)
    bar.ax.minorticks_off()


def _legends(
    figure: Figure, axes: Axes, paint: Paint, swept: Swept, without: Sequence[Row]
) -> None:
    """To the right the values; below it how trials ended, and which have left no curve."""
    if paint.named:
        names = [legible(label) for label in paint.key.labels(28)]
        lines = [Line2D([], [], color=c, lw=4, label=n) for c, n in zip(paint.palette, names, strict=True)]  # fmt: skip
        if len(lines) > MOST_TEXTS:
            more = f"and {len(lines) - MOST_TEXTS} more"
            lines = [*lines[:MOST_TEXTS], Line2D([], [], ls="", label=more)]
        title = short(paint.key.name, 28)
        place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.02, 1)}
        axes.legend(handles=lines, title=title, alignment="left", borderaxespad=0, **place)
    below = swept.best_entry(lambda label: ring(label + swept.ringed_seed))
    if paint.second:
        below += [
            Line2D([], [], color=GRAY, ls=STYLES[place], label=f"{paint.second.name}={label}")
            for place, label in enumerate(paint.second.labels(28))
        ]
    lost_of = Counter(row.mark for row in without)
    for name, mark in MARKS.items():
        ended = [row for row in swept.rows if row.mark == name]
        lost = lost_of[name]
        without_curve = f", {lost} of them without a curve" if lost < len(ended) else ", no curve"
        said = f"{name} ({len(ended)}{without_curve if lost else ''})"
        if ended:
            below.append(Line2D([], [], label=said, **mark.look(8)))
    lost = lost_of[FINISHED]
    if lost:
        below.append(Line2D([], [], ls="", label=f"{plural(lost, 'trial')} without records"))
    if below:
        legend_below(figure, below)
