"""Watching a figure of the records: the best so far, when to stop, when to cut the learning rate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from nncli.spec.model import Spec
from nncli.spec.schedules import Plateau as PlateauSpec
from nncli.training.records import column
from nncli.training.state import Best, Patience, Plateau, State

FALLING = ("_loss", "_rmse", "_mae")
"""Figures that are better when they are smaller; all others are better when they are larger."""


def improves(figure: str, value: float | None, best: float | None, min_delta: float = 0.0) -> bool:
    """Whether a figure is better than the best so far by more than min_delta; one that is not finite never is."""
    if value is None or not math.isfinite(value):
        return False
    if best is None:
        return True
    return value < best - min_delta if figure.endswith(FALLING) else value > best + min_delta


def keeps_best(spec: Spec) -> bool:
    """Whether `weights.npz` holds the best parameters rather than the last."""
    stopping = spec.early_stopping
    return spec.keep == "best" or (stopping is not None and stopping.restore_best)


def best_figure(spec: Spec, names: list[str]) -> str:
    """The figure by which the best is told: early stopping's, or else accuracy or R^2 (with class weights the weighted
    loss) of validation, of test, or of train: the first that is tracked, whatever order `track` has."""
    if spec.early_stopping:
        return spec.early_stopping.monitor
    telling = [name for name in names if not name.endswith(FALLING)]
    if spec.class_weight is not None:
        telling = [name for name in names if name.endswith("weighted_loss")]
    splits = ("validation_", "test_", "train_")
    return next(
        (name for split in splits for name in telling if name.startswith(split)), "train_loss"
    )


def best_epochs(records: Sequence[Mapping[str, Any]], figure: str) -> list[int]:
    """The epochs whose records were the best so far, the best of all at the end. Of equal ones the first counts."""
    found: list[int] = []
    best: float | None = None
    for epoch, value in zip(column(records, "epoch"), column(records, figure), strict=True):
        if improves(figure, value, best):
            best = value
            found.append(epoch)
    return found


def follow(spec: Spec, state: State, record: Mapping[str, float], figure: str) -> None:
    """Take in a record: remember the best, cut a plateau's rate, or end the training.

    The best parameters are those of the best record, by however little it is better; of equal records the first.
    min_delta decides no more than when waiting has an end.
    """
    stopping, schedule, epoch = spec.early_stopping, spec.schedule, int(record["epoch"])
    value, best = record.get(figure), state.best
    if (stopping or keeps_best(spec)) and improves(figure, value, best.value if best else None):
        assert value is not None, "what is missing improves nothing"
        state.best = Best(value, epoch, state.vector.copy())
    if stopping and state.patience:
        waited = _waited(state.patience, record, figure, stopping.min_delta)
        state.stopped = state.stopped or waited >= stopping.patience
    if isinstance(schedule, PlateauSpec) and state.plateau:
        waited = _waited(state.plateau, record, schedule.monitor, schedule.min_delta)
        if waited >= schedule.patience:
            state.plateau.height *= schedule.factor
            state.plateau.since = epoch


def _waited(
    waiting: Patience | Plateau, record: Mapping[str, float], figure: str, min_delta: float
) -> int:
    """Epochs since the figure has last improved by more than min_delta."""
    value, epoch = record.get(figure), int(record["epoch"])
    if improves(figure, value, waiting.best, min_delta):
        waiting.best, waiting.since = value, epoch
    return epoch - waiting.since
