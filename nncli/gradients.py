"""Backprop against central differences on the first batch of an experiment: what `nncli gradcheck` does."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

import numpy as np

from nncli.data.dataset import Dataset
from nncli.experiment import initial_vector
from nncli.network.gradcheck import central_differences
from nncli.network.losses import row_losses
from nncli.network.params import Array, Arrays, count, shapes
from nncli.network.propagation import Masks
from nncli.spec.model import Spec
from nncli.streams import Purpose, stream
from nncli.training import loop
from nncli.training.dropout import rows_of
from nncli.training.length import Block
from nncli.training.step import Network, backprop
from nncli.training.trainer import Trainer

ROWS = 128
"""Rows of the batch that are taken at most: differences cost two passes for every parameter."""
EVERY = 50_000
"""Parameters up to which each one is checked."""
SAMPLE = 2_000
"""Elements of each array that are checked beyond that."""
FLOOR = 1e-9
"""A difference this small is rounding, whatever the slope."""


@dataclass(frozen=True)
class ArrayCheck:
    """How the slopes of one parameter array agree."""

    name: str
    shape: tuple[int, ...]
    checked: int
    error: float
    """The largest |a - n| / (max(|a|, |n|) + 1e-9 / tolerance): at most the tolerance where
    |a - n| <= tolerance max(|a|, |n|) + 1e-9."""
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
    with np.errstate(over="ignore"):
        backprop(network, x, y, z, masks)  # makes the buffers
        begun = perf_counter()
        backprop(network, x, y, z, masks)
        backprop_seconds = perf_counter() - begun
    picked = _picked(spec, everything)
    begun = perf_counter()
    slopes = central_differences(network.params, spec.architecture, spec.loss, x, y, masks, picked)
    numerical_seconds = perf_counter() - begun
    arrays = tuple(
        _compare(name, network.grads[name], slopes[name], picked[name], tolerance)
        for name in picked
    )
    losses = row_losses(spec.loss, spec.architecture[-1].activation, z, y)
    return Gradcheck(
        arrays, len(x), float(losses.mean()), tolerance, backprop_seconds, numerical_seconds
    )


def _first_batch(spec: Spec, dataset: Dataset) -> tuple[Network, Array, Array, Masks]:
    """The network at its first parameters, and up to 128 rows of the first batch."""
    state = loop.start(spec, dataset, initial_vector(spec))
    trainer = Trainer.of(spec, dataset, state)
    block = Block.of(trainer.length, trainer.order(1), 1, 0)
    x, y, _, masks = next(trainer.batches(block, *trainer.buffers(block)))
    return trainer.step.network, x[:ROWS].copy(), y[:ROWS].copy(), rows_of(masks, slice(ROWS))


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


def _compare(
    name: str, exact: Array, numerical: Array, picked: Array, tolerance: float
) -> ArrayCheck:
    analytic = exact.reshape(-1)[picked]
    larger = np.maximum(np.abs(analytic), np.abs(numerical))
    errors = np.abs(analytic - numerical) / (larger + FLOOR / tolerance)
    worst = int(errors.argmax())
    where = tuple(int(i) for i in np.unravel_index(picked[worst], exact.shape))
    return ArrayCheck(
        name,
        exact.shape,
        len(picked),
        float(errors[worst]),
        where,
        float(analytic[worst]),
        float(numerical[worst]),
    )
