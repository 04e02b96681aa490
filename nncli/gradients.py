"""The gradient that a training uses against central differences of its loss: what `nncli gradcheck` does.

The gradient is read out of the step that trains, with the engine of the spec, dropout, class weights and penalties; the
loss is written out a second time (network/reference.py), and shares no code with that step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import NamedTuple

import numpy as np

from nncli.data.dataset import Dataset
from nncli.network import reference
from nncli.network.calls import Calls, run
from nncli.network.gradcheck import STEP, differences
from nncli.network.params import Array, Arrays, count, shapes, views
from nncli.network.reference import Reference
from nncli.preparation import initial_vector
from nncli.spec.model import Spec
from nncli.streams import Purpose, stream
from nncli.training import engines, loop
from nncli.training.bench import Batch, Bench
from nncli.training.length import Block
from nncli.training.step import Step
from nncli.training.trainer import Trainer

ROWS = 128
"""Rows of a batch beyond which fewer elements are taken: differences cost two passes for every one."""
EVERY = 50_000
"""Parameters up to which each one is checked."""
SAMPLE = 2_000
"""Elements of each array that are checked beyond that."""
FEWEST = 20
"""Elements of each array that are checked, however many rows there are."""
FLOOR = 1e-9
"""A difference this small is rounding, whatever the slope; where the loss is so large, or the step so small, that its
own rounding 4 eps Loss / h is more, or that of a sum of slopes, 16 eps of the array's largest, that counts instead."""
SMALLER = (0.1, 0.01)
"""Steps, in shares of h, with which slopes that disagree are taken again: within h of a kink of relu, differences
measure both of its sides."""
TOLERANCES = {"float64": 1e-6, "float32": 1e-4}
"""In float64 the differences are the less exact side: h^2 and 4e-11 / slope. In float32 the gradient is: eps is 1.2e-7
and its sums over inputs, units and rows have hundreds of terms, so that where they cancel 1e-5 of it is rounding."""
PACE = 2.0**20
"""eta of the step that is read: large, so that what a sparse first layer takes off its weights at once is not lost in
their own rounding; a power of two, which rounds nothing."""
NUDGE = 0.1
"""Standard deviation of what is put in place of parameters that are exactly 0, such as biases at the start: there a
penalty, or what is multiplied by them, would not show, and relus stand on their kink."""


@dataclass(frozen=True)
class ArrayCheck:
    """How the slopes of one parameter array agree."""

    name: str
    shape: tuple[int, ...]
    checked: int
    error: float
    """The largest |g - n| / (max(|g|, |n|) + floor / tolerance): at most the tolerance where
    |g - n| <= tolerance max(|g|, |n|) + floor."""
    kinks: int
    """Elements that agreed only with a smaller step."""
    where: tuple[int, ...]
    """The element it belongs to."""
    gradient: float
    numerical: float


@dataclass(frozen=True)
class Gradcheck:
    """Every array, and the time that both ways took."""

    arrays: tuple[ArrayCheck, ...]
    rows: int
    engine: str
    """Whose gradient it was, and in which type."""
    loss: float
    """With class weights, dropout and penalties."""
    terms: tuple[str, ...]
    """What that loss consists of."""
    tolerance: float
    sampled: bool
    """Whether only some elements of each array were taken."""
    gradient_seconds: float
    numerical_seconds: float

    @property
    def worst(self) -> ArrayCheck:
        """The array with the largest error."""
        return max(self.arrays, key=lambda array: array.error)

    @property
    def passed(self) -> bool:
        """Whether every slope agrees."""
        return self.worst.error <= self.tolerance


class _Gradient(Step):
    """The step of a training without its last part: the gradient stays as the optimizer would find it."""

    def _update(self, vector: Array, gradient: Array) -> Calls:
        yield from ()


class _Taken(NamedTuple):
    """A step that was taken: where from, on what, and the gradient that it used."""

    vector: Array
    batch: Batch
    rows: Array
    """The numbers of the batch's rows in the training split."""
    gradient: Array
    seconds: float
    engine: str


