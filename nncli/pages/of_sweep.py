"""The page of a sweep: the ranking, the metric against each key, and all curves."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from os.path import relpath
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nncli import files, words
from nncli.errors import DamagedError, UsageError
from nncli.pages import axes, charts, curves, parts
from nncli.pages.charts import Frame, Line
from nncli.pages.markup import Piece, tag
from nncli.pages.page import page
from nncli.pages.parts import Section
from nncli.report.keys import Key
from nncli.runs import rundir
from nncli.sweep import reading
from nncli.sweep.settings import Setting
from nncli.sweep.study import SWEEP_SPEC, Study, Trial
from nncli.sweep.values import in_words, label
from nncli.words import figure, plural, short

MOST_TRIALS, MOST_CURVES, MOST_POINTS = 500, 200, 12_000
"""Trials in a table, curves in a drawing, and points of all of them together."""
MOST_PANELS, MOST_DOTS = 12, 6000
"""Keys that the metric is drawn against, and points of these drawings together."""
STEPS = ("#0072b2", "#1590a0", "#2f9e63", "#8a9f25", "#d99a0b", "#d8700b", "#c9402c")
"""From the best trial to the worst, to be seen on white and on black."""


def draw(path: Path, folder: Path) -> tuple[bytes, tuple[str, ...]]:
    """The page of a sweep as it stands, to lie in `folder`, and what should be known of it."""
    study = reading.look(path)
    counts = reading.statuses(study)
    told = ", ".join(f"{count} {status}" for status, count in counts.items())
    notes = (
        ()
        if set(counts) <= {"finished"}
        else (f"Of {plural(len(study.trials), 'trial')}: {told}.",)
    )
    return page(path.name, _lead(study, notes), list(_sections(study, folder))), notes


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
    """The best trial, or where there are seeds the best mean over them, its best trial, and the best of all."""
    if study.best is None:
        return []
    name, metric, settings = words.words(study.metric), study.metric, study.settings()
    if not settings:
        return [_tile(f"best {name}", metric, study.best)]
    first = settings[0]
    at = f"{short(label(first.point, 4), 80)}, {plural(len(first.finished), 'seed')}"
    tiles = [
        (f"best mean {name}", _mean(first, metric), at),
        _tile("the best of its seeds", metric, study.best),
    ]
    top = next(trial for trial in study.ranking() if trial.status == "finished")
    return (
        tiles if top.id == study.best.id else [*tiles, _tile("the best of all trials", metric, top)]
    )


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
    settings = study.settings()
    if not settings:
        return _trials(study, folder)
    keys = list(dict.fromkeys(key for setting in settings for key in setting.point))
    rows = [
        [*(_value(setting.point, key) for key in keys),
         f"{len(setting.finished)} of {len(setting.trials)}",
         *(_mean(setting, key) for key in study.figure_keys)]
        for setting in settings[:MOST_TRIALS]
    ]  # fmt: skip
    head = [*keys, "seeds", *map(words.words, study.figure_keys)]
    says = tag(
        "p", "Mean ± sample standard deviation over the seeds that finished.", class_="quiet"
    )
    table = parts.table(head, rows, left=len(keys), marks={0: "best"})
    return [says, table, parts.folded("Each trial", _trials(study, folder))]


def _mean(setting: Setting, key: str) -> str:
    spread, text = setting.spread(key), figure(key, setting.mean(key))
    return text if spread is None else f"{text} ± {figure(key, spread)}"


def _value(point: Any, key: str) -> str:
    return short(in_words(point[key], 6), 48) if key in point else "-"


def _trials(study: Study, folder: Path) -> Piece:
    """A line for each trial, its report beside it where there is one, or else where its run is."""
    ranked, keys = study.ranking(), list(reading.swept(study))
    rows = []
    for place, trial in enumerate(ranked[:MOST_TRIALS], 1):
        cells = [figure(key, (trial.figures or {}).get(key)) for key in study.figure_keys]
        point = [_value(trial.point, key) for key in keys]
        rows.append([str(place), *point, trial.status, _where(study, trial, folder), *cells])
    best = study.best
    marks = {n: "best" for n, trial in enumerate(ranked) if best and trial.id == best.id}
    head = ["", *keys, "status", "run", *map(words.words, study.figure_keys)]
    more = len(ranked) - len(rows)
    table = parts.table(head, rows, left=len(keys) + 3, marks=marks)
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
    """A drawing for each key whose values differ: a point for each trial, a line through the best at each value."""
    done = [
        (t, (t.figures or {}).get(study.metric)) for t in study.ranking() if t.status == "finished"
    ]
    ended = [(trial, float(value)) for trial, value in done if value is not None]
    if not ended:
        return None
    keys = [Key(name, tuple(values)) for name, values in reading.swept(study).items()]
    differ = [key for key in keys if len(key.values) > 1][:MOST_PANELS]
    shown = ended[: MOST_DOTS // max(len(differ), 1)]
    drawn = [_panel(study, key, shown) for key in differ]
    missing = Counter(trial.status for trial in study.trials) - Counter(finished=len(ended))
    out = ", ".join(f"{count} {status}" for status, count in missing.items())
    says = "A point for each trial that finished, a line through the best at each value."
    says += f" The best {len(shown):,} are drawn." if len(shown) < len(ended) else ""
    says += f" Not drawn: {out}." if out else ""
    return [tag("p", says, class_="quiet"), tag("div", drawn, class_="charts")]


def _panel(study: Study, key: Key, ended: Sequence[tuple[Trial, float]]) -> Piece:
    inside = [(trial, value) for trial, value in ended if key.name in trial.point]
    along, up = axes.of_key(key), axes.of_figure(study.metric, [value for _, value in ended])
    frame = Frame(along, up, short(key.name, 50), words.words(study.metric))
    points: list[tuple[float, float, str]] = []
    tops: dict[float, float] = {}
    best = min if study.metric.endswith("_loss") else max
    for trial, value in inside:
        x = key.place(trial.point[key.name])
        tops[x] = best(tops.get(x, value), value)
        says = f"{short(label(trial.point, 4), 120)}\t{figure(study.metric, value)}"
        points.append((x, value, says))
    line = "M" + "L".join("{:g} {:g}".format(*frame.at(x, y)) for x, y in sorted(tops.items()))
    joined = (
        tag("g", tag("path", d=line), class_="line test")
        if key.kind != "text" and key.name != "seed"
        else None
    )
    dots = charts.dots(frame, points, "test", 3.6)
    title = f"{words.words(study.metric)} against {key.name}"
    return charts.figure(short(key.name, 50), frame.drawn(title, joined, dots, hover="near"))


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
    ends = charts.legend([("the best", STEPS[0]), ("the worst", STEPS[-1])])
    less = tag("p", f"The best {len(shown)} of {plural(len(ranked), 'trial')}.", class_="quiet")
    return [
        less if len(shown) < len(ranked) else None,
        ends,
        tag("div", drawn, class_="charts many"),
    ]


def _lines(shown: Sequence[tuple[Trial, list[Any]]], key: str) -> Iterator[Line]:
    """The worst first, so that the best lies on top."""
    most = max(12, MOST_POINTS // len(shown))
    for place in reversed(range(len(shown))):
        trial, records = shown[place]
        thin = [r for r in curves.thinned(records, most) if r.get(key) is not None]
        if thin:
            look = STEPS[place * len(STEPS) // len(shown)]
            told = [f"{record['epoch']}\t{figure(key, record[key])}" for record in thin]
            yield Line(short(label(trial.point, 4), 90), curves.points(thin, key), look, told)


def _records(trial: Trial) -> list[Any]:
    try:
        return rundir.read_records(trial.path) if trial.path.is_dir() else []
    except (DamagedError, UsageError):
        return []


def _repeat(study: Study) -> Piece:
    going, given, best = reading.going_on(study), _command(study), study.best
    return [
        _to_type("To train what is missing:", going),
        _to_type("As it was last trained:", given if given != going else None),
        _to_type("A page of the best trial:", words.command("report", best.path) if best else None),
    ]


def _to_type(says: str, command: str | None) -> Piece:
    return [tag("p", says), parts.code(command, "the command")] if command else None


def _command(study: Study) -> str | None:
    """What the newest of its trials was trained by; None where they do not say."""
    found: list[tuple[str, list[str]]] = []
    for trial in study.trials:
        with suppress(DamagedError, UsageError):
            run = rundir.open_run(trial.path)
            found.append((str(run["started"]), run["command"][1:]))
    words_of = max(found, default=("", []))[1]
    return shlex.join(["nncli", *words_of]) if words_of[:1] == ["sweep"] else None
