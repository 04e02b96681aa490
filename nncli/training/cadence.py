"""When a checkpoint is due: a question after each batch."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from nncli.spec.checkpoints import CheckpointSpec, seconds


def of(settings: CheckpointSpec, epoch: int, steps: Callable[[], int]) -> Callable[[], bool]:
    """The question that a spec's `checkpoint` asks, for epochs of so many batches; `steps()` counts those done."""
    if settings.every:
        return _every(seconds(settings.every))
    batches = settings.batches or (settings.epochs or 1) * epoch
    return lambda: steps() % batches == 0


def _every(span: float) -> Callable[[], bool]:
    last = monotonic()

    def due() -> bool:
        nonlocal last
        if monotonic() - last < span:
            return False
        last = monotonic()
        return True

    return due
