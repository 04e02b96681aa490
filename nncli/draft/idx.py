"""A spec for a folder of IDX files: which hold images, which labels, and which belong together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nncli.data.files import shown
from nncli.data.idx import dimensions_of, is_idx, read_idx
from nncli.draft.found import Found
from nncli.draft.page import Line, pair
from nncli.draft.recipe import keep_back
from nncli.errors import DataError, UsageError
from nncli.spec.sources import Idx
from nncli.words import plural

TEST_WORDS = ("t10k", "test", "valid", "val", "eval", "holdout")
"""In the names of files that are not for training."""


@dataclass(frozen=True)
class Part:
    """A file, and what its header says."""

    path: Path
    dimensions: tuple[int, ...]

    @property
    def name(self) -> str:
        """As a spec names it."""
        return self.path.name.removesuffix(".gz")

    @property
    def is_test(self) -> bool:
        """Whether its name says that it is not for training."""
        return any(word in self.name.lower() for word in TEST_WORDS)


def found_in_idx(folder: Path, written: str, targets: Sequence[str]) -> Found:
    """What a folder of IDX files asks for. DataError where they make no pairs of images and labels."""
    if targets:
        raise UsageError("--target is for tables and .npz files; IDX files hold their labels apart")
    parts = [
        Part(path, dimensions_of(path))
        for path in sorted(folder.iterdir())
        if path.is_file() and not path.name.startswith(".") and is_idx(path)
    ]
    train = _pair([part for part in parts if not part.is_test], folder, "training ")
    tests = [part for part in parts if part.is_test]
    test = _pair(tests, folder, "test ") if len(tests) > 1 else None
    labels = read_idx(train[1].path).values
    numbers = np.bincount(labels)
    counts = {str(number): int(count) for number, count in enumerate(numbers) if count}
    kept = keep_back(len(labels), counts, test=test is None, implied=False)
    shape = train[0].dimensions
    classes = (
        f"{len(counts)} classes, {min(counts.values()):,} to {max(counts.values()):,} rows each"
    )
    what = f"{plural(shape[0], 'row')} of {' x '.join(map(str, shape[1:]))} bytes; {classes}"
    lines = [pair("source", "idx"), pair("path", written), *_names(train, test), *kept.lines]
    facts = {"data": what, "files": ", ".join(p.name for p in (*train, *(test or ())))}
    inputs = int(np.prod(shape[1:]))
    return Found(what, tuple(lines), kept, inputs, "classes", counts, len(counts), facts)


def _pair(parts: Sequence[Part], folder: Path, which: str) -> tuple[Part, Part]:
    """Images and labels of the same number, the only ones or those of the most rows."""
    images = [part for part in parts if len(part.dimensions) > 1]
    labels = [part for part in parts if len(part.dimensions) == 1]
    pairs = [(x, y) for x in images for y in labels if x.dimensions[0] == y.dimensions[0]]
    if not pairs:
        there = ", ".join(f"{shown(p.name, 40)} {list(p.dimensions)}" for p in parts[:8]) or "none"
        raise DataError(
            f"{shown(folder)}: no {which}images and labels of the same number among its IDX files: {there}"
        )
    return max(pairs, key=lambda both: (both[0].dimensions[0], _alike(both[0].name, both[1].name)))


def _alike(one: str, other: str) -> int:
    """Characters that two names begin with together."""
    same = (a == b for a, b in zip(one, other, strict=False))
    return next((at for at, is_same in enumerate(same) if not is_same), min(len(one), len(other)))


def _names(train: tuple[Part, Part], test: tuple[Part, Part] | None) -> Iterator[Line]:
    """The files' names, and how many rows they hold."""
    rows = train[0].dimensions[0]
    yield pair("x", train[0].name, f"{rows:,} images for training")
    yield pair("y", train[1].name, "their labels")
    for key, part in zip(("x_test", "y_test"), test or (None, None), strict=True):
        if part is not None:
            yield pair(key, part.name, f"{part.dimensions[0]:,} for the test: `nncli eval`")
        elif Idx.model_fields[key].default is not None:
            yield pair(key, None, "no test files")
