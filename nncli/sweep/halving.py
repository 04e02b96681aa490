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
from nncli.runs.status import FINISHED, STOPPED
from nncli.spec.sweeps import HalvingSpec
from nncli.sweep.study import Study, Trial


def rungs(study: Study, halved: HalvingSpec | None) -> list[int | None]:
    """The epochs until which trials are trained, one after the other; None stands for their end."""
    if halved is None:
        return [None]
    epochs = [trial.spec.epochs or 0 for trial in study.trials if trial.spec]
    return [*(rung for rung in halved.rungs if rung < min(epochs, default=0)), None]


def decided(study: Study, halved: HalvingSpec | None) -> Study:
    """The study after the rungs to which all of its trials have come: what a rung decides follows from their records
    alone, so an earlier command need not be believed."""
    for rung in rungs(study, halved):
        if rung is None or halved is None or not all(_is_past(one, rung) for one in study.trials):
            break
        study = halve(study, rung, halved.keep, lambda trial: None)
    return study


def _is_past(trial: Trial, rung: int) -> bool:
    """Whether no command has to train a trial up to a rung."""
    # one that failed is trained anew: what it has counts for nothing
    has_failed = trial.meaning.over and trial.meaning.again
    return has_reached(trial, rung) and not has_failed


def has_reached(trial: Trial, rung: int) -> bool:
    """Whether a trial has been trained for so many epochs and then ended in order, or has come to an earlier end."""
    if trial.meaning.over:
        return True
    # otherwise its weights are not yet those of the rung, however far its checkpoint is
    if not trial.meaning.in_order:
        return False
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
            if trial.meaning.over:  # it ended before the rung, by itself
                continue
            left = replace(trial, status=STOPPED, reason=reason)
            study = study.replaced(left)
            ended(left)
    return study


def _there(trial: Trial, rung: int) -> Trial:
    """A trial that came to a rung as if that were its end."""
    if trial.meaning.over and not trial.meaning.ranked:
        return trial
    return replace(trial, status=FINISHED, figures=_at(trial, rung))


def _at(trial: Trial, rung: int) -> dict[str, float | None]:
    """The last record of a trial up to a rung; empty where there is none."""
    records = [one for one in rundir.read_records(trial.path) if one["epoch"] <= rung]
    return records[-1] if records else {}
