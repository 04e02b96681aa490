"""What a sweep goes over, as an axis: where each value stands, and what it is called."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from nncli.sweep.values import all_in_words, number, same
from nncli.words import short

DECADES = 100.0
"""Values that span more than this factor stand on a logarithmic axis."""


@dataclass(frozen=True)
class Key:
    """A swept key as an axis."""

    name: str
    values: tuple[Any, ...]
    """Numbers from small to large, whatever else there is behind them."""

    @cached_property
    def kind(self) -> Literal["linear", "log", "steps", "text"]:
        """`steps`: numbers that fit no axis, such as 0, 0.001, 0.01, 0.1, stand beside each other; so does `text`."""
        numbers = [number(value) for value in self.values]
        if any(each is None for each in numbers):
            return "text"
        positive = [each for each in numbers if each is not None and each > 0]
        if not _logarithmic(positive):
            return "linear"
        return "log" if len(positive) == len(numbers) else "steps"

    def place(self, value: Any) -> float:
        """Where a value stands along the axis."""
        if self.kind in ("linear", "log"):
            return float(value)
        return float(self.order(value))

    def order(self, value: Any) -> int:
        """Which of the values it is."""
        return self._orders[same(value)]

    @cached_property
    def _orders(self) -> dict[float | str, int]:
        return {same(value): place for place, value in enumerate(self.values)}

    def labels(self, most: int = 40) -> list[str]:
        """A label for each value, no two alike."""
        seen: dict[str, int] = {}
        made = []
        for words in all_in_words(self.values, 4):
            text = short(words, most)
            seen[text] = seen.get(text, 0) + 1
            made.append(text if seen[text] == 1 else f"{text} ({seen[text]})")
        return made


def _logarithmic(values: list[float]) -> bool:
    """Whether positive values span more than two decades, or are spaced more evenly by factors than by steps."""
    if len(values) < 2 or values[-1] < 4 * values[0]:
        return False
    if values[-1] > DECADES * values[0] or len(values) == 2:
        return values[-1] >= 10 * values[0]
    return _uneven(np.log(values)) < _uneven(np.array(values)) / 2


def _uneven(values: Any) -> float:
    """How far sorted values are from even steps between their ends."""
    shares = (values - values[0]) / (values[-1] - values[0])
    return float(np.abs(shares - np.linspace(0, 1, len(values))).max())
