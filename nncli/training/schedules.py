"""The learning rate as a function of the step, one table: name -> what is left of eta.

A schedule is a pure function of how far a training is; only `plateau` depends on how well it goes, and keeps two
numbers for that in the training's state (monitor.py).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from nncli.spec.schedules import AnySchedule

Shape = Callable[[Any, float, float], float]
"""(settings, epochs done, share of the training done) -> what eta is multiplied by."""

SHAPES: dict[str, Shape] = {
    "constant": lambda settings, epochs, share: 1.0,
    "step": lambda settings, epochs, share: settings.factor ** (int(epochs) // settings.every),
    "exponential": lambda settings, epochs, share: settings.factor**epochs,
    "cosine": lambda settings, epochs, share: _between(
        settings, (1 + math.cos(math.pi * share)) / 2
    ),
    "linear": lambda settings, epochs, share: _between(settings, 1 - share),
    "plateau": lambda settings, epochs, share: 1.0,
}


def _between(settings: Any, height: float) -> float:
    """From 1 down to `final`, as height goes from 1 to 0."""
    return settings.final + (1 - settings.final) * height


def make_schedule(
    eta: float, schedule: AnySchedule, warmup: float, *, batches: int, steps: int
) -> Callable[[int], float]:
    """Step, counted from 0, -> eta of that step: eta x shape x min(1, (step + 1) / warm-up steps).

    `batches` is an epoch's, `steps` the whole training's; `warmup` is epochs, or below 1 a share of the training.
    """
    shape = SHAPES[schedule.name]
    rising = max(1, round(warmup * (steps if warmup < 1 else batches)))
    if schedule.name in ("constant", "plateau") and rising == 1:
        return lambda step: eta

    def at(step: int) -> float:
        height = shape(schedule, step / batches, step / steps)
        return eta * height * min(1.0, (step + 1) / rising)

    return at
