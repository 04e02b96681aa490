"""The tables of a sweep: its trials, or its settings with mean and spread over their seeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from rich.table import Table

from nncli.cli.console import plain_table
from nncli.spec.page import visible
from nncli.sweep.grid import Point
from nncli.sweep.settings import Setting
from nncli.sweep.study import Study, Trial
from nncli.sweep.values import in_words
from nncli.words import figure

SPREAD = "mean ± sample standard deviation (n - 1) over the seeds that finished"


def trials_table(study: Study, trials: Iterable[Trial]) -> Table:
    """A row for each trial: its point, how it stands, and its last figures."""
    keys, figures = _keys(trial.point for trial in study.trials), study.figure_keys
    table = plain_table(
        *map(visible, keys), "status", "epoch", *(key.replace("_", " ") for key in figures)
    )
    best = study.best
    for trial in trials:
        last = trial.figures or {}
        cells = [figure(key, last.get(key)) for key in figures]
        style = "bold green" if best and trial.id == best.id else None
        row = [*_values(trial.point, keys), trial.status, str(last.get("epoch", "-")), *cells]
        table.add_row(*row, style=style)
    return table


def settings_table(study: Study, settings: Sequence[Setting]) -> Table:
    """A row for each setting, the best first: its keys, how many of its seeds finished, and its mean figures."""
    keys, figures = _keys(setting.point for setting in settings), study.figure_keys
    table = plain_table(*map(visible, keys), "seeds", *(key.replace("_", " ") for key in figures))
    for number, setting in enumerate(settings):
        cells = [mean(setting, key) for key in figures]
        style = "bold green" if not number and setting.finished else None
        table.add_row(*_values(setting.point, keys), seeds(setting), *cells, style=style)
    return table


def ranking(study: Study, each: bool = False) -> list[Table | str]:
    """The trials, the best first; where seeds are among what was swept, the settings instead, unless `each`."""
    settings = study.settings()
    if settings and not each:
        return [settings_table(study, settings), SPREAD]
    return [trials_table(study, study.ranking())]


def seeds(setting: Setting) -> str:
    """How many seeds finished, and what became of the others: "2 of 3, 1 diverged"."""
    others = Counter(trial.status for trial in setting.trials if trial.status != "finished")
    done = f"{len(setting.finished)} of {len(setting.trials)}"
    return ", ".join([done, *(f"{count} {status}" for status, count in others.items())])


def mean(setting: Setting, key: str) -> str:
    """A figure over the seeds: "91.20% ± 0.35%"."""
    spread = setting.spread(key)
    text = figure(key, setting.mean(key))
    return text if spread is None else f"{text} ± {figure(key, spread)}"


def _keys(points: Iterable[Point]) -> list[str]:
    return list(dict.fromkeys(key for point in points for key in point))


def _values(point: Point, keys: Sequence[str]) -> list[Any]:
    return [in_words(point[key]) if key in point else "-" for key in keys]
