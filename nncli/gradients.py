"""Backprop against central differences on the first batch of an experiment: what `nncli gradcheck` does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from nncli.data.dataset import Dataset
from nncli.network.gradcheck import STEP, central_differences
from nncli.network.losses import row_losses, row_weights
from nncli.network.params import Array, Arrays, count, shapes
from nncli.network.propagation import Masks
from nncli.preparation import initial_vector
from nncli.spec.model import Spec
from nncli.streams import Purpose, stream
from nncli.training import loop
from nncli.training.dropout import rows_of
from nncli.training.length import Block
from nncli.training.step import Network, gradient_of
from nncli.training.trainer import Trainer

ROWS = 128
"""Rows of the batch that are taken at most: differences cost two passes for every parameter."""
EVERY = 50_000
"""Parameters up to which each one is checked."""
SAMPLE = 2_000
"""Elements of each array that are checked beyond that."""
FLOOR = 1e-9
"""A difference this small is rounding, whatever the slope; where the loss is so large, or the step so small, that its
own rounding 4 eps Loss / h is more, that counts instead."""
SMALLER = (0.1, 0.01)
"""Steps, in shares of h, with which slopes that disagree are taken again: within h of a kink of relu, differences
measure both of its sides."""


@dataclass(frozen=True)
class ArrayCheck:
    """How the slopes of one parameter array agree."""

    name: str
    shape: tuple[int, ...]
    checked: int
    error: float
    """The largest |a - n| / (max(|a|, |n|) + floor / tolerance): at most the tolerance where
    |a - n| <= tolerance max(|a|, |n|) + floor."""
    kinks: int
    """Elements that agreed only with a smaller step."""
    where: tuple[int, ...]
    """The element it belongs to."""
    backprop: float
    numerical: float


@dataclass(frozen=True)
class Gradcheck:
    """Every array, and the time that both ways took."""

    arrays: tuple[ArrayCheck, ...]
    rows: int
    loss: float
    tolerance: float
    sampled: bool
    """Whether only some elements of each array were taken."""
    backprop_seconds: float
    numerical_seconds: float

    @property
    def worst(self) -> ArrayCheck:
        """The array with the largest error."""
        return max(self.arrays, key=lambda array: array.error)

    @property
    def passed(self) -> bool:
        """Whether every slope agrees."""
        return self.worst.error <= self.tolerance


def gradcheck(
    spec: Spec, dataset: Dataset, *, everything: bool = False, tolerance: float = 1e-6
) -> Gradcheck:
    """Compare both gradients in float64 on the first batch, with its dropout and its distortions, without penalties.

    Networks of more than 50,000 parameters are sampled, 2,000 elements an array, unless `everything`.
    """
    network, x, y, masks = _first_batch(spec.model_copy(update={"dtype": "float64"}), dataset)
    z = np.empty_like(y)
    with np.errstate(all="ignore"):
        gradient_of(network, x, y, z, masks)  # makes the buffers
        begun = perf_counter()
        gradient_of(network, x, y, z, masks)
        backprop_seconds = perf_counter() - begun
    weights = network.class_weights
    losses = row_losses(spec.loss, network.last, z, y)
    loss = float((losses if weights is None else losses * row_weights(y, weights)[:, 0]).mean())
    picked = _picked(spec, everything)

    def differences(elements: Arrays, step: float = STEP) -> Arrays:
        return central_differences(
            network.params, spec.architecture, spec.loss, x, y, masks, elements, step, weights
        )

    begun = perf_counter()
    slopes = differences(picked)
    numerical_seconds = perf_counter() - begun
    exact = {name: network.grads[name].reshape(-1)[elements] for name, elements in picked.items()}
    errors = {name: _errors(exact[name], slopes[name], loss, STEP, tolerance) for name in picked}
    kinks = _again(exact, slopes, errors, picked, differences, loss, tolerance)
    arrays = tuple(
        _worst(
            name,
            network.grads[name].shape,
            picked[name],
            errors[name],
            exact[name],
            slopes[name],
            kinks[name],
        )
        for name in picked
    )
    sampled = sum(map(len, picked.values())) < count(spec.architecture)
    return Gradcheck(arrays, len(x), loss, tolerance, sampled, backprop_seconds, numerical_seconds)


def _errors(exact: Array, slopes: Array, loss: float, step: float, tolerance: float) -> Array:
    """How far two slopes are apart; what is not a number is infinitely far."""
    floor = max(FLOOR, 4 * np.finfo(np.float64).eps * abs(loss) / step)
    with np.errstate(all="ignore"):
        larger = np.maximum(np.abs(exact), np.abs(slopes))
        errors = np.abs(exact - slopes) / (larger + floor / tolerance)
    return np.where(np.isnan(errors), np.inf, errors)


def _again(
    exact: Arrays,
    slopes: Arrays,
    errors: Arrays,
    picked: Arrays,
    differences: Callable[[Arrays, float], Arrays],
    loss: float,
    tolerance: float,
) -> dict[str, int]:
    """Take slopes that disagree again with smaller steps, in place; how many of each array agree then."""
    before = {name: int(np.count_nonzero(error > tolerance)) for name, error in errors.items()}
    for share in SMALLER:
        wrong = {name: np.flatnonzero(error > tolerance) for name, error in errors.items()}
        if not any(map(len, wrong.values())):
            break
        step = STEP * share
        nearer = differences({name: picked[name][at] for name, at in wrong.items()}, step)
        for name, at in wrong.items():
            again = _errors(exact[name][at], nearer[name], loss, step, tolerance)
            better = again < errors[name][at]
            slopes[name][at[better]] = nearer[name][better]
            errors[name][at[better]] = again[better]
    return {name: before[name] - int(np.count_nonzero(errors[name] > tolerance)) for name in errors}


def _first_batch(spec: Spec, dataset: Dataset) -> tuple[Network, Array, Array, Masks]:
    """The network at its first parameters, and up to 128 rows of the first batch."""
    state = loop.start(spec, dataset, initial_vector(spec))
    trainer = Trainer.of(spec, dataset, state)
    block = Block.of(trainer.length, trainer.order(1), 1, 0)
    batch = next(trainer.bench.batches([block]))
    masks = rows_of(batch.masks, slice(ROWS))
    return trainer.step.network, batch.x[:ROWS].copy(), batch.y[:ROWS].copy(), masks


def _picked(spec: Spec, everything: bool) -> Arrays:
    """The flat indices of the elements that are checked."""
    rng = stream(spec.seed, Purpose.GRADCHECK)
    sizes = {name: int(np.prod(shape)) for name, shape in shapes(spec.architecture).items()}
    if everything or count(spec.architecture) <= EVERY:
        return {name: np.arange(size) for name, size in sizes.items()}
    return {
        name: np.sort(rng.choice(size, min(size, SAMPLE), replace=False))
        for name, size in sizes.items()
    }


def _worst(
    name: str,
    shape: tuple[int, ...],
    picked: Array,
    errors: Array,
    exact: Array,
    slopes: Array,
    kinks: int,
) -> ArrayCheck:
    """The element of an array whose two slopes are furthest apart."""
    worst = int(errors.argmax())
    where = tuple(int(i) for i in np.unravel_index(picked[worst], shape))
    error, backprop, numerical = float(errors[worst]), float(exact[worst]), float(slopes[worst])
    return ArrayCheck(name, shape, len(picked), error, kinks, where, backprop, numerical)