def gradcheck(
    spec: Spec, dataset: Dataset, *, everything: bool = False, tolerance: float | None = None
) -> Gradcheck:
    """Compare both gradients on the first batch, with its dropout and its distortions, class weights and penalties.

    In float64, but for a first layer that skips zeros, which there is in float32 only; the tolerance goes by that.
    Networks of more than 50,000 parameters are sampled, 2,000 elements an array, unless `everything`; so are larger
    batches than 128 rows, in proportion.
    """
    zeros_skipped = engines.load(spec.engine).pick(spec, dataset) is not None
    spec = spec if zeros_skipped else spec.model_copy(update={"dtype": "float64"})
    tolerance = TOLERANCES[spec.dtype] if tolerance is None else tolerance
    taken = _take_step(spec, dataset)
    problem = _written_out(spec, dataset, taken)
    loss, l1, l2 = problem.loss_now(), spec.regularizer.l1, spec.regularizer.l2
    picked = _picked(spec, len(taken.rows), everything)
    weights = [name for name in picked if name.startswith("W")]
    flat = {name: value.reshape(-1) for name, value in problem.params.items()}

    def slopes(elements: Arrays, step: float = STEP) -> Arrays:
        found = differences(problem, elements, step)
        for name in weights:
            found[name] += reference.penalty_slopes(flat[name][elements[name]], l1, l2)
        return found

    begun = perf_counter()
    numerical = slopes(picked)
    seconds = perf_counter() - begun
    gradient = views(taken.gradient, spec.architecture)
    found = {name: gradient[name].reshape(-1)[elements] for name, elements in picked.items()}
    largest = {name: float(np.abs(slope).max(initial=0)) for name, slope in numerical.items()}
    allowed = _Allowed(tolerance, loss, spec.dtype, largest)
    errors = allowed.errors(found, numerical, STEP)
    kinks = _again(found, numerical, errors, picked, slopes, allowed)
    arrays = tuple(
        _worst(name, shape, picked[name], errors[name], found[name], numerical[name], kinks[name])
        for name, shape in shapes(spec.architecture).items()
    )
    penalties = sum(float(reference.penalty(flat[name], l1, l2).sum()) for name in weights)
    sampled = sum(map(len, picked.values())) < count(spec.architecture)
    return Gradcheck(
        arrays, len(taken.rows), taken.engine, loss + penalties, _terms(spec), tolerance, sampled,
        taken.seconds, seconds,
    )  # fmt: skip


def _take_step(spec: Spec, dataset: Dataset) -> _Taken:
    """The training's first step, and the time of a second one like it."""
    vector = _parameters(spec)
    state = loop.start(spec, dataset, vector.copy())
    trainer = Trainer.of(spec, dataset, state)
    network = trainer.step.network
    step = _Gradient(spec, network, state.optimizer, trainer.step.picked)
    numbers = step.optimizer.numbers(PACE, 0)
    step.prepare(0, numbers)
    block = Block.of(trainer.length, trainer.order(1), 1, 0)
    batch = next(Bench([spec], [trainer.feed], step).batches([block]))
    rows = block.rest[: len(batch.x)]
    with np.errstate(all="ignore"):
        with step.ready():
            run(batch.calls)
        gradient = network.gradient.astype(np.float64)
        if step.picked:  # the first weights have taken their step already
            first = network.params["W1"].size
            gradient[:first] = vector[:first].astype(np.float64) - network.vector[:first]
        network.vector[...] = vector
        with step.ready():
            begun = perf_counter()
            run(batch.calls)
            seconds = perf_counter() - begun
    whose = _whose(step, batch, rows)
    return _Taken(vector, batch, rows, gradient / numbers[0], seconds, f"{whose}, {spec.dtype}")


def _parameters(spec: Spec) -> Array:
    """Those that training starts from, small random numbers in place of zeros."""
    vector = initial_vector(spec)
    zero, rng = vector == 0, stream(spec.seed, Purpose.GRADCHECK, 1)
    vector[zero] = NUDGE * rng.standard_normal(np.count_nonzero(zero))
    return vector


def _whose(step: Step, batch: Batch, rows: Array) -> str:
    """Who works the gradient out."""
    spec, calls = step.spec, step.own_calls(batch.x, batch.y, batch.z, batch.masks, rows)
    if spec.gradient == "numerical":
        return f"engine {spec.engine}, gradient numerical"
    if step.picked:
        return f"engine {spec.engine}, whose first layer skips zeros"
    left = spec.engine != "numpy" and calls is None
    return f"engine {spec.engine}" + (", which leaves this step to numpy" if left else "")


