"""Trials that differ by their seed alone are one setting: the mean over its seeds, and how far they are spread."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

from nncli.sweep.grid import Point, trial_id
from nncli.sweep.space import SEED

if TYPE_CHECKING:
    from nncli.sweep.study import Trial


@dataclass(frozen=True)
class Setting:
    """The trials of one point, whatever their seeds."""

    point: Point
    """Without the seed."""
    trials: tuple[Trial, ...]

    @property
    def finished(self) -> tuple[Trial, ...]:
        """The trials that count in the mean."""
        return tuple(trial for trial in self.trials if trial.status == "finished")

    def mean(self, key: str) -> float | None:
        """The mean of a figure; None where no trial finished, or one of them has no finite figure."""
        values = self._values(key)
        return fmean(values) if values else None

    def spread(self, key: str) -> float | None:
        """The sample standard deviation of a figure (n - 1); None below two."""
        values = self._values(key)
        return stdev(values) if len(values) > 1 else None

    def _values(self, key: str) -> list[float]:
        values = [(trial.figures or {}).get(key) for trial in self.finished]
        numbers = [value for value in values if value is not None]
        return numbers if len(numbers) == len(values) else []

    def as_json(self, keys: Sequence[str]) -> dict[str, Any]:
        """The setting with mean and spread of the named figures."""
        return {
            "point": self.point,
            "seeds": len(self.trials),
            "finished": len(self.finished),
            "mean": {key: self.mean(key) for key in keys},
            "std": {key: self.spread(key) for key in keys},
            "trials": [trial.id for trial in self.trials],
        }


def settings_of(ranked: Sequence[Trial], metric: str) -> list[Setting]:
    """The settings of ranked trials, the best mean first; those of which a seed did not finish come behind.

    Empty where no two trials differ by their seed alone.
    """
    groups: dict[tuple[str, bool], list[Trial]] = {}
    for trial in ranked:
        setting = {key: value for key, value in trial.point.items() if key != SEED}
        groups.setdefault((trial_id(setting), SEED in trial.point), []).append(trial)
    if all(len(trials) == 1 for trials in groups.values()):
        return []
    settings = [
        Setting({key: value for key, value in trials[0].point.items() if key != SEED}, (*trials,))
        for trials in groups.values()
    ]
    loss = f"{metric.partition('_')[0]}_loss"

    def order(setting: Setting) -> tuple[bool, bool, float, float]:
        finished = len(setting.finished)
        return (
            finished < len(setting.trials),
            not finished,
            rank(setting.mean(metric), metric),
            rank(setting.mean(loss), loss),
        )

    return sorted(settings, key=order)


def rank(value: float | None, key: str) -> float:
    """Smaller is better; a figure that is missing or was not finite comes last."""
    if value is None:
        return math.inf
    return value if key.endswith("_loss") else -value
