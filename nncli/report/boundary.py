"""The plane as a network of two inputs sees it, under the points that it was trained and tested on."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nncli.data.dataset import Split
from nncli.network.metrics import predicted_classes
from nncli.report.figures import GRAY, colors, legible, new_figure
from nncli.report.subject import NotDrawnError, Subject
from nncli.words import short

SIDE = 400
"""Steps of the grid along each axis."""
MOST_POINTS = 4000
"""Points of a split that are drawn, evenly spaced over its rows."""
POINTS = {
    "train": {"marker": "o", "s": 16, "linewidth": 0, "alpha": 0.75},
    "validation": {"marker": "s", "s": 42, "linewidth": 1.2, "edgecolor": "black"},
    "test": {"marker": "^", "s": 58, "linewidth": 1.2, "edgecolor": "black"},
}
Extent = tuple[float, float, float, float]


def draw(subject: Subject) -> Figure:
    """Each class's region in its color, paler where the network is less sure; black lines where the answer changes."""
    names = subject.classes
    if subject.opened.dataset.input_dim != 2:
        raise NotDrawnError("the data is not two-dimensional")
    palette = colors(len(names))
    extent = _extent(subject)
    width, height = extent[1] - extent[0], extent[3] - extent[2]
    alike = 1 / 3 < width / height < 3  # else they are different things, not two directions
    tall = 6.6 * height / width if alike else 5.5
    figure = new_figure(9.2, max(tall, 3.5) + 1.3, f"{subject.name} · decision boundary")
    axes = figure.subplots()
    _regions(axes, subject, extent, palette)
    for split, rows in subject.opened.dataset.splits.items():
        _points(axes, split, rows, subject.opened.dataset.scale, palette)
    axes.set(xlim=extent[:2], ylim=extent[2:], xlabel="x₁", ylabel="x₂")
    axes.set_aspect("equal" if alike else "auto")
    _legend(figure, names, palette, tuple(subject.opened.dataset.splits))
    return figure


def _extent(subject: Subject) -> Extent:
    """Left, right, bottom, top: all points and a tenth more, scaled as the network sees them."""
    x = np.concatenate([rows.x for rows in subject.opened.dataset.splits.values()])
    x = x / subject.opened.dataset.scale
    low, high = x.min(axis=0), x.max(axis=0)
    margin = np.where(high > low, 0.1 * (high - low), 1.0)
    (left, bottom), (right, top) = low - margin, high + margin
    return float(left), float(right), float(bottom), float(top)


def _regions(axes: Axes, subject: Subject, extent: Extent, palette: list[str]) -> None:
    """The answer on a grid, as tints, and the lines between them."""
    across, up = np.linspace(*extent[:2], SIDE), np.linspace(*extent[2:], SIDE)
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    z = subject.logits(Split(grid * subject.opened.dataset.scale, np.zeros(len(grid), np.int64)))
    answers = predicted_classes(z, subject.last_activation)
    strength = 0.08 + 0.3 * np.tanh(np.maximum(subject.certainty(z), 0) / 2)[:, None]
    tints = 1 - strength * (1 - np.array([to_rgb(color) for color in palette])[answers])
    axes.imshow(tints.reshape(SIDE, SIDE, 3), extent=extent, origin="lower", aspect="auto")
    scores = subject.scores(z)
    seen = np.unique(answers)
    for name in seen[1:] if len(seen) <= 2 else seen:  # the border of two regions is drawn once
        ahead = scores[:, name] - np.delete(scores, name, axis=1).max(axis=1)
        axes.contour(
            across, up, ahead.reshape(SIDE, SIDE), levels=[0.0], colors="black", linewidths=1.8
        )


def _points(axes: Axes, split: str, rows: Split, scale: float, palette: list[str]) -> None:
    step = -(-len(rows) // MOST_POINTS)
    x, y = rows.x[::step] / scale, rows.y[::step]
    look = POINTS[split]
    axes.scatter(x[:, 0], x[:, 1], c=np.array(palette)[y], label=split, **look)  # type: ignore[arg-type]


def _class_label(name: str) -> str:
    return f"class {name}" if name.isdigit() else legible(short(name, 20))


def _legend(
    figure: Figure, names: tuple[str, ...], palette: list[str], splits: tuple[str, ...]
) -> None:
    """Colors for the classes, marks for the splits."""
    few = names if len(names) <= 12 else ()
    shown = [
        Line2D([], [], ls="", marker="o", ms=10, color=color, label=_class_label(name))
        for name, color in zip(few, palette, strict=False)
    ]
    for split in splits:
        mark = str(POINTS[split]["marker"])
        size, edge = (5, GRAY) if split == "train" else (9, "black")
        shown.append(Line2D([], [], ls="", marker=mark, ms=size, mfc=GRAY, mec=edge, label=split))
    figure.legend(handles=shown, loc="outside right upper")
