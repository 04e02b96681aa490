"""When the next checkpoint is due: a question after each batch, asked anew after each checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from nncli.spec.checkpoints import CheckpointSpec, seconds


def of(settings: CheckpointSpec, epoch: int, steps: Callable[[], int]) -> Callable[[], bool]:
    """The question that a spec's `checkpoint` asks, for epochs of so many batches; `steps()` counts those done."""
    if settings.every:
        end = monotonic() + seconds(settings.every)
        return lambda: monotonic() >= end
    batches = settings.batches or (settings.epochs or 1) * epoch
    return lambda: steps() % batches == 0
