"""Resuming is exact: a training that dies anywhere and goes on from its last checkpoint ends with the same bytes.

Every optimizer, with checkpoints at the end of epochs and inside them, with dropout, schedule, early stopping and
augmentation on and off. Each of eight planted bugs is caught by the same comparison.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import same_bytes, spec_of

from nncli import experiment, files, preparation, resuming
from nncli.runs import checkpoint
from nncli.spec.model import Spec
from nncli.training.optimizers import OPTIMIZERS
from nncli.training.trainer import Trainer

CADENCES = {"epoch end": {"epochs": 2}, "mid-epoch": {"batches": 7}}
EXTRAS = ("dropout", "schedule", "early stopping", "augmentation")
CASES = list(product(OPTIMIZERS, CADENCES, *[(False, True)] * len(EXTRAS)))
np.random.default_rng(0).shuffle(CASES)  # so that the first few are of every kind
EPOCHS = 8
"""Of 12 batches each, the last of which is short."""


class Killed(BaseException):
    """The process ends here: what is on the disk is all that is left."""


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small pictures of three classes, bright in different places."""
    rng = np.random.default_rng(1)
    y = np.arange(155) % 3
    x = rng.integers(0, 120, (155, 6, 6)).astype(np.uint8)
    for row, label in zip(x, y, strict=True):
        row[2 * label : 2 * label + 2] += 100
    path = tmp_path_factory.mktemp("data") / "images.npz"
    np.savez(path, x=x, y=y)
    return path


def make_spec(
    images: Path, optimizer: str, cadence: str, dropout: bool, schedule: bool, stopping: bool,
    augmentation: bool,
) -> Spec:  # fmt: skip
    spec = spec_of(
        "36-8-3 tanh softmax",
        data={"source": "npz", "path": str(images), "scale": 255, "validation": 40},
        seed=3,
        optimizer=optimizer,
        epochs=EPOCHS,
        batch_size=10,
        eta=0.01,
        average={"every": 3},
        checkpoint=CADENCES[cadence],
        # it never improves after the first epoch: training stops after the sixth
        early_stopping={"min_delta": 9.0, "patience": 5} if stopping else None,
        keep=None if stopping else "best",
        schedule={"name": "cosine"} if schedule else {"name": "plateau", "patience": 2},
        augment={"shift": 1, "rotate": 10} if augmentation else None,
    )
    layers = [spec.architecture[0].model_copy(update={"dropout": 0.3 * dropout})]
    return spec.model_copy(update={"architecture": (*layers, *spec.architecture[1:])})


def dies_after(questions: int) -> Callable[[], bool]:
    """What training asks after each batch and around each checkpoint; it kills when it has been asked so often."""
    left = iter(range(questions))

    def stop() -> bool:
        if next(left, None) is None:
            raise Killed
        return False

    return stop


def resumed(spec: Spec, folder: Path, deaths: tuple[int, ...]) -> Path:
    """A run that dies, goes on, dies again, and goes on to its end."""
    prepared = preparation.prepare(spec)
    path = folder / "resumed"
    with pytest.raises(Killed):
        experiment.train(prepared, folder, run_dir=path, stop=dies_after(deaths[0]))
    for questions in deaths[1:]:
        with pytest.raises(Killed):
            resume(path, dies_after(questions))
    resume(path, lambda: False)
    return path


def resume(path: Path, stop: Callable[[], bool]) -> None:
    with resuming.reopened(path) as reopened:
        experiment.resume(reopened.prepare(), reopened, stop=stop)


def straight(spec: Spec, folder: Path) -> Path:
    return experiment.train(preparation.prepare(spec), folder, run_dir=folder / "straight").path


@pytest.mark.campaign(short=12, long=112, torture=len(CASES))
def test_a_resumed_run_is_the_same_run(campaign, images, tmp_path):
    for number in campaign.numbers:
        spec = make_spec(images, *CASES[number])
        folder = tmp_path / str(number)
        folder.mkdir()
        deaths = (campaign.rng.randint(20, 60), campaign.rng.randint(1, 20))
        same_bytes(straight(spec, folder), resumed(spec, folder, deaths))


def after_restoring(change: Callable[[Any], None]) -> Callable[[pytest.MonkeyPatch], None]:
    """Something of the state is lost on the way back."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        restore = checkpoint.restore

        def broken(path: Path, state: Any, *network: Any) -> int:
            records = restore(path, state, *network)
            change(state)
            return records

        patch.setattr(checkpoint, "restore", broken)

    return plant


def momentum(state: Any) -> None:
    for slot in state.optimizer.values():
        slot[...] = 0


def patience(state: Any) -> None:
    state.patience.since = state.epoch


def best(state: Any) -> None:
    state.best = None


def offset(state: Any) -> None:
    state.batch += 1


def sums(state: Any) -> None:
    state.tally = type(state.tally)()


def first_order_again(patch: pytest.MonkeyPatch) -> None:
    order = Trainer.order
    patch.setattr(Trainer, "order", lambda self, epoch: order(self, 1))


def eta_from_the_start(patch: pytest.MonkeyPatch) -> None:
    """The schedule counts its steps from where the run went on."""
    make = Trainer.of.__func__

    def of(cls: type[Trainer], *args: Any) -> Trainer:
        trainer = make(cls, *args)
        first, schedule = trainer.steps, trainer.schedule
        object.__setattr__(trainer, "schedule", lambda step: schedule(step - first))
        return trainer

    patch.setattr(Trainer, "of", classmethod(of))


def log_not_cut(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(files, "truncate", lambda path, size: None)


BUGS = {
    "momentum not restored": after_restoring(momentum),
    "the order of epoch 0 repeated": first_order_again,
    "a wrong eta step": eta_from_the_start,
    "patience lost": after_restoring(patience),
    "best lost": after_restoring(best),
    "batch offset by one": after_restoring(offset),
    "sums lost": after_restoring(sums),
    "log not cut": log_not_cut,
}


@pytest.mark.parametrize("bug", BUGS)
def test_planted_bugs_are_caught(bug, images, tmp_path, monkeypatch):
    # its best epoch is an early one where it is told by accuracy, as without early stopping
    stopping = bug != "best lost"
    case = ("momentum", "mid-epoch", False, bug == "a wrong eta step", stopping, False)
    spec = make_spec(images, *case)
    whole = straight(spec, tmp_path)
    BUGS[bug](monkeypatch)
    # it dies in batch 38: behind the record of batch 36, which the checkpoint of batch 35 does not count
    run = resumed(spec, tmp_path, (38 + 1 + 2 * 5,))
    with pytest.raises(AssertionError):
        same_bytes(whole, run)
