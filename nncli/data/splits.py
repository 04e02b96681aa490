"""Rows kept back from training: the test first, where a source has none of its own, then validation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from nncli.data.dataset import Split
from nncli.data.disk import DiskRows
from nncli.data.files import shown
from nncli.errors import DataError, Problem, SpecError
from nncli.network.params import Array
from nncli.spec.sources import AnySource, SplitFrom
from nncli.streams import Purpose, stream


def divide(
    splits: Mapping[str, Split],
    source: AnySource,
    *,
    classes: Sequence[str] | None = None,
) -> dict[str, Split]:
    """`train`, `validation` and `test` from a source's `train` and what else it has read; empty ones are left out.

    Random rows come from stream(data.seed, SPLIT), the test's before validation's. `classes` are names for messages.
    """
    rng = stream(source.seed, Purpose.SPLIT)
    named: dict[str, Split | None] = {"train": None, "validation": None, "test": None, **splits}
    for key in ("test", "validation"):
        share = getattr(source, key, 0)
        if not share or isinstance(share, str):  # nothing, or a path to rows that are read already
            continue
        if named[key] is not None:
            message = (
                f"is {share}, but the source has a test set of its own. Remove it or set it to 0"
            )
            raise SpecError([Problem(("data", key), message)])
        train = named["train"]
        assert train is not None, "a source without training rows"
        choice = getattr(source, f"{key}_from") or _choice(train.y)
        named["train"], named[key] = keep_back(train, key, share, choice, rng=rng, classes=classes)
    return {name: split for name, split in named.items() if split is not None}


def _choice(y: Array) -> SplitFrom:
    """What null stands for: classes in proportion, where there are classes."""
    return "stratified" if y.ndim == 1 else "random"


def keep_back(
    split: Split,
    key: str,
    share: float,
    choice: SplitFrom,
    *,
    rng: np.random.Generator,
    classes: Sequence[str] | None = None,
) -> tuple[Split, Split]:
    """What is left and what is kept back. SpecError naming `data.<key>` where there are not enough rows."""
    total, kept = len(split), row_count(share, len(split))
    if kept >= total:
        raise _problem(
            key, f"is {share}, but there are {total} training rows. Keep back {total - 1} at most"
        )
    if choice == "stratified":
        _check_classes(split.y, kept, key, classes)
    if choice != "last" and isinstance(split.x, DiskRows):
        message = (
            f"is {choice}, but rows that stay on disk can only be kept back in a piece. Use last"
        )
        raise _problem(f"{key}_from", message)
    if choice == "last":  # views: no copy of a large array
        return _part(split, slice(0, total - kept)), _part(split, slice(total - kept, total))
    mask = np.zeros(total, bool)
    mask[CHOICES[choice](split.y, kept, rng)] = True
    return _part(split, np.flatnonzero(~mask)), _part(split, np.flatnonzero(mask))


def row_count(share: float, total: int) -> int:
    """A number of rows as it is; a fraction of `total` rounded to the nearest number of rows, at least 1."""
    return int(share) if share >= 1 else max(1, math.floor(share * total + 0.5))


def random_rows(y: Array, kept: int, rng: np.random.Generator) -> Array:
    """`kept` of all rows, each set of rows as likely as any other."""
    return rng.permutation(len(y))[:kept]


def stratified_rows(y: Array, kept: int, rng: np.random.Generator) -> Array:
    """Random rows of each class, as many as its share of all rows: rounded down, and the largest remainders up."""
    counts = np.bincount(y)
    quota, remainder = np.divmod(counts * kept, len(y))
    # a stable sort: of equal remainders the lower class number comes first
    quota[np.argsort(-remainder, kind="stable")[: kept - int(quota.sum())]] += 1
    return np.concatenate(
        [rng.permutation(np.flatnonzero(y == number))[:rows] for number, rows in enumerate(quota)]
    )


CHOICES = {"random": random_rows, "stratified": stratified_rows}


def _check_classes(y: Array, kept: int, key: str, classes: Sequence[str] | None) -> None:
    if y.ndim != 1:
        raise _problem(f"{key}_from", "is stratified, but the targets are no classes. Use random")
    numbers, counts = np.unique(y, return_counts=True)
    if counts.min() < 2:
        number = int(numbers[np.argmin(counts)])
        name = f"`{shown(classes[number], 40)}`" if classes else number
        raise DataError(
            f"class {name} has 1 row; `{key}_from: stratified` needs 2 or more. Use random"
        )
    if min(kept, len(y) - kept) < len(numbers):
        message = f"makes {kept} of {len(y)} rows, but stratified needs one per class ({len(numbers)}) on both sides. "
        message += f"Keep back more, or set {key}_from to random"
        raise _problem(key, message)


def _part(split: Split, rows: slice | Array) -> Split:
    if isinstance(split.x, DiskRows) and isinstance(rows, slice):
        return Split(split.x.part(rows), split.y[rows])
    return Split(split.x[rows], split.y[rows])


def _problem(key: str, message: str) -> SpecError:
    return SpecError([Problem(("data", key), message)])
