"""Axes: the scale and the ticks of a figure, and of the values that a sweep goes over."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import (
    FixedLocator,
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    NullLocator,
)

from nncli.report.figures import LETTER
from nncli.report.keys import Key
from nncli.words import SHARES, short

WIDE_RANGE = {"loss": 25, "rmse": 5}
"""What falls by more than this factor is drawn on a logarithmic axis."""
LOWEST_R2 = -1.0
FEW_VALUES = 15
"""Up to so many values of a key, each has its own tick, where there is room."""

plain = FuncFormatter(lambda value, _: f"{value:g}")


def scale_figure(axes: Axes, name: str, values: Sequence[float] | Any, along: str = "y") -> None:
    """The scale and ticks of a figure (`accuracy`, `loss`, ...) that is drawn along an axis."""
    axis: Axis = axes.yaxis if along == "y" else axes.xaxis
    low, high = np.nanmin(values), np.nanmax(values)
    if name in SHARES:
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.6g}%"))
    elif name == "r2" and low < LOWEST_R2:
        axes.set(**{f"{along}lim": (LOWEST_R2, None)})
    elif high > WIDE_RANGE.get(name, math.inf) * low > 0:
        axes.set(**{f"{along}scale": "log"})
        few = high < 300 * low
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if few else (1,), numticks=9))
        axis.set_major_formatter(plain)
        axis.set_minor_formatter(NullFormatter())


def scale_key(axes: Axes, key: Key, inches: float, along: str = "x") -> None:
    """The axis of a key that is so many inches long: its scale, its name, and ticks at its values."""
    axis: Axis = axes.yaxis if along == "y" else axes.xaxis
    axes.set(**{f"{along}label": short(key.name, 40)})
    if key.kind == "log":
        axes.set(**{f"{along}scale": "log"})
    if key.kind in ("log", "linear") and len(key.values) > FEW_VALUES:
        _many_ticks(axis, key, max(3, int(inches)))
        return
    labels = key.labels(22)
    room = LETTER * sum(map(len, labels)) + 0.2 * len(labels)
    tilted = along == "x" and key.kind == "text" and room > inches
    high = tilted or along == "y"
    _own_ticks(
        axis, key, labels, [0.3 if high else LETTER * len(each) + 0.15 for each in labels], inches
    )
    if tilted:
        axes.tick_params("x", rotation=30)
        for label in axes.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")


def _many_ticks(axis: Axis, key: Key, most: int) -> None:
    """Round numbers."""
    whole = all(isinstance(value, int) for value in key.values)
    steps = LogLocator(numticks=most) if key.kind == "log" else MaxNLocator(most, integer=whole)
    axis.set_major_locator(steps)
    axis.set_major_formatter(plain)
    axis.set_minor_formatter(NullFormatter())


def _own_ticks(axis: Axis, key: Key, labels: list[str], widths: list[float], inches: float) -> None:
    """A tick at each value, and a label where there is room."""
    places = [key.place(value) for value in key.values]
    shown = _roomy(_shares(key, places), widths, inches)
    axis.set_major_locator(FixedLocator([places[number] for number in shown]))
    axis.set_ticklabels([labels[number] for number in shown])
    hidden = set(range(len(places))) - set(shown)
    rest = [places[number] for number in sorted(hidden)]
    axis.set_minor_locator(FixedLocator(rest) if rest else NullLocator())
    axis.set_minor_formatter(NullFormatter())


def _shares(key: Key, places: Sequence[float]) -> Any:
    """Places as shares of the axis between its margins."""
    along = np.log(places) if key.kind == "log" else np.array(places, np.float64)
    return (along - along[0]) / ((along[-1] - along[0]) or 1)


def _roomy(shares: Any, widths: Sequence[float], inches: float) -> list[int]:
    """Which labels are shown: the last, and from the left each that touches neither that nor the one before."""
    middles, last = shares * 0.88 * inches, len(widths) - 1

    def touch(one: int, other: int) -> bool:
        return bool(middles[other] - middles[one] < (widths[one] + widths[other]) / 2)

    shown: list[int] = []
    for place in range(last):
        if not touch(place, last) and not (shown and touch(shown[-1], place)):
            shown.append(place)
    return [*shown, last]
