"""How the training changes as it goes: `schedule`, `early_stopping`, `average`, `regularizer`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from nncli.spec.base import (
    Count,
    Fraction,
    Model,
    NonNegativeNumber,
    PositiveNumber,
    Shorthand,
    is_whole,
    must_be,
    wanted,
)

Share = Annotated[float, Field(gt=0, lt=1), must_be("a number between 0 and 1, such as 0.5")]


class Constant(Model):
    """eta stays as it is."""

    name: Literal["constant"]


class Step(Model):
    """eta is multiplied by `factor` every so many epochs."""

    name: Literal["step"]
    every: Count = Field(examples=[10])
    """Epochs between two cuts."""
    factor: Share = 0.5


class Exponential(Model):
    """eta is multiplied by `factor` each epoch, smoothly."""

    name: Literal["exponential"]
    factor: Share = 0.95


class Cosine(Model):
    """Half a cosine from eta down to `final` times eta."""

    name: Literal["cosine"]
    final: Fraction = 0.0
    """What is left of eta at the end, as a share of it."""


class Linear(Model):
    """A straight line from eta down to `final` times eta."""

    name: Literal["linear"]
    final: Fraction = 0.0
    """What is left of eta at the end, as a share of it."""


class Plateau(Model):
    """eta is multiplied by `factor` whenever a figure has not improved for `patience` epochs."""

    name: Literal["plateau"]
    factor: Share = 0.5
    patience: Count = 5
    """Epochs without improvement before a cut, and between two cuts."""
    monitor: str = "validation_loss"
    """The figure of a record that is watched: a `_loss`, `_rmse` or `_mae` should fall, anything else rise. Where
    `class_weight` is set, the default is validation_weighted_loss."""
    min_delta: NonNegativeNumber = 0.0
    """What counts as an improvement."""


AnySchedule = Constant | Step | Exponential | Cosine | Linear | Plateau
ScheduleSpec = Annotated[AnySchedule, Field(discriminator="name"), Shorthand("name")]


def _warmup(value: Any) -> Any:
    if not is_whole(value, 0) and not (type(value) is float and 0 <= value < 1):
        raise wanted("a number of epochs (0, 5) or a fraction of the training (0.02)")
    return value


Warmup = Annotated[int | float, BeforeValidator(_warmup)]
"""Epochs, or a fraction of the whole training."""


class RegularizerSpec(Model):
    """What keeps weights small. Records never include a penalty."""

    l1: NonNegativeNumber = 0.0
    """Adds l1 sum |w| over the weights to what is minimized; biases are left alone."""
    l2: NonNegativeNumber = 0.0
    """Adds l2/2 sum w^2 over the weights to what is minimized; biases are left alone."""
    max_norm: PositiveNumber | None = None
    """After each step the weights into a unit are scaled back to this length, where they are longer."""


class EarlyStoppingSpec(Model):
    """Stop when a figure no longer improves."""

    monitor: str = "validation_loss"
    """The figure of a record that is watched: a `_loss`, `_rmse` or `_mae` should fall, anything else rise. Where
    `class_weight` is set, the default is validation_weighted_loss."""
    patience: Count = 5
    """Epochs without improvement after which training stops."""
    min_delta: NonNegativeNumber = 0.0
    """What counts as an improvement while waiting. The best parameters are better by any amount."""
    restore_best: bool = True
    """Whether `weights.npz` holds the best parameters, rather than the last; of equal ones those of the first epoch."""


class AverageSpec(Model):
    """An exponential moving average of the parameters, evaluated and saved beside them."""

    decay: Fraction = 0.95
    """How much of the average is kept at each update; less at the first ones, so that it is never the first weights."""
    every: Count = 25
    """Steps between two updates."""
