"""When a checkpoint is due: a question after each batch."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from nncli.spec.checkpoints import CheckpointSpec, seconds
from nncli.training.trainer import Trainer


def of(settings: CheckpointSpec, trainer: Trainer) -> Callable[[], bool]:
    """The question that a spec's `checkpoint` asks."""
    if settings.every:
        return _every(seconds(settings.every))
    batches = settings.batches or (settings.epochs or 1) * trainer.length.batches
    return lambda: trainer.steps % batches == 0


def _every(span: float) -> Callable[[], bool]:
    last = monotonic()

    def due() -> bool:
        nonlocal last
        if monotonic() - last < span:
            return False
        last = monotonic()
        return True

    return due
