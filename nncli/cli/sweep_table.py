"""The tables of a sweep: its trials, or its settings with means over their seeds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich.table import Table

from nncli.cli.console import plain_table
from nncli.spec.page import visible
from nncli.sweep import telling
from nncli.sweep.grid import Point
from nncli.sweep.study import Study, Trial
from nncli.sweep.values import in_words, label
from nncli.words import figure, words

BEST = "bold green"


def trials_table(study: Study, trials: Iterable[Trial]) -> Table:
    """A row for each trial: its point, how it stands, its last figures, and whether it is of the best setting."""
    keys, figures = _keys(trial.point for trial in study.trials), study.figure_keys
    table = plain_table(*map(visible, keys), "status", "epoch", *map(words, figures), "")
    places = telling.places(study)
    for trial in trials:
        last, place = trial.figures or {}, places.get(trial.id, "")
        cells = [figure(key, last.get(key)) for key in figures]
        row = [*_values(trial.point, keys), trial.status, str(last.get("epoch", "-")), *cells]
        table.add_row(*row, place, style=BEST if place == "best" else None)
    return table


def settings_table(study: Study) -> Table:
    """A row for each setting, the best first: its keys, how many of its seeds finished, its mean figures, and whether
    it is the best or tied with it."""
    keys, figures = _keys(setting.point for setting in study.settings), study.figure_keys
    table = plain_table(*map(visible, keys), "seeds", *map(words, figures), "")
    places = telling.places(study)
    for setting in study.settings:
        cells = [telling.mean(setting, key) for key in figures]
        place = places.get(setting.trials[0].id, "")
        row = [*_values(setting.point, keys), telling.seeds(setting), *cells, place]
        table.add_row(*row, style=BEST if place == "best" else None)
    return table


def ranking(study: Study, each: bool = False) -> list[Table | str]:
    """The trials, the best first; where seeds are among what was swept, the settings instead, unless `each`. Then what
    has to be known of it."""
    means = study.has_seeds and not each
    table = settings_table(study) if means else trials_table(study, study.ranking())
    notes = telling.notes(study)
    return [table, "\n".join(notes)] if notes else [table]


def best(study: Study) -> str:
    """The best setting, and the trial that stands for it; "" where none has finished."""
    setting, trial = study.best_setting, study.best
    if setting is None or trial is None:
        return ""
    at = f"{label(trial.point)}  {trial.path}"
    if not (study.has_seeds and setting.point):
        return f"best: {at}"
    value = f"{words(study.metric)} {telling.best_value(study, setting)}"
    return f"best: {label(setting.point)}  {value}\nits best seed: {at}"


def _keys(points: Iterable[Point]) -> list[str]:
    return list(dict.fromkeys(key for point in points for key in point))


def _values(point: Point, keys: Sequence[str]) -> list[Any]:
    return [in_words(point[key]) if key in point else "-" for key in keys]
