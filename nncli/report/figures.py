"""How every picture looks: one style, colors that color-blind people tell apart, the same bytes every time.

Only matplotlib's objects are used, never pyplot: nothing is global, no display is needed.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

DPI = 150
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's colors, the darker ones first; their yellow is too pale for a line."""
SPLIT_COLORS = {"train": "#E69F00", "validation": "#009E73", "test": "#0072B2"}
SPLIT_LINES = {"train": (0, (4, 1.5)), "validation": (0, (1, 1)), "test": "-"}
GRAY = "#555555"
LETTER = 0.115
"""Inches of a letter."""
STYLE: dict[Any, Any] = {
    "font.size": 13,
    "axes.titlesize": 13,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GRAY,
    "axes.grid.axis": "y",
    "grid.color": "#DDDDDD",
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.w_pad": 0.1,
    "figure.constrained_layout.h_pad": 0.1,
    "figure.titlesize": 14,
    "legend.frameon": False,
    "lines.linewidth": 2.2,
    "xtick.color": GRAY,
    "xtick.labelcolor": "black",
    "ytick.color": GRAY,
    "ytick.labelcolor": "black",
    "text.parse_math": False,  # a class may be called "$5 to $9"
    "svg.hashsalt": "nncli",
}
_NO_METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
}


@contextmanager
def style() -> Iterator[None]:
    """Our style and nothing of the user's matplotlibrc, for the drawing and the rendering of a picture."""
    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        warnings.filterwarnings("ignore", r"Glyph .* missing")  # a box stands for it
        yield


def new_figure(width: float, height: float, title: str) -> Figure:
    """An empty figure of so many inches, its title to the left."""
    figure = Figure(figsize=(width, height))
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold")
    return figure


def render(figure: Figure, kind: str) -> bytes:
    """The bytes of a PNG or SVG file. The same figure gives the same bytes: no date, no version."""
    buffer = BytesIO()
    figure.savefig(buffer, format=kind, dpi=DPI, metadata=_NO_METADATA[kind])
    return buffer.getvalue()


def colors(count: int) -> list[str]:
    """So many colors: those of Okabe and Ito, or where they do not suffice, steps from dark to light."""
    if count <= len(COLORS):
        return list(COLORS[:count])
    steps = matplotlib.colormaps["viridis"]
    return [matplotlib.colors.to_hex(steps(0.92 * i / (count - 1))) for i in range(count)]


def legend_below(figure: Figure, handles: Sequence[Artist]) -> None:
    """A legend under the axes, in as many columns as the figure is wide enough for."""
    inches = [0.85 + 0.105 * len(str(handle.get_label())) for handle in handles]
    width = figure.get_figwidth()
    for columns in range(len(handles), 0, -1):  # filled as matplotlib does
        if columns == 1 or sum(max(each) for each in np.array_split(inches, columns)) <= width:
            figure.legend(handles=handles, loc="outside lower left", ncols=columns)
            break


def picture_axes(axes: Axes) -> Axes:
    """Axes that hold pictures: no frame, no ticks."""
    axes.set_axis_off()
    axes.set_aspect("equal")
    return axes


def legible(label: str) -> str:
    """A label as a legend shows it: one that begins with an underscore would be left out."""
    return f" {label}" if label.startswith("_") else label
