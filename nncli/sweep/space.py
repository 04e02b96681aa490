"""The points of a sweep: every combination of its lists and ranges, or samples drawn from them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from nncli.errors import UsageError, dotted
from nncli.spec.paths import key_path
from nncli.spec.shape import fields_at, number_types
from nncli.spec.sweeps import RangeSpec, SweepSpec, Values
from nncli.streams import Purpose, stream
from nncli.sweep.grid import Point, trial_id
from nncli.words import plural

MANY = 1000
"""Trials beyond which a sweep asks whether that is meant."""
SEED = "seed"
"""The key whose values repeat a setting rather than make another."""
DIGITS = 5
"""Decimal digits to which the gap between neighbours is kept: 0.3 is not 0.30000000000000004."""


FINE = 10
"""Parts of a range that samples are told apart in."""


@dataclass(frozen=True)
class Space:
    """The points of a sweep, each once, and how many more were listed."""

    points: tuple[Point, ...]
    repeated: int
    sampled: bool = False

    @property
    def notice(self) -> str:
        """What was merged, in words; "" where nothing was."""
        if not self.repeated:
            return ""
        were = "was" if self.repeated == 1 else "were"
        how = "drawn" if self.sampled else "listed"
        return f"{plural(self.repeated, 'point')} {were} {how} twice"


def space(sweep: SweepSpec, seed: int, most: int = MANY) -> Space:
    """The points of a sweep in the order of its keys; samples are drawn from `seed`.

    Raises UsageError for more than `most`, before any is made.
    """
    number = count(sweep)
    if number > most:
        raise UsageError(
            f"the sweep has {number:,} trials, more than {most:,}. Allow them with --max-trials {number}"
        )
    listed = _samples(sweep, seed) if sweep.samples else _grid(sweep)
    points = {trial_id(point): point for point in listed}
    return Space(tuple(points.values()), number - len(points), sweep.samples is not None)


def count(sweep: SweepSpec) -> int:
    """How many points there are, counted and not made; a point that is listed twice counts twice."""
    if sweep.samples:
        return sweep.samples * len(_seeds(sweep) or [None])
    return prod(_length(values) for values in sweep.keys.values())


def describe(sweep: SweepSpec) -> str:
    """What a sweep goes over, in words: "27 trials: eta (9), seed (3)"."""
    lengths = {key: _length(values) for key, values in sweep.keys.items()}
    parts = [f"{key} ({length:,})" if length else key for key, length in lengths.items()]
    over = ", ".join(parts)
    if sweep.samples:
        over = f"{plural(sweep.samples, 'sample')} of {over}"
    text = f"{plural(count(sweep), 'trial')}: {over}"
    if sweep.halving:
        rungs = ", ".join(map(str, sweep.halving.rungs))
        text += f"; compared at epochs {rungs}, {sweep.halving.keep:.0%} go on"
    return text


def _length(values: Values) -> int:
    """The number of values; 0 for a range to be drawn from."""
    return (values.steps or 0) if isinstance(values, RangeSpec) else len(values)


# Every combination ------------------------------------------------------------------------------


def _grid(sweep: SweepSpec) -> Iterator[Point]:
    columns = {
        key: steps(key, values) if isinstance(values, RangeSpec) else values
        for key, values in sweep.keys.items()
    }
    return (dict(zip(columns, values, strict=True)) for values in product(*columns.values()))


def steps(key: str, values: RangeSpec) -> list[int | float]:
    """The values of a range, both ends exactly; whole numbers where the key takes them."""
    number, (first, last) = values.steps or 0, values.ends
    whole = is_whole(key, values)
    if whole and values.linear:  # in whole numbers, for a seed may have more digits than a float
        parts, half = number - 1, (number - 1) // 2
        return [int(first) + (int(last - first) * i + half) // parts for i in range(number)]
    inner = [_between(values, i / (number - 1)) for i in range(1, number - 1)]
    if whole:
        return [int(first), *map(round, inner), int(last)]
    rounded = [_rounded(value, _gap(values, value, number - 1)) for value in inner]
    return [float(first), *sorted(min(max(one, first), last) for one in rounded), float(last)]


def is_whole(key: str, values: RangeSpec) -> bool:
    """Whether a range is of whole numbers: its key takes no others, or takes them too and both ends are such."""
    path = key_path(key) or ()
    types = {one for field in fields_at(path) for one in number_types(field.annotation)}
    return types == {int} or (int in types and all(type(end) is int for end in values.ends))


def _between(values: RangeSpec, share: float) -> float:
    """The value at a share of the way; without overflow."""
    first, last = values.ends
    if values.log:
        return 10 ** ((1 - share) * math.log10(first) + share * math.log10(last))
    return (1 - share) * first + share * last


def _gap(values: RangeSpec, value: float, parts: int) -> float:
    """From a value to its neighbour in a range of so many parts; never more than the value in a `log` one."""
    first, last = values.ends
    if values.log:
        return value * min(1.0, (math.log(last) - math.log(first)) / parts)
    return last / parts - first / parts


def _rounded(value: float, gap: float) -> float:
    """The value without the digits that a gap has no use for."""
    if not gap > 0:  # it was too small for a float
        return value
    return round(value, min(max(DIGITS - math.floor(math.log10(gap)), -290), 330))


# Samples ----------------------------------------------------------------------------------------


def _samples(sweep: SweepSpec, seed: int) -> Iterator[Point]:
    """A list of seeds is gone through by every sample, which are compared by their mean over it."""
    seeds = _seeds(sweep)
    number = sweep.samples or 0
    columns = {
        key: _drawn(key, values, number, seed)
        for key, values in sweep.keys.items()
        if not (key == SEED and seeds)
    }
    for values in zip(*columns.values(), strict=True) if columns else [()] * number:
        point = dict(zip(columns, values, strict=True))
        for one in seeds or [None]:
            whole = point if one is None else point | {SEED: one}
            yield {key: whole[key] for key in sweep.keys}


def _seeds(sweep: SweepSpec) -> Sequence[Any]:
    """The listed seeds, if any."""
    seeds = sweep.keys.get(SEED, [])
    return [] if isinstance(seeds, RangeSpec) else seeds


def _drawn(key: str, values: Values, number: int, seed: int) -> list[Any]:
    """So many values. They depend on the seed and the key alone, and the first of more are the same."""
    shares = stream(seed, Purpose.SWEEP, _number_of(key)).random(number)
    if isinstance(values, RangeSpec):
        return list(_of_range(key, values, map(float, shares)))
    return [values[int(share * len(values))] for share in shares]


def _number_of(key: str) -> int:
    """A number for a key, however it is written."""
    return int(hashlib.sha256(dotted(key_path(key) or ()).encode()).hexdigest()[:8], 16)


def _of_range(key: str, values: RangeSpec, shares: Iterable[float]) -> Iterator[int | float]:
    first, last = values.ends
    if not is_whole(key, values):
        for share in shares:
            value = _between(values, share)
            yield float(min(max(_rounded(value, _gap(values, value, FINE)), first), last))
        return
    # each whole number owns the stretch up to the next
    low, high = int(first), int(last)
    stretches = RangeSpec(log=(low, high + 1)) if values.log else None
    for share in shares:
        beyond = _between(stretches, share) if stretches else low + share * (high + 1 - low)
        drawn = math.floor(beyond)
        yield min(max(drawn, low), high)
