"""Watching a figure of the records: the best so far, when to stop, when to cut the learning rate."""

from __future__ import annotations

import math
from collections.abc import Mapping

from nncli.spec.model import Spec
from nncli.spec.schedules import Plateau as PlateauSpec
from nncli.training.state import Best, Plateau, State

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
    return next(name for split in splits for name in telling if name.startswith(split))


def follow(spec: Spec, state: State, record: Mapping[str, float], figure: str) -> None:
    """Take in a record: remember the best, cut a plateau's rate, or end the training."""
    stopping = spec.early_stopping
    if stopping or keeps_best(spec):
        _remember_best(state, record, figure, stopping.min_delta if stopping else 0.0)
    if stopping and record["epoch"] - (state.best.epoch if state.best else 0) >= stopping.patience:
        state.stopped = True
    if isinstance(spec.schedule, PlateauSpec) and state.plateau:
        _follow_plateau(spec.schedule, state.plateau, record)


def _remember_best(
    state: State, record: Mapping[str, float], figure: str, min_delta: float
) -> None:
    value = record.get(figure)
    if value is not None and improves(
        figure, value, state.best.value if state.best else None, min_delta
    ):
        state.best = Best(value, int(record["epoch"]), state.vector.copy())


def _follow_plateau(settings: PlateauSpec, plateau: Plateau, record: Mapping[str, float]) -> None:
    """Cut when nothing has improved for `patience` epochs, counted from the last improvement or cut."""
    value, epoch = record.get(settings.monitor), int(record["epoch"])
    if improves(settings.monitor, value, plateau.best, settings.min_delta):
        plateau.best, plateau.since = value, epoch
    elif epoch - plateau.since >= settings.patience:
        plateau.height *= settings.factor
        plateau.since = epoch
