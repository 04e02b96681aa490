"""Points in the plane, generated from a seed: shapes that a straight line cannot part."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nncli.data.dataset import Dataset, Split
from nncli.data.fingerprint import combine, digest
from nncli.errors import Problem, SpecError
from nncli.network.params import Array
from nncli.spec.sources import Circles, Generated, Moons, Spirals
from nncli.streams import Purpose, stream


def load_moons(source: Moons) -> Dataset:
    """(cos t, sin t) and (1 - cos t, 1/2 - sin t), t evenly from 0 to pi, as sklearn.datasets.make_moons."""
    outer, inner = (np.linspace(0, np.pi, count) for count in _halves(source.samples))
    return _dataset(
        source,
        [
            np.column_stack([np.cos(outer), np.sin(outer)]),
            np.column_stack([1 - np.cos(inner), 0.5 - np.sin(inner)]),
        ],
    )


def load_circles(source: Circles) -> Dataset:
    """(cos t, sin t) and the same times `factor`, t evenly round the circle, as sklearn.datasets.make_circles."""
    outer, inner = (
        np.linspace(0, 2 * np.pi, count, endpoint=False) for count in _halves(source.samples)
    )
    return _dataset(source, [_polar(1.0, outer), _polar(source.factor, inner)])


def load_spirals(source: Spirals) -> Dataset:
    """Arm j of k: radius t and angle 2 pi (turns t + j/k), t evenly from 1/count to 1."""
    arms = []
    for arm, count in enumerate(_shares(source.samples, source.classes)):
        t = np.arange(1, count + 1) / count
        with np.errstate(over="ignore", invalid="ignore"):
            arms.append(_polar(t, 2 * np.pi * (source.turns * t + arm / source.classes)))
    _check_finite(arms, "turns", source.turns)
    return _dataset(source, arms)


def _polar(radius: Array | float, angle: Array) -> Array:
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


def _halves(samples: int) -> tuple[int, int]:
    return samples // 2, samples - samples // 2


def _shares(samples: int, classes: int) -> list[int]:
    """As equal as can be; the first ones get one more."""
    return [samples // classes + (number < samples % classes) for number in range(classes)]


def _dataset(source: Generated, curves: Sequence[Array]) -> Dataset:
    """Rows shuffled, then normal noise on each coordinate: x float64 (samples, 2), class = number of the curve."""
    if source.samples < len(curves):
        message = f"is {source.samples}, but there are {len(curves)} classes. Ask for more points"
        raise SpecError([Problem(("data", "samples"), message)])
    rng = stream(source.seed, Purpose.POINTS)
    order = rng.permutation(source.samples)
    x = np.concatenate(curves)[order]
    with np.errstate(over="ignore"):
        x += source.noise * rng.standard_normal(x.shape)
    _check_finite([x], "noise", source.noise)
    y = np.repeat(np.arange(len(curves)), [len(curve) for curve in curves])[order]
    return Dataset(
        splits={"train": Split(x, y)},
        classes=tuple(map(str, range(len(curves)))),
        fingerprint=combine([digest(x), digest(y)]),
        origin="generated",
    )


def _check_finite(points: Sequence[Array], key: str, value: float) -> None:
    if not all(np.isfinite(each).all() for each in points):
        message = f"is {value:g}: that puts points where no number reaches. Make it smaller"
        raise SpecError([Problem(("data", key), message)])
