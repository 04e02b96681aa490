"""The loop: epochs of blocks of batches, a record at the end of each epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from nncli.data.dataset import Dataset
from nncli.network.params import Array
from nncli.spec.model import Spec
from nncli.training.class_weight import class_weights
from nncli.training.evaluation import new_tally
from nncli.training.monitor import follow
from nncli.training.state import Patience, Plateau, State
from nncli.training.step import make_optimizer
from nncli.training.trainer import Record, Trainer


class Progress(NamedTuple):
    """Where a training stands, for whoever watches."""

    epoch: int
    epochs: int
    batch: int
    batches: int
    figures: Mapping[str, float]
    """Train figures since the last record."""


def start(spec: Spec, dataset: Dataset, vector: Array) -> State:
    """The state before the first batch; training changes `vector` in place."""
    return State(
        vector=vector,
        optimizer=make_optimizer(spec).init(vector),
        tally=new_tally(dataset, class_weights(spec, dataset)),
        average=vector.copy() if spec.average else None,
        patience=Patience() if spec.early_stopping else None,
        plateau=Plateau() if spec.schedule.name == "plateau" else None,
    )


def train(
    trainer: Trainer,
    *,
    watch: Callable[[Progress], None] = lambda progress: None,
    pause: Callable[[], bool] = lambda: False,
) -> Iterator[Record]:
    """Train to the end of the spec, or until `pause()` is true after a batch; yields a record every so many epochs.

    Called again, it goes on from that batch: to the same bytes, whether with this trainer or with another of the same
    state. Raises DivergedError when a loss or parameter is not finite; the state is then the last in which all were.
    """
    state, length, paused = trainer.state, trainer.length, False
    while not (trainer.done or paused):
        epoch, batches = state.epoch + 1, length.batches_of(state.epoch + 1)
        order = trainer.order(epoch)
        while state.batch < batches and not paused:
            paused = trainer.run_block(order, pause)
            watch(Progress(epoch, length.epochs, state.batch, batches, state.tally.figures()))
        if state.batch == batches:
            record = end_epoch(trainer)
            if record:
                yield record


def end_epoch(trainer: Trainer) -> Record | None:
    """Close the epoch whose last batch is done; its record, where one is due."""
    state, length, epoch = trainer.state, trainer.length, trainer.state.epoch + 1
    if state.batch == length.batches:  # the last epoch may end early, and is not whole then
        state.epoch, state.batch = epoch, 0
    if epoch % trainer.spec.record_every and not trainer.done:
        return None
    record = trainer.record(epoch)
    follow(trainer.spec, state, record, trainer.monitored)
    return record
