"""The `optimizer:` key: one model per optimizer, each with the settings of its formula (training/optimizers.py)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from nncli.spec.base import (
    Fraction,
    Model,
    NonNegativeNumber,
    PositiveNumber,
    Shorthand,
)


class Sgd(Model):
    """Plain gradient descent."""

    name: Literal["sgd"]


class Momentum(Model):
    """Gradient descent with a velocity."""

    name: Literal["momentum"]
    mu: Fraction = 0.9
    """How much of the velocity is kept at each step."""


class Nesterov(Model):
    """Momentum that looks ahead."""

    name: Literal["nesterov"]
    mu: Fraction = 0.9
    """How much of the velocity is kept at each step."""


class Adagrad(Model):
    """Steps shrink with the sum of squared gradients."""

    name: Literal["adagrad"]
    initial_accumulator: NonNegativeNumber = 0.0
    """What the sum of squared gradients starts from."""
    epsilon: PositiveNumber = 1e-7
    """Added to the root, so that nothing is divided by zero."""


class Rmsprop(Model):
    """Steps are divided by a moving root mean square of the gradients."""

    name: Literal["rmsprop"]
    rho: Fraction = 0.9
    """How much of the mean square is kept at each step."""
    epsilon: PositiveNumber = 1e-7
    """Added to the root, so that nothing is divided by zero."""


class Adam(Model):
    """Moving means of the gradient and of its square, both corrected for their start at zero."""

    name: Literal["adam"]
    beta1: Fraction = 0.9
    """How much of the mean is kept at each step."""
    beta2: Fraction = 0.999
    """How much of the mean square is kept at each step."""
    epsilon: PositiveNumber = 1e-8
    """Added to the root, so that nothing is divided by zero."""


class Adamw(Adam):
    """Adam, with the weights pulled to zero beside it rather than through the gradient."""

    name: Literal["adamw"]  # type: ignore[assignment]
    weight_decay: NonNegativeNumber = 0.01
    """Every step takes eta times this share off every parameter."""


class Lion(Model):
    """Steps of one length: the sign of a moving mean of the gradient."""

    name: Literal["lion"]
    beta1: Fraction = 0.9
    """How much the mean counts beside the gradient, in the sign that is followed."""
    beta2: Fraction = 0.99
    """How much of the mean is kept at each step."""
    weight_decay: NonNegativeNumber = 0.0
    """Every step takes eta times this share off every parameter."""


AnyOptimizer = Sgd | Momentum | Nesterov | Adagrad | Rmsprop | Adam | Adamw | Lion
OptimizerSpec = Annotated[AnyOptimizer, Field(discriminator="name"), Shorthand("name")]
