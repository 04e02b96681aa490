"""The loop: epochs of blocks of batches, a record at the end of each epoch.

A block is 64 batches. Its logits go into one buffer, from which the train figures and the check that everything is
finite are taken once per block; if something is not, the block is played again batch by batch to say where.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np

from nncli.data.batches import epoch_order
from nncli.data.dataset import Dataset
from nncli.data.feed import Feed
from nncli.network.losses import row_losses
from nncli.network.params import Array
from nncli.spec.model import Spec
from nncli.training.divergence import replay
from nncli.training.evaluation import Evaluator, new_tally, tracked
from nncli.training.optimizers import OPTIMIZERS, Optimizer
from nncli.training.state import State
from nncli.training.step import Network, step

BLOCK = 64
"""Batches per block. Part of every result: random draws of later blocks follow from it."""

Record = dict[str, int | float]


@dataclass(frozen=True)
class Length:
    """How long a training is, in rows, batches and epochs."""

    rows: int
    """Rows of the training split."""
    batch_size: int
    steps: int
    """Batches, all epochs together; the last epoch may end early."""

    @classmethod
    def of(cls, spec: Spec, rows: int) -> Length:
        """An epoch is ceil(rows / batch_size) batches, whatever the sampling."""
        batch_size = rows if spec.batch_size == "full" else min(spec.batch_size, rows)
        per_epoch = math.ceil(rows / batch_size)
        return cls(rows, batch_size, spec.iterations or per_epoch * (spec.epochs or 0))

    @property
    def batches(self) -> int:
        """Batches of a whole epoch."""
        return math.ceil(self.rows / self.batch_size)

    @property
    def epochs(self) -> int:
        """Epochs, the last of which may end early."""
        return math.ceil(self.steps / self.batches)

    def batches_of(self, epoch: int) -> int:
        """Batches of one epoch, counted from 1."""
        return min(self.batches, self.steps - (epoch - 1) * self.batches)


@dataclass(frozen=True)
class Progress:
    """Where a training stands, for whoever watches."""

    epoch: int
    epochs: int
    batch: int
    batches: int
    figures: Mapping[str, float] = field(default_factory=dict)
    """Train figures since the last record."""


def start(spec: Spec, dataset: Dataset, vector: Array) -> State:
    """The state before the first batch; training changes `vector` in place."""
    return State(vector, make_optimizer(spec).init(vector), new_tally(dataset))


def make_optimizer(spec: Spec) -> Optimizer:
    """The spec's optimizer with its settings."""
    return OPTIMIZERS[spec.optimizer.name](**spec.optimizer.model_dump(exclude={"name"}))


def train(
    spec: Spec,
    dataset: Dataset,
    state: State,
    *,
    watch: Callable[[Progress], None] = lambda progress: None,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Record]:
    """Train to the end of the spec, or until `stop()` is true after a batch; yields a record for each epoch.

    Raises DivergedError when a loss or parameter is not finite; `state` is then the last in which all were.
    """
    training = _Training.of(spec, dataset, state)
    length = training.length
    stopped = False
    while state.epoch < length.epochs and not stopped:
        epoch, batches = state.epoch + 1, length.batches_of(state.epoch + 1)
        order = training.order(epoch)
        while state.batch < batches and not stopped:
            last = min(batches, state.batch + BLOCK - state.batch % BLOCK)
            stopped = training.run_block(order, last, stop)
            watch(Progress(epoch, length.epochs, state.batch, batches, state.tally.figures()))
        if state.batch == batches:
            state.epoch, state.batch = epoch, 0
            if epoch % spec.record_every == 0 or epoch == length.epochs:
                yield training.record()


@dataclass(frozen=True)
class _Training:
    """What stays the same while a network trains, and the state that does not."""

    spec: Spec
    dataset: Dataset
    length: Length
    state: State
    feed: Feed
    network: Network
    optimizer: Optimizer
    evaluators: Mapping[str, Evaluator]

    @classmethod
    def of(cls, spec: Spec, dataset: Dataset, state: State) -> _Training:
        length = Length.of(spec, len(dataset.splits["train"]))
        layers = spec.architecture
        feed = Feed(dataset, layers[-1].output_dim, length.batch_size, spec.dtype)
        network = Network.of(layers, spec.loss, state.vector)
        evaluators = {
            split: Evaluator(dataset, split, layers, spec.loss, spec.dtype)
            for split in tracked(spec, dataset)
        }
        return cls(spec, dataset, length, state, feed, network, make_optimizer(spec), evaluators)

    def order(self, epoch: int) -> Array:
        """The rows of an epoch, in the order in which they come."""
        everything = self.length.batches == 1 and self.spec.sampling == "shuffled"
        sampling = "sequential" if everything else self.spec.sampling
        return epoch_order(sampling, self.length.rows, seed=self.spec.seed, epoch=epoch)

    @np.errstate(all="ignore")
    def run_block(self, order: Array, last: int, stop: Callable[[], bool]) -> bool:
        """Batches state.batch up to `last` of an epoch; fewer, and True, where `stop()` says so."""
        state, size = self.state, self.length.batch_size
        begun = perf_counter()
        before, first = state.snapshot(), state.batch
        rows = order[first * size : last * size]
        y = self.feed.targets[rows]
        z = np.empty_like(y)
        done, stopped = 0, False
        for begin, x in self.feed.batches(rows):
            done = begin + len(x)
            window = slice(begin, done)
            step(
                self.network,
                x,
                y[window],
                z[window],
                self.optimizer,
                state.optimizer,
                self.spec.eta,
            )
            state.batch += 1
            if stopped := stop():
                break
        y, z = y[:done], z[:done]
        activation = self.spec.architecture[-1].activation
        losses = row_losses(self.spec.loss, activation, z, y)
        if not (np.isfinite(losses).all() and np.isfinite(state.vector).all()):
            state.restore(before)
            state.batch = first
            replay(self.network, self.optimizer, state, self.feed, rows[:done], self.spec.eta)
        state.tally.add(losses, z, y, activation, size)
        state.seconds += perf_counter() - begun
        return stopped

    def record(self) -> Record:
        """The figures since the last record, and those of the tracked splits now; begins a new count."""
        state = self.state
        figures = _prefixed("train", state.tally.figures())
        for split, evaluator in self.evaluators.items():
            figures |= _prefixed(split, evaluator.figures(self.network.params))
        speed = state.tally.rows / max(state.seconds, 1e-9)
        record: Record = {"epoch": state.epoch, **figures, "eta": self.spec.eta}
        record |= {"seconds": round(state.seconds, 6), "samples_per_second": round(speed, 1)}
        state.tally, state.seconds = new_tally(self.dataset), 0.0
        return record


def _prefixed(split: str, figures: Mapping[str, float]) -> dict[str, float]:
    """{"loss": 0.1} -> {"test_loss": 0.1}."""
    return {f"{split}_{name}": value for name, value in figures.items()}