def _written_out(spec: Spec, dataset: Dataset, taken: _Taken) -> Reference:
    """The loss of that step: the class weights and the dropout of the spec, as they are defined."""
    params = views(taken.vector.astype(np.float64), spec.architecture)
    weights = np.ones(len(taken.rows))
    if spec.class_weight is not None and dataset.classes is not None:
        labels = dataset.splits["train"].y
        each = dict(enumerate(dataset.classes))
        of_class = (
            reference.balanced(labels)
            if spec.class_weight == "balanced"
            else {number: spec.class_weight[name] for number, name in each.items()}
        )
        weights = np.array([of_class[int(label)] for label in labels[taken.rows]])
    masks = {}
    for number, layer in enumerate(spec.architecture, 1):
        if layer.dropout:
            kept = taken.batch.masks.get(number, np.ones(1)) != 0
            masks[number] = reference.dropout(kept, layer.dropout)
    x, y = (np.array(array, np.float64) for array in (taken.batch.x, taken.batch.y))
    activations = [layer.activation for layer in spec.architecture]
    return Reference(params, x, y, activations, spec.loss, masks, weights)


def _terms(spec: Spec) -> tuple[str, ...]:
    """What the loss consists of."""
    dropout = any(layer.dropout for layer in spec.architecture)
    names = {"class weights": spec.class_weight is not None, "dropout": dropout}
    penalties = {"l1": spec.regularizer.l1, "l2": spec.regularizer.l2}
    return (
        spec.loss,
        *(name for name, there in names.items() if there),
        *(f"{name} penalty {number:g}" for name, number in penalties.items() if number),
    )


class _Allowed(NamedTuple):
    """How far two slopes may be apart."""

    tolerance: float
    loss: float
    dtype: str
    largest: dict[str, float]
    """The largest slope of each array."""

    def errors(self, found: Arrays, slopes: Arrays, step: float) -> Arrays:
        """How far they are; what is not a number is infinitely far."""
        return {
            name: self._errors(name, found[name], slope, step) for name, slope in slopes.items()
        }

    def _errors(self, name: str, found: Array, slopes: Array, step: float) -> Array:
        of_loss = 4 * float(np.finfo(np.float64).eps) * abs(self.loss) / step
        of_sums = 16 * float(np.finfo(self.dtype).eps) * self.largest[name]
        with np.errstate(all="ignore"):
            larger = np.maximum(np.abs(found), np.abs(slopes))
            allowed = larger + max(FLOOR, of_loss, of_sums) / self.tolerance
            errors = np.abs(found - slopes) / allowed
        return np.where(np.isnan(errors), np.inf, errors)


def _again(
    found: Arrays,
    slopes: Arrays,
    errors: Arrays,
    picked: Arrays,
    differences: Callable[[Arrays, float], Arrays],
    allowed: _Allowed,
) -> dict[str, int]:
    """Take slopes that disagree again with smaller steps, in place; how many of each array agree then."""
    tolerance = allowed.tolerance
    before = {name: int(np.count_nonzero(error > tolerance)) for name, error in errors.items()}
    for share in SMALLER:
        wrong = {name: np.flatnonzero(error > tolerance) for name, error in errors.items()}
        if not any(map(len, wrong.values())):
            break
        step = STEP * share
        nearer = differences({name: picked[name][at] for name, at in wrong.items()}, step)
        again = allowed.errors({name: found[name][at] for name, at in wrong.items()}, nearer, step)
        for name, at in wrong.items():
            better = again[name] < errors[name][at]
            slopes[name][at[better]] = nearer[name][better]
            errors[name][at[better]] = again[name][better]
    return {name: before[name] - int(np.count_nonzero(errors[name] > tolerance)) for name in errors}


def _picked(spec: Spec, rows: int, everything: bool) -> Arrays:
    """The flat indices of the elements that are checked."""
    rng, share = stream(spec.seed, Purpose.GRADCHECK), min(1, ROWS / rows)
    sizes = {name: int(np.prod(shape)) for name, shape in shapes(spec.architecture).items()}
    if everything or count(spec.architecture) <= EVERY * share:
        return {name: np.arange(size) for name, size in sizes.items()}
    most = max(FEWEST, int(SAMPLE * share))
    return {
        name: np.sort(rng.choice(size, min(size, most), replace=False))
        for name, size in sizes.items()
    }


def _worst(
    name: str,
    shape: tuple[int, ...],
    picked: Array,
    errors: Array,
    found: Array,
    slopes: Array,
    kinks: int,
) -> ArrayCheck:
    """The element of an array whose two slopes are furthest apart."""
    worst = int(errors.argmax())
    where = tuple(int(i) for i in np.unravel_index(picked[worst], shape))
    error, gradient, numerical = float(errors[worst]), float(found[worst]), float(slopes[worst])
    return ArrayCheck(name, shape, len(picked), error, kinks, where, gradient, numerical)
