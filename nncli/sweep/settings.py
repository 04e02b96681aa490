"""Trials that differ by their seed alone are one setting: its mean over the seeds, how sure that mean is, and which
settings it does not tell apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

from nncli.sweep.grid import Point, trial_id
from nncli.sweep.space import SEED
from nncli.training.monitor import FALLING

if TYPE_CHECKING:
    from nncli.sweep.study import Trial


@dataclass(frozen=True)
class Setting:
    """The trials of one point, whatever their seeds."""

    point: Point
    """Without the seed."""
    trials: tuple[Trial, ...]
    """The best first."""

    @property
    def finished(self) -> tuple[Trial, ...]:
        """The trials that count in the mean."""
        return tuple(trial for trial in self.trials if trial.meaning.ranked)

    @property
    def is_whole(self) -> bool:
        """Whether all of its seeds finished."""
        return len(self.finished) == len(self.trials)

    def mean(self, key: str) -> float | None:
        """The mean of a figure; None where no trial finished, or one of them has no finite figure."""
        values = self.values(key)
        return fmean(values) if values else None

    def deviation(self, key: str) -> float | None:
        """The sample standard deviation s of a figure (n - 1); None below two."""
        values = self.values(key)
        return stdev(values) if len(values) > 1 else None

    def standard_error(self, key: str) -> float | None:
        """The standard error of the mean of a figure, s / sqrt(n); None below two."""
        deviation = self.deviation(key)
        return None if deviation is None else deviation / math.sqrt(len(self.finished))

    def values(self, key: str) -> list[float]:
        """A figure of each trial that finished; empty where one has none that is finite."""
        values = [(trial.figures or {}).get(key) for trial in self.finished]
        numbers = [value for value in values if value is not None]
        return numbers if len(numbers) == len(values) else []

    def as_json(self, keys: Sequence[str]) -> dict[str, Any]:
        """The setting with mean, sample standard deviation and standard error of the named figures."""
        return {
            "point": self.point,
            "seeds": len(self.trials),
            "finished": len(self.finished),
            "mean": {key: self.mean(key) for key in keys},
            "std": {key: self.deviation(key) for key in keys},
            "sem": {key: self.standard_error(key) for key in keys},
            "trials": [trial.id for trial in self.trials],
        }


def settings_of(trials: Sequence[Trial], metric: str) -> list[Setting]:
    """The settings of trials, the best mean first, and in each the best trial first; what did not finish comes behind,
    and so do settings of which a seed did not."""
    groups: dict[tuple[str, bool], list[Trial]] = {}
    for trial in trials:
        key = trial_id(_without_seed(trial.point)), SEED in trial.point
        groups.setdefault(key, []).append(trial)
    loss = f"{metric.partition('_')[0]}_loss"

    def of_trial(trial: Trial) -> tuple[bool, float, float]:
        figures = trial.figures or {}
        by_metric, by_loss = (rank(figures.get(key), key) for key in (metric, loss))
        return not trial.meaning.ranked, by_metric, by_loss

    def of_setting(setting: Setting) -> list[Any]:
        means = [rank(setting.mean(key), key) for key in (metric, loss)]
        return [not setting.finished, not setting.is_whole, *means, of_trial(setting.trials[0])]

    settings = [
        Setting(_without_seed(group[0].point), (*sorted(group, key=of_trial),))
        for group in groups.values()
    ]
    return sorted(settings, key=of_setting)


def _without_seed(point: Point) -> Point:
    return {key: value for key, value in point.items() if key != SEED}


def are_tied(one: Setting, other: Setting, key: str) -> bool:
    """Whether the means of a figure differ by no more than the standard error of their difference,
    s sqrt(1/n + 1/m) with the pooled variance s^2 = ((n - 1) s_1^2 + (m - 1) s_2^2) / (n + m - 2).

    For n = m that is the same as Welch's; pooled, it also holds for a single seed beside several. Where both have a
    single seed nothing tells s, and only equal figures are tied.
    """
    samples = one.values(key), other.values(key)
    if not all(samples):
        return False
    squares = sum((value - fmean(values)) ** 2 for values in samples for value in values)
    n, m = map(len, samples)
    variance = squares / (n + m - 2) if n + m > 2 else 0.0
    return abs(fmean(samples[0]) - fmean(samples[1])) <= math.sqrt(variance * (1 / n + 1 / m))


def rank(value: float | None, key: str) -> float:
    """Smaller is better; a figure that is missing or was not finite comes last."""
    if value is None:
        return math.inf
    return value if key.endswith(FALLING) else -value
