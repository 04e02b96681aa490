"""A sweep as pictures need it: its keys as axes, its trials as points, and how those stand that have no figure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from nncli.errors import DamagedError, UsageError
from nncli.report.figures import COLORS, GRAY
from nncli.report.keys import Key
from nncli.report.scales import LOWEST_R2
from nncli.report.subject import NotDrawnError, Subject
from nncli.runs.rundir import RUN
from nncli.runs.status import DIVERGED, FAILED, FINISHED, MISMATCHED, UNFINISHED, meaning
from nncli.spec.paths import key_path
from nncli.sweep import telling
from nncli.sweep.reading import distinct, look
from nncli.sweep.study import Trial
from nncli.sweep.values import label, same
from nncli.training.monitor import FALLING
from nncli.words import figure, plural, short

SEED = "seed"
"""Where other keys are swept too, trials that differ in it alone are repetitions."""


class Mark(NamedTuple):
    """How a trial is drawn that has not ended with a figure."""

    shape: str
    color: str
    face: str

    def look(self, size: float) -> dict[str, Any]:
        """How it is drawn."""
        return {
            "ls": "", "marker": self.shape, "ms": size, "mec": self.color, "mfc": self.face, "zorder": 4
        }  # fmt: skip


BELOW = f"below {LOWEST_R2:g}"
MARKS = {
    DIVERGED: Mark("X", COLORS[1], COLORS[1]),
    FAILED: Mark("s", "black", "black"),
    MISMATCHED: Mark("s", "black", "white"),
    UNFINISHED: Mark("o", GRAY, "white"),
    "no figure yet": Mark("d", GRAY, "white"),
    "no finite figure": Mark("v", GRAY, GRAY),
    BELOW: Mark("v", COLORS[0], COLORS[0]),
}
EMPTY = "#EEEEEE"
STRIP = 0.07
"""The share of the axes, at their edge, where the marks stand that have no figure."""
RING: dict[str, Any] = {
    "ls": "",
    "marker": "o",
    "mfc": "none",
    "mec": "black",
    "mew": 1.6,
    "zorder": 5,
}
"""Around the best."""


class Row:
    """One trial of a sweep."""

    def __init__(self, trial: Trial, metric: str) -> None:
        self.trial = trial
        self.value: float | None = (trial.figures or {}).get(metric)
        """What trials are ranked by; None where there is none, or it was not finite."""
        self.low = metric.endswith("_r2") and self.value is not None and self.value < LOWEST_R2
        """Whether it is so bad that it stands at the edge of a picture."""
        self.mark = self._mark()
        """`finished`, or one of MARKS."""

    def _mark(self) -> str:
        mark = meaning(self.trial.status).mark
        if mark == UNFINISHED:
            return "no figure yet" if self.value is None or self.low else UNFINISHED
        if mark != FINISHED:
            return mark
        if self.value is None:
            return "no finite figure"
        return BELOW if self.low else FINISHED

    @cached_property
    def subject(self) -> Subject | None:
        """Its run; None where it was not begun, or cannot be read."""
        try:
            return Subject(self.trial.path)
        except (DamagedError, UsageError) as err:
            self.unreadable = str(err) if (self.trial.path / RUN).is_file() else ""
            return None

    unreadable = ""
    """Why its run cannot be read."""

    @cached_property
    def point(self) -> dict[str, Any]:
        """Its values; a sweep that has grown by another key finds it in the specs of the earlier trials."""
        return dict(self.trial.point)

    def look_up(self, keys: Sequence[str]) -> None:
        """Add what the point does not say and the spec does."""
        for key in keys:
            if key not in self.point and self.subject:
                with suppress(LookupError, TypeError):
                    self.point[key] = _found(self.subject.spec, key)

    def at(self, keys: Sequence[Key]) -> tuple[float | str, ...]:
        """What trials share that have the same values of these keys."""
        return tuple(same(self.point[key.name]) for key in keys)


def _found(spec: Any, key: str) -> Any:
    """The value of `optimizer.rho` or `architecture[0].output_dim` in a spec. Raises LookupError or TypeError."""
    for part in key_path(key) or (key,):
        spec = spec[part]
    return spec


class Swept:
    """One sweep to be drawn."""

    def __init__(self, path: Path, every: bool = False) -> None:
        self.path, self.study = path, look(path, every)
        self.metric = self.study.metric
        self.rows = [Row(trial, self.metric) for trial in self.study.ranking()]
        """Those of the best setting first."""
        names = list(dict.fromkeys(name for row in self.rows for name in row.point))
        for row in self.rows:
            row.look_up(names)
        self._names = names

    @cached_property
    def keys(self) -> list[Key]:
        """The keys whose values differ."""
        found = [
            Key(name, tuple(distinct([row.point[name] for row in self.rows if name in row.point])))
            for name in self._names
        ]
        differ = [key for key in found if len(key.values) > 1]
        keys = [key for key in differ if key.name != SEED] or differ or found[:1]
        if not keys:
            raise NotDrawnError("the sweep has no keys")
        return keys

    @property
    def seeds(self) -> bool:
        """Whether trials were repeated with other seeds."""
        return SEED in self._names and [key.name for key in self.keys] != [SEED]

    @property
    def kind(self) -> str:
        """The metric without its split: `accuracy`, `loss`, ..."""
        return self.metric.rpartition("_")[2]

    @property
    def sign(self) -> int:
        """1 where larger is better."""
        return -1 if self.metric.endswith(FALLING) else 1

    @property
    def name(self) -> str:
        """What the spec calls it, or else its folder."""
        subject = next((row.subject for row in self.rows if row.subject), None)
        return subject.name if subject else self.path.name

    def unreadable(self) -> list[str]:
        """A line for each trial whose run cannot be read."""
        return [row.unreadable for row in self.rows if row.unreadable]

    def is_best(self, row: Row) -> bool:
        """Whether a trial stands for the sweep: of the best setting, the best seed."""
        return self.study.best is not None and row.trial.id == self.study.best.id

    def height_of_best(self, key: Key) -> float | None:
        """Where the ring stands against a key: at the mean of the best setting, over the seeds at its best seed."""
        best, trial = self.study.best_setting, self.study.best
        if best is None or trial is None:
            return None
        return (
            (trial.figures or {}).get(self.metric) if key.name == SEED else best.mean(self.metric)
        )

    @property
    def ringed_seed(self) -> str:
        """What a legend says where the ring is around the best seed, though the best is a mean."""
        best = self.study.best
        if best is None or not self.study.has_seeds:
            return ""
        value = figure(self.metric, (best.figures or {}).get(self.metric))
        return f"; ringed: its best seed, {value}"

    def placed(self, keys: Sequence[Key]) -> list[Row]:
        """The trials that have a value of each of these keys."""
        return [row for row in self.rows if all(key.name in row.point for key in keys)]

    def groups(self, keys: Sequence[Key]) -> list[list[Row]]:
        """Trials with the same values of these keys, the group of the best setting first."""
        groups: dict[tuple[float | str, ...], list[Row]] = {}
        for row in self.placed(keys):
            groups.setdefault(row.at(keys), []).append(row)
        return list(groups.values())

    def values(self) -> list[float]:
        """The figures that are drawn. Raises NotDrawnError where there are none."""
        values = [row.value for row in self.rows if shown(row)]
        if not values:
            raise NotDrawnError("no trial has a figure yet")
        return values  # type: ignore[return-value]

    def title(self, what: str) -> str:
        """Name, what is shown, and of how many trials."""
        return " · ".join([self.name, short(what, 80), plural(len(self.rows), "trial")])

    def best_entry(self, handle: Callable[[str], Artist]) -> list[Artist]:
        """What a legend says of the best setting, if there is one, made by `handle` from its words."""
        best, tied = self.study.best_setting, len(self.study.tied())
        if best is None:
            return []
        labels = {
            key.name: dict(zip(map(same, key.values), key.labels(), strict=True))
            for key in self.keys
        }
        point = {
            name: labels.get(name, {}).get(same(told), told)
            for name, told in telling.point(self.study, best).items()
        }
        at = f" at {short(label(point, 4), 60)}" if point else ""
        level = f", tied with {plural(tied, 'other')}" if tied else ""
        return [handle(f"best: {telling.best_value(self.study, best)}{at}{level}")]

    @property
    def crowded(self) -> bool:
        """Whether dots may stand above each other."""
        return self.seeds or len(self.keys) > 1

    @property
    def words(self) -> str:
        """The metric for people."""
        return self.metric.replace("_", " ")


def shown(row: Row) -> bool:
    """Whether a trial stands where its figure is: it has finished, or is on its way."""
    return row.mark in (FINISHED, UNFINISHED)


def mean(rows: Sequence[Row]) -> float | None:
    """Over those that have finished; None where none has, or one of them has no finite figure."""
    values = [row.value for row in rows if row.trial.meaning.ranked]
    numbers = [value for value in values if value is not None]
    return fmean(numbers) if numbers and len(numbers) == len(values) else None


def legend_of_marks(rows: Sequence[Row]) -> list[Artist]:
    """An entry for each mark that these trials need, with how many there are."""
    entries: list[Artist] = []
    for name, mark in MARKS.items():
        if count := sum(row.mark == name for row in rows):
            entries.append(Line2D([], [], label=f"{name} ({count})", **mark.look(8)))
    return entries


def ring(label: str) -> Artist:
    """A legend's entry for the best."""
    return Line2D([], [], ms=12, label=label, **RING)


