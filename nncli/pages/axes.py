"""Axes of a drawing: from values to places, and ticks at round numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nncli.report.keys import Key
from nncli.words import SHARES

WIDE_RANGE = {"loss": 25, "rmse": 5}
"""What falls by more than this factor is drawn on a logarithmic axis."""
LOWEST_R2 = -1.0


@dataclass(frozen=True)
class Axis:
    """One axis: values between `low` and `high`, and ticks with their words."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    log: bool = False

    def share(self, value: float) -> float:
        """Where a value stands between both ends, which are 0 and 1; what lies beyond stands at them."""
        low, high, value = (self._even(each) for each in (self.low, self.high, value))
        return min(max((value - low) / ((high - low) or 1.0), 0.0), 1.0)

    def _even(self, value: float) -> float:
        return math.log10(max(value, 1e-300)) if self.log else value


def linear(
    values: Sequence[float],
    *,
    margin: float = 0.0,
    whole: bool = False,
    form: Callable[[float], str] = lambda value: f"{value:.6g}",
    most: int = 5,
) -> Axis:
    """An axis over all of these values, with so much of its length free at both ends."""
    low, high = min(values), max(values)
    if low == high:
        pad = abs(low) * 0.05 or 0.5
        low, high = low - pad, high + pad
    room = margin * (high - low)
    step = _step((high - low + 2 * room) / most)
    if whole:
        step = max(1.0, round(step))
    low, high = low - room, high + room
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    ticks = tuple((n * step, form(n * step)) for n in range(first, last + 1))
    return Axis(low, high, ticks)


def _step(least: float) -> float:
    """The next larger of 1, 2, 5, 10, ..."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * 0.999)


def logarithmic(values: Sequence[float]) -> Axis:
    """An axis over positive values by factors, with room at both ends."""
    low, high = min(values), max(values)
    room = (high / low) ** 0.04 if high > low else 1.5
    low, high = low / room, high * room
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    factors = (1, 2, 5) if high < 300 * low else (1,)
    ticks = [f * 10.0**n for n in decades for f in factors if low <= f * 10.0**n <= high]
    thin = -(-len(ticks) // 8)
    return Axis(low, high, tuple((tick, f"{tick:g}") for tick in ticks[::thin]), log=True)


def of_figure(name: str, values: Sequence[float]) -> Axis:
    """The axis of a figure: `loss`, `accuracy`, ..., or of a record's key that ends so."""
    kind = name.rpartition("_")[2]
    low, high = min(values), max(values)
    if name.endswith(SHARES):
        return linear(values, margin=0.04, form=lambda value: f"{100 * value:.4g}%")
    if kind == "r2":
        return linear([max(value, LOWEST_R2) for value in values], margin=0.04)
    if high > WIDE_RANGE.get(kind, math.inf) * low > 0:
        return logarithmic(values)
    return linear(values, margin=0.04)


def of_key(key: Key) -> Axis:
    """The axis of what a sweep goes over: numbers along it, texts beside each other."""
    if key.kind == "log":
        return logarithmic([key.place(value) for value in key.values])
    if key.kind == "linear" and len(key.values) > 8:
        return linear([key.place(value) for value in key.values], margin=0.06)
    places = [key.place(value) for value in key.values]
    room = 0.06 * (places[-1] - places[0]) or 0.5
    thin = -(-len(places) // 8)
    labels = key.labels(14)
    ticks = tuple(zip(places[::thin], labels[::thin], strict=True))
    return Axis(places[0] - room, places[-1] + room, ticks)
