"""The loop: epochs of blocks of batches, a record at the end of each epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from nncli.data.dataset import Dataset
from nncli.network.params import Array
from nncli.spec.model import Spec
from nncli.training.evaluation import new_tally
from nncli.training.monitor import follow
from nncli.training.state import Plateau, State
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
        tally=new_tally(dataset),
        average=vector.copy() if spec.average else None,
        plateau=Plateau() if spec.schedule.name == "plateau" else None,
    )


def train(
    spec: Spec,
    dataset: Dataset,
    state: State,
    *,
    watch: Callable[[Progress], None] = lambda progress: None,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Record]:
    """Train to the end of the spec, or until `stop()` is true after a batch; yields a record every so many epochs.

    Raises DivergedError when a loss or parameter is not finite; `state` is then the last in which all were.
    """
    trainer = Trainer.of(spec, dataset, state)
    length, stopped = trainer.length, False
    while not (state.done or stopped):
        epoch, batches = state.epoch + 1, length.batches_of(state.epoch + 1)
        order = trainer.order(epoch)
        while state.batch < batches and not stopped:
            stopped = trainer.run_block(order, stop)
            watch(Progress(epoch, length.epochs, state.batch, batches, state.tally.figures()))
        if state.batch == batches:
            state.done = epoch == length.epochs
            if batches == length.batches:  # the last epoch may end early, and is not whole then
                state.epoch, state.batch = epoch, 0
            if epoch % spec.record_every == 0 or state.done:
                record = trainer.record(epoch)
                follow(spec, state, record, trainer.monitored)
                yield record
