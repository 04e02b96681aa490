"""Loss, accuracy or errors against epochs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from nncli.pages import axes, charts
from nncli.pages.charts import Frame, Line
from nncli.pages.markup import Markup, tag
from nncli.runs.documents import Json
from nncli.words import figure

PANELS = {
    "loss": "Loss",
    "accuracy": "Accuracy",
    "exact_match": "All labels right",
    "rmse": "RMSE",
    "r2": "R²",
}
SPLITS = ("train", "validation", "test")
MOST_POINTS = 400
"""Records of a run that are drawn, evenly spaced."""
RATE = "eta"


def thinned(records: Sequence[Json], most: int = MOST_POINTS) -> list[Json]:
    """At most so many records, evenly spaced, the last among them."""
    step = max(1, -(-len(records) // most))
    return [*records[: len(records) - 1 : step], *records[-1:]]


def draw(records: Sequence[Json]) -> Markup | None:
    """A drawing for each kind of figure that was recorded, and the learning rate where it was not constant."""
    drawn = list(_drawn(thinned(records)))
    if not drawn:
        return None
    splits = [s for s in SPLITS if any(f"{s}_loss" in record for record in records)]
    names = charts.legend([(split, split) for split in splits])
    return tag("div", names, tag("div", drawn, class_="charts"))


def _drawn(records: Sequence[Json]) -> Iterator[Markup]:
    for panel, title in PANELS.items():
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
            yield charts.figure(title, of_lines(panel, found, f"{title} against epochs"))
    if len({record[RATE] for record in records}) > 1:
        rate = Line(RATE, points(records, RATE), "plain", _told(records, RATE))
        yield charts.figure("Learning rate", of_lines(RATE, [rate], "Learning rate against epochs"))


def of_lines(figure_name: str, found: Sequence[Line], title: str, hover: str = "x") -> Markup:
    """Lines of one figure on axes that hold them all."""
    values = [y for line in found for _, y in line.points if y is not None]
    epochs = [x for line in found for x, _ in line.points]
    low, high = min(epochs), max(epochs)
    along = axes.linear([low, high] if low < high else [low - 1, low + 1], whole=True)
    frame = Frame(along, axes.of_figure(figure_name, values), "epoch", figure_name)
    return charts.lines(frame, title, found, hover)


def points(records: Sequence[Json], key: str) -> list[tuple[float, float | None]]:
    """(epoch, figure) of each record; None where it was not finite, or not recorded."""
    return [(record["epoch"], _number(record.get(key))) for record in records]


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _told(records: Sequence[Json], key: str) -> list[str]:
    """Of each point, without gaps."""
    seen = [record for record in records if record.get(key) is not None]
    return [f"{record['epoch']}\t{figure(key, record[key])}" for record in seen]
