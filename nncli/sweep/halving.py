"""Successive halving: every trial begins, and at each rung only the best settings go on, from their checkpoints, with
all of their seeds.

A trial is paused at a rung, never shortened: its schedule is that of the whole training, and one that goes on to the
end has the bytes of one that was never compared. Source: Jamieson and Talwalkar 2016, Non-stochastic Best Arm
Identification and Hyperparameter Optimization.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from nncli.errors import DamagedError, MachineError
from nncli.runs import checkpoint, rundir
from nncli.spec.sweeps import HalvingSpec
from nncli.sweep.study import STOPPED, Study, Trial


def rungs(study: Study, halved: HalvingSpec | None) -> list[int | None]:
    """The epochs until which trials are trained, one after the other; None stands for their end."""
    if halved is None:
        return [None]
    epochs = [trial.spec.epochs or 0 for trial in study.trials if trial.spec]
    return [*(rung for rung in halved.rungs if rung < min(epochs, default=0)), None]


def has_reached(trial: Trial, rung: int) -> bool:
    """Whether a trial has been trained for so many epochs, or to an earlier end."""
    if trial.status not in ("waiting", "interrupted"):
        return True
    saved = trial.path / rundir.CHECKPOINT
    try:
        return saved.is_file() and checkpoint.read(saved)[0].epoch >= rung
    except (DamagedError, MachineError):  # it will be trained again
        return False


def halve(study: Study, rung: int, keep: float, ended: Callable[[Trial], None]) -> Study:
    """The study without what does not go on from a rung: of the settings that came to it, `keep` do, one at least."""
    there = study.mapped(lambda trial: _there(trial, rung))
    ranked = [setting for setting in there.settings if setting.finished]
    best = math.ceil(len(ranked) * keep)
    for place, setting in enumerate(ranked[best:], best + 1):
        reason = f"place {place} of {len(ranked)} after epoch {rung}: {best} go on"
        for trial in (study.trial(one.id) for one in setting.trials):
            if trial.status != "interrupted":  # it ended before the rung, by itself
                continue
            left = replace(trial, status=STOPPED, reason=reason)
            study = study.replaced(left)
            ended(left)
    return study


def _there(trial: Trial, rung: int) -> Trial:
    """A trial that came to a rung as if that were its end."""
    if trial.status not in ("finished", "interrupted"):
        return trial
    return replace(trial, status="finished", figures=_at(trial, rung))


def _at(trial: Trial, rung: int) -> dict[str, float | None]:
    """The last record of a trial up to a rung; empty where there is none."""
    records = [one for one in rundir.read_records(trial.path) if one["epoch"] <= rung]
    return records[-1] if records else {}
