"""A trained network's answers to rows that nobody has answered yet: what `nncli predict` does.

The weights file says all that it takes: neither the spec nor the data of the training is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nncli import machine
from nncli.blas import blas_threads
from nncli.data import inputs
from nncli.data.batches import chunks, gather
from nncli.data.encoding import ImageLook, Preprocessing
from nncli.data.inputs import Source, Takes
from nncli.data.table_rows import Piece
from nncli.errors import DataError, UsageError
from nncli.judge import open_judged
from nncli.network.params import Array, Arrays
from nncli.network.propagation import logits, make_memory
from nncli.predictions import Answers, Form, answers
from nncli.runs import weights as weights_file
from nncli.runs.weights import Weights
from nncli.saved import locate, not_ended, pick
from nncli.training.evaluation import CHUNK

SIDE = 28
BYTE_SCALES = (255.0, 256.0)
"""What the bytes of MNIST are divided by: 256 in the pickle of Nielsen's book."""


@dataclass(frozen=True)
class Network:
    """Saved weights, ready to answer."""

    weights: Weights
    threads: int
    notes: tuple[str, ...] = ()
    """What people should know of them."""

    @property
    def features(self) -> int:
        """Numbers per row."""
        return self.weights.meta.architecture[0].input_dim

    @property
    def dtype(self) -> str:
        """The type of its numbers."""
        return self.weights.params["W1"].dtype.name

    @property
    def look(self) -> ImageLook | None:
        """What its pictures look like, where it was trained on some."""
        return look_of(self.weights.meta.preprocessing, self.features)


def look_of(preprocessing: Preprocessing, features: int) -> ImageLook | None:
    """What the pictures look like that a network was trained on; None where it was trained on none.

    Weights of earlier versions do not say. With 784 inputs that were bytes they are taken for MNIST's, or for one of
    the many sets that are made like it.
    """
    if preprocessing.image or preprocessing.table:
        return preprocessing.image
    if features == SIDE * SIDE and preprocessing.scale in BYTE_SCALES:
        return ImageLook(height=SIDE, width=SIDE, dark=True)
    return None


@dataclass(frozen=True)
class Chunk:
    """Some rows and what the network says of them."""

    rows: Piece
    answers: Answers
    notes: tuple[str, ...] = ()
    """What is odd about the rows."""


@dataclass(frozen=True)
class Prediction:
    """What is going to be predicted; nothing but the beginnings of files is read yet."""

    network: Network
    sources: tuple[Source, ...]
    takes: Takes

    @property
    def form(self) -> Form:
        """The columns of the answers."""
        own = (inputs.FILE,) if inputs.needs_names(self.sources) else ()
        return Form.of(self.network.weights.meta, self.network.dtype, (*own, *self.takes.names))

    def chunks(self, on_read: Callable[[int], object] = lambda rows: None) -> Iterator[Chunk]:
        """All rows in order, `CHUNK` at a time; `on_read` is told how many more are read: pictures take a while.

        DataError for what the network cannot take, with its place.
        """
        answer, done = _Answering(self.network.weights), 0
        scale = self.network.weights.meta.preprocessing.scale

        def pieces() -> Iterator[Piece]:
            for piece in inputs.read(self.sources, self.takes):
                on_read(len(piece.x))
                yield piece

        with blas_threads(self.network.threads):
            for rows in inputs.regrouped(pieces(), CHUNK):
                given = answer(rows.x)
                check_finite(given, done)
                yield Chunk(rows, given, () if done else divided_already(rows.x, scale))
                done += len(rows.x)


def open_network(target: Path, which: str | None = None) -> Network:
    """The weights of a run or of a weights file; `which` asks for a run's `last`, `best` or `average` parameters.

    Raises UsageError where there are none, DamagedError where they are damaged. Of a run that has not ended yet only
    the checkpoint is there, which does not say what the data were like: they are read once more.
    """
    path, run = locate(target)
    if not path.is_file():
        opened = open_judged(target, which=which)
        return Network(opened.weights, opened.threads, opened.warnings)
    weights = pick(path, weights_file.read(path), which)
    largest = max(layer.input_dim * layer.output_dim for layer in weights.meta.architecture)
    wanted = run.get("threads") or machine.choose_threads(CHUNK * largest)
    notes = not_ended(path, run, weights, which)
    return Network(weights, min(wanted, machine.usable_cores()), notes)


def predict(
    target: Path, words: Sequence[str], *, which: str | None = None, keys: Sequence[str] = ()
) -> Prediction:
    """The network in `target`, and the inputs: CSV, NPY, NPZ, IDX and picture files, globs, folders, `-` for stdin.

    `keys` are columns of tables that come back beside the answers. Raises UsageError for what is not there.
    """
    network = open_network(target, which)
    table = network.weights.meta.preprocessing.table
    takes = Takes(network.features, table, network.look, tuple(dict.fromkeys(keys)))
    return Prediction(network, tuple(inputs.find(words)), takes)


def predict_rows(weights: Weights, x: Array) -> Answers:
    """Answers to rows (rows, inputs) as the data hold them: bytes of images as bytes, columns of a table encoded.

    A row whose inputs are not finite in the network's type of numbers has NaN for answers (see `check_finite`).
    Raises UsageError where they have another width.
    """
    features = weights.meta.architecture[0].input_dim
    if x.ndim != 2 or x.shape[1] != features:
        raise UsageError(f"the rows are {x.shape}, but the network takes (rows, {features})")
    answer = _Answering(weights)
    parts = [answer(x[chunk]) for chunk in chunks(len(x), CHUNK)] or [answer(x)]
    chosen = [part.chosen for part in parts if part.chosen is not None]
    outputs = np.concatenate([part.outputs for part in parts])
    return Answers(outputs, np.concatenate(chosen) if chosen else None)


class _Answering:
    """Forward passes over up to `CHUNK` rows, with buffers that are kept from one to the next."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._memory: Arrays = {}
        self._x: Any = np.empty((0, 0))

    def __call__(self, x: Array) -> Answers:
        meta, params = self._weights.meta, self._weights.params
        if len(x) != len(self._x) or not self._memory:
            dtype = params["W1"].dtype.name
            self._x = np.empty((len(x), meta.architecture[0].input_dim), dtype)
            self._memory = make_memory(meta.architecture, len(x), dtype)
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused
            gather(x, slice(None), meta.preprocessing.scale, out=self._x)
            z = logits(params, meta.architecture, self._x, self._memory)
            given = answers(z, self._memory[f"A{len(meta.architecture)}"], meta)
        # tanh(inf) is 1: an answer may be finite although a number is beyond the type's largest
        given.outputs[~np.isfinite(self._x).all(axis=1)] = np.nan
        return given


def divided_already(x: Array, scale: float) -> tuple[str, ...]:
    """A word where rows look as if they had been divided by the scale before."""
    if x.dtype.kind != "f" or scale < 2 or np.abs(x).max() > 1:
        return ()
    return (
        f"no number of the first rows is above 1, but the network was trained on numbers that are divided by {scale:g} "
        f"here. Multiply yours by {scale:g} if they are divided already",
    )


def check_finite(given: Answers, before: int = 0) -> None:
    """DataError naming the first row whose answer is not finite; `before` rows came before these."""
    finite = np.isfinite(given.outputs).all(axis=1)
    if not finite.all():
        row = before + int(np.argmin(finite)) + 1
        raise DataError(
            f"row {row:,} of all rows: the network's answer is not a finite number. Its inputs are far beyond those of "
            "training"
        )
