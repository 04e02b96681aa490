"""The page of a sweep: the ranking, the metric against each key, and all curves."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from os.path import relpath
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nncli import files, words
from nncli.errors import DamagedError, UsageError
from nncli.pages import axes, charts, curves, parts
from nncli.pages.charts import Frame, Line
from nncli.pages.markup import Piece, tag, void
from nncli.pages.page import page
from nncli.pages.parts import Section
from nncli.report.keys import Key
from nncli.runs import rundir
from nncli.runs.status import FINISHED, meaning
from nncli.sweep import reading, telling
from nncli.sweep.space import SEED
from nncli.sweep.study import SWEEP_SPEC, Study, Trial
from nncli.sweep.values import in_words, label
from nncli.words import figure, plural, short

MOST_TRIALS, MOST_CURVES, MOST_POINTS = 500, 200, 12_000
"""Trials in a table, curves in a drawing, and points of all of them together."""
MOST_PANELS, MOST_DOTS = 12, 6000
"""Keys that the metric is drawn against, and points of these drawings together."""
STEPS = ("#0072b2", "#1590a0", "#2f9e63", "#8a9f25", "#d99a0b", "#d8700b", "#c9402c")
"""From the best trial to the worst, to be seen on white and on black."""


def draw(path: Path, folder: Path, every: bool = False) -> tuple[bytes, tuple[str, ...]]:
    """The page of a sweep as it stands, to lie in `folder`, and what should be known of it."""
    study = reading.look(path, every)
    notes = (*_notes(study),)
    return page(path.name, _lead(study, notes), list(_sections(study, folder))), notes


def _notes(study: Study) -> Iterator[str]:
    """That not all has finished, what was chosen on test rows, and what is not shown."""
    counts = reading.statuses(study)
    if not all(meaning(status).ranked for status in counts):
        told = ", ".join(f"{count} {status}" for status, count in counts.items())
        yield f"Of {plural(len(study.trials), 'trial')}: {told}."
    yield from filter(
        None,
        (telling.on_test(study), *telling.mismatched(study), telling.left_out(study, "report")),
    )


def _lead(study: Study, notes: Sequence[str]) -> Piece:
    swept = " · ".join(
        f"{key}: {len(values)} values" for key, values in reading.swept(study).items()
    )
    line = f"Sweep of {plural(len(study.trials), 'trial')} · {short(swept, 200)}"
    tiles = _tiles(study)
    return [
        tag("p", line, class_="quiet"),
        parts.notes(notes),
        parts.tiles(tiles) if tiles else None,
    ]


def _tiles(study: Study) -> list[tuple[str, str, str]]:
    """The best trial, or where there are seeds the best mean over them, and the best seed there."""
    name, metric, best = words.words(study.metric), study.metric, study.best_setting
    if best is None:
        return []
    if not study.has_seeds:
        return [_tile(f"best {name}", metric, best.trials[0])]
    at = f"{short(label(best.point, 4), 80)}, {plural(len(best.finished), 'seed')}"
    return [
        (f"best mean {name}", telling.mean(best, metric), at),
        _tile("the best of its seeds", metric, best.trials[0]),
    ]


def _tile(name: str, metric: str, trial: Trial) -> tuple[str, str, str]:
    value = figure(metric, (trial.figures or {}).get(metric))
    return name, value, short(label(trial.point, 4), 90)


def _sections(study: Study, folder: Path) -> Iterator[Section]:
    yield Section("ranking", "The ranking", _ranking(study, folder))
    against = _against(study)
    if against:
        yield Section("keys", f"{words.words(study.metric).capitalize()} against each key", against)
    drawn = _curves(study)
    if drawn:
        yield Section("curves", "All curves", drawn)
    spec = study.path / SWEEP_SPEC
    text = files.read(spec).decode("utf-8", "replace") if spec.is_file() else ""
    yield Section("spec", "The spec", parts.code(text, "the spec"))
    yield Section("repeat", "Have it again", _repeat(study))


def _ranking(study: Study, folder: Path) -> Piece:
    says = [tag("p", line, class_="quiet") for line in telling.notes(study)]
    if not study.has_seeds:
        return [says, _trials(study, folder)]
    settings, places = study.settings[:MOST_TRIALS], telling.places(study)
    keys = list(dict.fromkeys(key for setting in settings for key in setting.point))
    marks = {n: places.get(setting.trials[0].id, "") for n, setting in enumerate(settings)}
    rows = [
        [*(_value(setting.point, key) for key in keys), telling.seeds(setting),
         *(telling.mean(setting, key) for key in study.figure_keys), marks[n]]
        for n, setting in enumerate(settings)
    ]  # fmt: skip
    head = [*keys, "seeds", *map(words.words, study.figure_keys), ""]
    table = parts.table(head, rows, left=len(keys), marks=_classes(marks))
    return [says, table, parts.folded("Each trial", _trials(study, folder))]


def _classes(marks: Mapping[int, str]) -> dict[int, str]:
    """Rows of the best setting stand out; what is tied with it is said in words."""
    return {row: place for row, place in marks.items() if place == "best"}


def _value(point: Any, key: str) -> str:
    return short(in_words(point[key], 6), 48) if key in point else "-"


def _trials(study: Study, folder: Path) -> Piece:
    """A line for each trial, its report beside it where there is one, or else where its run is."""
    ranked, keys = study.ranking(), list(reading.swept(study))
    rows, places = [], telling.places(study)
    for place, trial in enumerate(ranked[:MOST_TRIALS], 1):
        cells = [figure(key, (trial.figures or {}).get(key)) for key in study.figure_keys]
        point = [_value(trial.point, key) for key in keys]
        where = _where(study, trial, folder)
        rows.append([str(place), *point, trial.status, where, *cells, places.get(trial.id, "")])
    marks = {n: places.get(trial.id, "") for n, trial in enumerate(ranked)}
    head = ["", *keys, "status", "run", *map(words.words, study.figure_keys), ""]
    more = len(ranked) - len(rows)
    table = parts.table(head, rows, left=len(keys) + 3, marks=_classes(marks))
    return [table, tag("p", f"and {more:,} more", class_="quiet") if more else None]


def _where(study: Study, trial: Trial, folder: Path) -> Piece:
    inside = trial.path.relative_to(study.path).as_posix()
    page = trial.path / "report.html"
    if not page.is_file():
        return inside
    with suppress(ValueError):  # on another drive
        return tag("a", inside, href=quote(Path(relpath(page, folder)).as_posix()))
    return inside


def _against(study: Study) -> Piece:
    """A drawing for each key whose values differ: a point for each trial, a line through the mean of the best setting
    at each value."""
    done = [(t, (t.figures or {}).get(study.metric)) for t in study.ranking() if t.meaning.ranked]
    ended = [(trial, float(value)) for trial, value in done if value is not None]
    if not ended:
        return None
    keys = [Key(name, tuple(values)) for name, values in reading.swept(study).items()]
    differ = [key for key in keys if len(key.values) > 1][:MOST_PANELS]
    shown = ended[: MOST_DOTS // max(len(differ), 1)]
    drawn = [_panel(study, key, shown) for key in differ]
    missing = Counter(trial.status for trial in study.trials) - Counter({FINISHED: len(ended)})
    out = ", ".join(f"{count} {status}" for status, count in missing.items())
    says = "A point for each trial that finished, "
    says += (
        f"a line through {'the mean of ' if study.has_seeds else ''}the best setting at each value."
    )
    says += " A ring around the best." if study.best else ""
    says += f" The best {len(shown):,} are drawn." if len(shown) < len(ended) else ""
    says += f" Not drawn: {out}." if out else ""
    return [tag("p", says, class_="quiet"), tag("div", drawn, class_="charts")]


def _panel(study: Study, key: Key, ended: Sequence[tuple[Trial, float]]) -> Piece:
    inside = [(trial, value) for trial, value in ended if key.name in trial.point]
    along, up = axes.of_key(key), axes.of_figure(study.metric, [value for _, value in ended])
    frame = Frame(along, up, short(key.name, 50), words.words(study.metric))
    points: list[tuple[float, float, str]] = []
    tops: dict[float, float] = {}
    for setting in study.settings:  # the best first
        mean = setting.mean(study.metric)
        if mean is not None and key.name in setting.point:
            tops.setdefault(key.place(setting.point[key.name]), mean)
    for trial, value in inside:
        x = key.place(trial.point[key.name])
        says = f"{short(label(trial.point, 4), 120)}\t{figure(study.metric, value)}"
        points.append((x, value, says))
    line = "M" + "L".join("{:g} {:g}".format(*frame.at(x, y)) for x, y in sorted(tops.items()))
    joined = (
        tag("g", tag("path", d=line), class_="line test")
        if key.kind != "text" and key.name != SEED
        else None
    )
    ring = _ring(study, key, frame)
    dots = charts.dots(frame, points, "test", 3.6)
    title = f"{words.words(study.metric)} against {key.name}"
    return charts.figure(short(key.name, 50), frame.drawn(title, joined, dots, ring, hover="near"))


def _ring(study: Study, key: Key, frame: Frame) -> Piece:
    """Around the mean of the best setting; over the seeds, around its best seed."""
    best, trial = study.best_setting, study.best
    if best is None or trial is None or key.name not in trial.point:
        return None
    own = (trial.figures or {}).get(study.metric)
    height = own if key.name == SEED else best.mean(study.metric)
    if height is None:
        return None
    x, y = frame.at(key.place(trial.point[key.name]), height)
    return void("circle", cx=x, cy=y, r=7, class_="ring")


def _curves(study: Study) -> Piece:
    """The metric and the loss of every trial against epochs."""
    ranked = [(trial, _records(trial)) for trial in study.ranking()]
    shown = [(trial, records) for trial, records in ranked if records][:MOST_CURVES]
    if not shown:
        return None
    split = study.metric.partition("_")[0]
    drawn = []
    for kind in dict.fromkeys((study.metric.rpartition("_")[2], "loss")):
        found = list(_lines(shown, f"{split}_{kind}"))
        if found:
            title = f"{split} {kind} of each trial"
            chart = curves.of_lines(kind, found, title, hover="near")
            drawn.append(charts.figure(title.capitalize(), chart))
    ends = charts.legend([("the best setting", STEPS[0]), ("the worst", STEPS[-1])])
    less = tag("p", f"The best {len(shown)} of {plural(len(ranked), 'trial')}.", class_="quiet")
    return [
        less if len(shown) < len(ranked) else None,
        ends,
        tag("div", drawn, class_="charts many"),
    ]


def _lines(shown: Sequence[tuple[Trial, Sequence[Any]]], key: str) -> Iterator[Line]:
    """The worst first, so that the best lies on top."""
    most = max(12, MOST_POINTS // len(shown))
    for place in reversed(range(len(shown))):
        trial, records = shown[place]
        thin = [r for r in curves.thinned(records, most) if r.get(key) is not None]
        if thin:
            look = STEPS[place * len(STEPS) // len(shown)]
            told = [f"{record['epoch']}\t{figure(key, record[key])}" for record in thin]
            yield Line(short(label(trial.point, 4), 90), curves.points(thin, key), look, told)


def _records(trial: Trial) -> Sequence[Any]:
    try:
        return rundir.read_records(trial.path) if trial.path.is_dir() else []
    except (DamagedError, UsageError):
        return []


def _repeat(study: Study) -> Piece:
    going, best = reading.going_on(study), study.best
    given = shlex.join(reading.last_command(study)) or None
    return [
        _to_type("To train what is missing:", going),
        _to_type("As it was last trained:", given if given != going else None),
        _to_type(
            f"A page of {telling.what_best_is(study)}:" if best else "",
            words.command("report", best.path) if best else None,
        ),
    ]


def _to_type(says: str, command: str | None) -> Piece:
    return [tag("p", says), parts.code(command, "the command")] if command else None