def draw_strip(all_axes: Sequence[Axes], rows: Sequence[Row], upright: bool) -> None:
    """Set the place apart where marks stand that have no figure, if there are any. The axes share their figures."""
    if all(shown(row) for row in rows):
        return
    axis = all_axes[0].yaxis if upright else all_axes[0].xaxis
    scale = axis.get_transform()
    least, most = axis.get_view_interval()
    low, high = scale.transform([least, most])
    bottom = scale.inverted().transform([low - STRIP / (1 - STRIP) * (high - low)])[0]
    for axes in all_axes:
        axes.set(**{"ylim" if upright else "xlim": (bottom, None)})
        axis = axes.yaxis if upright else axes.xaxis
        axis.set_ticks([tick for tick in axis.get_majorticklocs() if least <= tick <= most])
        sides = (1, STRIP) if upright else (STRIP, 1)
        place = axes.transAxes
        axes.add_patch(Rectangle((0, 0), *sides, transform=place, color=EMPTY, lw=0, zorder=0.4))


def draw_marks(axes: Axes, rows: Sequence[Row], places: Sequence[float], upright: bool) -> None:
    """A mark for each trial that did not finish: where its figure is, or at the edge of the axes where it has none."""
    for row, place in zip(rows, places, strict=True):
        if row.mark == FINISHED:
            continue
        value, transform = row.value or 0.0, axes.transData
        if not shown(row):
            value = STRIP / 2
            transform = axes.get_xaxis_transform() if upright else axes.get_yaxis_transform()
        x, y = (place, value) if upright else (value, place)
        look = MARKS[row.mark].look(9)
        axes.plot([x], [y], transform=transform, gid=row.mark, **look)
