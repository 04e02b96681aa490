"""Blocks of batches, and the records that come of them.

A block is 64 batches. Its logits go into one buffer, from which the train figures and the check that everything is
finite are taken once per block; if something is not, the block is played again batch by batch to say where.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter

import numpy as np

from nncli.data.augment import Augmenter
from nncli.data.batches import Order, epoch_order
from nncli.data.dataset import Dataset
from nncli.data.feed import Feed
from nncli.network.calls import run
from nncli.network.losses import row_losses
from nncli.network.params import Array, Arrays, views
from nncli.spec.model import Spec
from nncli.training import averaging, engines
from nncli.training.bench import Batch, Bench
from nncli.training.class_weight import class_weights
from nncli.training.divergence import replay
from nncli.training.evaluation import Evaluator, figure_names, new_tally, prefixed, tracked
from nncli.training.length import Block, Length
from nncli.training.monitor import best_figure
from nncli.training.schedules import make_schedule
from nncli.training.state import State
from nncli.training.step import Network, Step

Record = dict[str, int | float]


@dataclass(frozen=True)
class Trainer:
    """What stays the same while a network trains, and the state that does not."""

    spec: Spec
    dataset: Dataset
    length: Length
    state: State
    feed: Feed
    step: Step
    schedule: Callable[[int], float]
    evaluators: Mapping[str, Evaluator]
    monitored: str
    """The figure that tells the best parameters."""

    @classmethod
    def of(
        cls,
        spec: Spec,
        dataset: Dataset,
        state: State,
        *,
        gradient: Array | None = None,
        beside: Trainer | None = None,
    ) -> Trainer:
        """Everything that a spec describes, bound once.

        `gradient` is where gradients go, if the caller has a place for them. What depends on the data alone is shared
        with `beside`, a trainer whose spec differs in nothing that decides it but the seed.
        """
        length = Length.of(spec, len(dataset.splits["train"]))
        weights = class_weights(spec, dataset)
        network = Network.of(spec.architecture, spec.loss, state.vector, gradient, weights)
        pick = engines.load(spec.engine).pick
        picked = beside.step.picked if beside else pick(spec, dataset)
        same_rows = beside is not None and beside.spec.seed == spec.seed
        return cls(
            spec=spec,
            dataset=dataset,
            length=length,
            state=state,
            feed=beside.feed if beside and same_rows else _feed(spec, dataset, length),
            step=Step(spec, network, state.optimizer, picked),
            schedule=make_schedule(
                spec.eta, spec.schedule, spec.warmup, batches=length.batches, steps=length.steps
            ),
            evaluators=beside.evaluators if beside else _evaluators(spec, dataset, weights),
            monitored=best_figure(spec, figure_names(spec, dataset)),
        )

    def order(self, epoch: int) -> Order:
        """The rows of an epoch, in the order in which they come."""
        sampling = self.spec.sampling or "shuffled"
        if self.length.batches == 1 and sampling == "shuffled":
            sampling = "sequential"
        return epoch_order(sampling, self.length.rows, seed=self.spec.seed, epoch=epoch)

    def eta(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        height = self.state.plateau.height if self.state.plateau else 1.0
        return self.schedule(step) * height

    @property
    def steps(self) -> int:
        """Steps taken so far."""
        return self.state.epoch * self.length.batches + self.state.batch

    @property
    def done(self) -> bool:
        """Whether training has come to its own end, early or not."""
        return self.state.stopped or self.steps >= self.length.steps

    @cached_property
    def bench(self) -> Bench:
        """Where the batches lie."""
        return Bench([self.spec], [self.feed], self.step)

    @np.errstate(all="ignore")
    def run_block(self, order: Order, pause: Callable[[], bool]) -> bool:
        """The rest of the block that the next batch is in; less of it, and True, where `pause()` says so."""
        state, begun = self.state, perf_counter()
        before, first = state.snapshot(), state.batch
        block = Block.of(self.length, order, state.epoch + 1, first)
        paused = False
        with self.step.ready():
            for batch in self.bench.batches([block], gathered=not self.step.picked):
                self.take_step(batch)
                if paused := pause():
                    break
        rows = self.rows_since(first)
        self.settle(block, before, first, self.bench.targets(rows), self.bench.logits(rows))
        state.seconds += perf_counter() - begun
        return paused

    def rows_since(self, first: int) -> int:
        """Rows trained on in this block since the batch numbered `first`."""
        size = self.length.batch_size
        return min((self.state.batch - first) * size, self.length.rows - first * size)

    def settle(
        self, block: Block, before: tuple[Arrays, Arrays], first: int, y: Array, z: Array
    ) -> None:
        """Take in the figures of a block's batches since `first`, from their targets and logits.

        Where something is not finite, the state goes back to `before`, and a replay raises DivergedError.
        """
        state, size = self.state, self.length.batch_size
        y = self.feed.judged(block.rest[: len(z)], y)
        losses = self.losses(y, z)
        if not (np.isfinite(losses).all() and state.is_finite()):
            state.restore(before)
            state.batch = first
            replay(self, block)
        state.tally.add(losses, z, y, self.spec.architecture[-1].activation, size)
        state.timed += len(z)

    def losses(self, y: Array, z: Array) -> Array:
        """The loss of each row."""
        return row_losses(self.spec.loss, self.spec.architecture[-1].activation, z, y)

    def numbers(self, step: int) -> tuple[float, ...]:
        """What a step multiplies with."""
        return self.step.optimizer.numbers(self.eta(step), step)

    def take_step(self, batch: Batch) -> None:
        """One step on one batch; its logits lie in the batch."""
        step = self.steps
        self.step.prepare(step, self.numbers(step))
        run(batch.calls)
        self.end_step()

    def end_step(self) -> None:
        """What follows an update: the count, the average."""
        self.state.batch += 1
        if self.spec.average and self.state.average is not None:
            averaging.follow(self.state.average, self.state.vector, self.spec.average, self.steps)

    def record(self, epoch: int) -> Record:
        """The figures since the last record, and those of the tracked splits now; begins a new count.

        Where `train` is tracked, its figures are those of now too.
        """
        state = self.state
        figures = prefixed("train", state.tally.figures())
        for kind, vector in {"": state.vector, "average_": state.average}.items():
            if vector is not None:
                params = views(vector, self.spec.architecture)
                for split, evaluator in self.evaluators.items():
                    figures |= prefixed(kind + split, evaluator.figures(params))
        speed = state.timed / max(state.seconds, 1e-9)
        record: Record = {"epoch": epoch, **figures, "eta": self.eta(self.steps - 1)}
        record |= {"seconds": round(state.seconds, 6), "samples_per_second": round(speed, 1)}
        state.tally = new_tally(self.dataset, self.step.network.class_weights)
        state.seconds, state.timed = 0.0, 0
        return record


def _feed(spec: Spec, dataset: Dataset, length: Length) -> Feed:
    outputs = spec.architecture[-1].output_dim
    augmenter = Augmenter.of(spec.augment, dataset.image_shape, spec.seed)
    gather = engines.load(spec.engine).gather
    return Feed(dataset, outputs, length.batch_size, spec.dtype, augmenter, gather)


def _evaluators(spec: Spec, dataset: Dataset, weights: Array | None) -> dict[str, Evaluator]:
    return {
        split: Evaluator(dataset, split, spec.architecture, spec.loss, spec.dtype, weights)
        for split in tracked(spec, dataset)
    }
