"""Loss, accuracy or errors against epochs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from nncli.pages import axes, charts
from nncli.pages.charts import Frame, Line
from nncli.pages.markup import Markup, tag
from nncli.report.panels import PANELS, panel_title
from nncli.runs.documents import Json
from nncli.training.records import column, names_in
from nncli.words import figure

SPLITS = ("train", "validation", "test")
MOST_POINTS = 400
"""Records of a run that are drawn, evenly spaced."""
RATE = "eta"


def thinned(
    records: Sequence[Json], most: int = MOST_POINTS, kept: int | None = None
) -> list[Json]:
    """At most so many records, evenly spaced, the last among them, and besides the one of the epoch that was kept."""
    step, last = max(1, -(-len(records) // most)), len(records) - 1
    return [
        records[place]
        for place, epoch in enumerate(column(records, "epoch"))
        if not place % step or place == last or epoch == kept
    ]


def draw(
    records: Sequence[Json], kept: int | None = None, targets: Sequence[str] = ()
) -> Markup | None:
    """A drawing for each kind of figure that was recorded, and the learning rate where it was not constant.

    `kept` is the epoch whose parameters were kept, where it is not the last; `targets` are the columns that a
    regression predicts.
    """
    drawn = list(_drawn(thinned(records, kept=kept), kept, targets))
    if not drawn:
        return None
    splits = [s for s in SPLITS if f"{s}_loss" in names_in(records)]
    marks = [] if kept is None else [(f"kept: epoch {kept}", "kept")]
    names = charts.legend([*((split, split) for split in splits), *marks])
    return tag("div", names, tag("div", drawn, class_="charts"))


def _drawn(records: Sequence[Json], kept: int | None, targets: Sequence[str]) -> Iterator[Markup]:
    for panel in PANELS:
        title = panel_title(panel, targets)
        found = [
            Line(
                split,
                points(records, f"{split}_{panel}"),
                split,
                _told(records, f"{split}_{panel}"),
            )
            for split in SPLITS
            if any(record.get(f"{split}_{panel}") is not None for record in records)
        ]
        if found:
            said = f"{title} against epochs"
            yield charts.figure(title, of_lines(panel, found, said, kept=kept))
    if len({record[RATE] for record in records}) > 1:
        rate = Line(RATE, points(records, RATE), "plain", _told(records, RATE))
        yield charts.figure("Learning rate", of_lines(RATE, [rate], "Learning rate against epochs"))


def of_lines(
    figure_name: str,
    found: Sequence[Line],
    title: str,
    hover: str = "x",
    kept: int | None = None,
) -> Markup:
    """Lines of one figure on axes that hold them all; an upright one at the epoch that was kept."""
    values = [y for line in found for _, y in line.points if y is not None]
    epochs = [x for line in found for x, _ in line.points]
    low, high = min(epochs), max(epochs)
    along = axes.linear([low, high] if low < high else [low - 1, low + 1], whole=True)
    frame = Frame(along, axes.of_figure(figure_name, values), "epoch", figure_name)
    upright = (
        None
        if kept is None
        else charts.segment(frame, (kept, frame.y.low), (kept, frame.y.high), "kept")
    )
    return charts.lines(frame, title, found, hover, upright)


def points(records: Sequence[Json], key: str) -> list[tuple[float, float | None]]:
    """(epoch, figure) of each record; None where it was not finite, or not recorded."""
    return [(record["epoch"], _number(record.get(key))) for record in records]


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _told(records: Sequence[Json], key: str) -> list[str]:
    """Of each point, without gaps."""
    seen = [record for record in records if record.get(key) is not None]
    return [f"{record['epoch']}\t{figure(key, record[key])}" for record in seen]
