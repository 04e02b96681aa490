"""nncli from Python: train a spec, open a run, ask it.

Refusals are the exceptions of `nncli.errors`, with the words of the command line.
"""

from __future__ import annotations

import inspect
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from nncli import experiment, preparation
from nncli.blas import blas_threads
from nncli.data.dataset import Dataset
from nncli.data.held import as_rows
from nncli.errors import KeyPath, NncliError, SpecError, UsageError, dotted, in_python
from nncli.experiment import Nobody
from nncli.interrupts import graceful
from nncli.judge import judge
from nncli.network.params import Array, Arrays
from nncli.predict import (
    Network,
    check_finite,
    divided_already,
    open_network,
    predict,
    predict_rows,
)
from nncli.predictions import PROBABILITIES, Answers
from nncli.runs import rundir
from nncli.runs.documents import Json
from nncli.runs.status import INTERRUPTED
from nncli.spec.dump import in_line, plain_spec
from nncli.spec.load import load_spec, parse_spec
from nncli.spec.model import Spec
from nncli.spec.overrides import PLACE, override
from nncli.spec.source import Tree
from nncli.spec.values import plain_value
from nncli.sweep import telling
from nncli.sweep.reading import best_trial, is_sweep, look
from nncli.training.trainer import Record

PathLike = str | os.PathLike[str]


class Run:
    """A run directory, opened. What it needs of it is read when it is asked for, and once."""

    def __init__(self, path: Path, dataset: Dataset | None = None) -> None:
        self.path = path
        """Where it is."""
        self.info: Json = rundir.open_run(path)
        """What run.json says: versions, machine, data, command, times."""
        self._dataset = dataset

    def __repr__(self) -> str:
        return f"<nncli run {self.path}, {self.status}>"

    @property
    def status(self) -> str:
        """finished, diverged, interrupted, running, ..."""
        return rundir.status_of(self.info)

    @cached_property
    def spec(self) -> Spec:
        """The whole resolved spec; `nncli.train(run.spec)` repeats the run."""
        return rundir.spec_of(self.info, self.path)

    @cached_property
    def summary(self) -> Json:
        """`kept`: the figures of the parameters in weights.npz; `final`: those of the last epoch; `best`: the best of
        each figure in any epoch. Of a run that is not complete, those so far."""
        return rundir.summary_of(self.path, self.info, self.records)

    @property
    def kept(self) -> Json:
        """The figures of the parameters in weights.npz, and the epoch that they are of."""
        return dict(self.summary["kept"])

    @cached_property
    def records(self) -> list[Json]:
        """A dictionary of figures for every record."""
        return [*rundir.read_records(self.path)]

    @cached_property
    def _network(self) -> Network:
        network = open_network(self.path)
        _warn(network.notes)
        return network

    @property
    def weights(self) -> Arrays:
        """{"W1": (units, inputs), "b1": (units,), ...} as weights.npz holds them."""
        return self._network.weights.params

    @property
    def classes(self) -> tuple[str, ...] | None:
        """The names of the classes, in the order of `predict_proba`; None for labels and numbers."""
        return self._network.weights.meta.classes

    def predict(self, x: Any) -> Array:
        """What the network says of rows: (rows,) names of classes, (rows, labels) of 0 and 1, or numbers in their own
        units, (rows,) or (rows, targets).

        `x` is an array (rows, inputs) as the data held them (bytes of images as bytes; pictures may keep their shape),
        columns by name (a mapping or a data frame) for a network that was trained on a table, or the path of anything
        that `nncli predict` reads. Raises DataError for what the network cannot take.
        """
        given = self._answers(x)
        if given.chosen is None:
            return given.outputs[:, 0] if given.outputs.shape[1] == 1 else given.outputs
        return given.chosen if self.classes is None else np.array(self.classes)[given.chosen]

    def predict_proba(self, x: Any) -> Array:
        """(rows, classes or labels): the probability of each. `x` as for `predict`.

        Raises UsageError where the network gives none: its outputs are numbers, or scores.
        """
        last = self._network.weights.meta.architecture[-1].activation
        given = self._answers(x)
        if given.chosen is None or last not in PROBABILITIES:
            what = "numbers" if given.chosen is None else f"scores of {last}"
            raise UsageError(f"{self.path}: the network gives {what}, not probabilities")
        return given.outputs

    def evaluate(self, split: str | None = None) -> dict[str, Any]:
        """The object that `nncli eval --json` prints: figures on a split (test, else validation, else train), beside
        those of an answer without a look at the inputs."""
        with _in_python():
            found = judge(self.path, split=split, dataset=self._dataset)
        _warn(found.warnings)
        return found.as_json()

    def _answers(self, x: Any) -> Answers:
        if isinstance(x, str | os.PathLike):
            return _of_files(self.path, os.fspath(x))
        weights = self._network.weights
        preprocessing = weights.meta.preprocessing
        rows = as_rows(x, self._network.features, preprocessing.table, self._network.look)
        with blas_threads(self._network.threads):
            given = predict_rows(weights, rows)
        check_finite(given)
        if len(rows):
            _warn(divided_already(rows, preprocessing.scale))
        return given


def load_run(path: PathLike) -> Run:
    """A run directory; of a sweep the best of its trials.

    Raises UsageError where there is none, DamagedError where it is no run, or one of a newer nncli.
    """
    folder = Path(path)
    if not is_sweep(folder):
        return Run(folder)
    study = look(folder)
    best = best_trial(study)
    _warn(telling.mismatched(study))
    return Run(best.path)


def train(
    spec: PathLike | Mapping[str, Any] | Spec,
    *,
    runs_dir: PathLike = "runs",
    run_dir: PathLike | None = None,
    on_record: Callable[[Record], object] | None = None,
    **overrides: Any,
) -> Run:
    """Train what a spec describes, and keep the run: in a new directory in `runs_dir`, or exactly in `run_dir`.

    `spec` is a file, a mapping of what such a file holds, or the spec of another run. `overrides` set keys of it as
    `--set` does: `eta=1.0`; two underscores go down into a section, `optimizer__name="adam"`,
    `architecture__0__output_dim=50`; a mapping or a list takes the place of the whole. `on_record` sees each record,
    as `print` would show it; what it raises ends the run in order, interrupted at that record, and comes out of here.

    Trainings in several threads of a process share NumPy's BLAS threads: the number that the newest wants holds.

    Raises SpecError with all that is wrong, DataError for bad data, DivergedError once the last finite weights are
    saved. Ctrl-C ends it with KeyboardInterrupt once the run is saved; `nncli resume` goes on with it.
    """
    watcher, exactly = _Listening(on_record), Path(run_dir) if run_dir else None
    with _in_python():
        resolved, places = _read(spec, [_assignment(*one) for one in overrides.items()])
        with places():
            prepared = preparation.prepare(resolved)
        _warn(prepared.warnings)
        with places(), graceful() as stop:
            result = experiment.train(
                prepared, Path(runs_dir), run_dir=exactly, watcher=watcher, stop=stop
            )
    if result.status == INTERRUPTED:
        raise KeyboardInterrupt(f"stopped after {result.position}: {result.path}")
    return Run(result.path, prepared.dataset)


class _Listening(Nobody):
    """Hands records on."""

    def __init__(self, on_record: Callable[[Record], object] | None) -> None:
        self._on_record = on_record

    def recorded(self, record: Record) -> None:
        if self._on_record:
            self._on_record(record)


def _warn(messages: Sequence[str]) -> None:
    """Python's warnings, of the line that called into this module, from however deep in it."""
    frame, depth, outermost = inspect.currentframe(), 0, 0
    while frame:
        depth += 1
        if frame.f_code.co_filename == __file__:
            outermost = depth
        frame = frame.f_back
    for message in messages:
        warnings.warn(message, stacklevel=outermost + 1)


@contextmanager
def _in_python() -> Iterator[None]:
    """Problems of what was set name the key alone, and other refusals the argument: there are no options here."""
    try:
        yield
    except SpecError as err:
        raise SpecError(
            [replace(one, place="") if one.place == PLACE else one for one in err.problems]
        ) from err
    except NncliError as err:
        raise type(err)(in_python(str(err))) from err


def _read(
    spec: PathLike | Mapping[str, Any] | Spec, assignments: Sequence[str]
) -> tuple[Spec, Callable[[], AbstractContextManager[None]]]:
    """The spec with all that was set, and what gives problems their places: lines of a file, where it is one."""
    if isinstance(spec, str | os.PathLike):
        document = load_spec(Path(spec), assignments)
        return document.spec, document.places
    tree = Tree(plain_spec(spec) if isinstance(spec, Spec) else plain_value(spec), {}, [])
    for assignment in assignments:
        override(tree, assignment)
    if tree.problems:
        raise SpecError([problem for _, problem in tree.problems])
    return parse_spec(tree.value, Path.cwd()), nullcontext


def _assignment(key: str, value: Any) -> str:
    """`optimizer__name`, "adam" -> `optimizer.name=adam`."""
    path: KeyPath = tuple(int(part) if part.isdecimal() else part for part in key.split("__"))
    return f"{dotted(path)}={in_line(plain_value(value, path))}"


def _of_files(target: Path, word: str) -> Answers:
    """All the answers to the rows of files."""
    prediction = predict(target, [word])
    chunks = list(prediction.chunks())
    _warn([note for chunk in chunks for note in chunk.notes])
    parts = [chunk.answers for chunk in chunks]
    if not parts:
        network = prediction.network
        return predict_rows(network.weights, np.empty((0, network.features)))
    chosen = [part.chosen for part in parts if part.chosen is not None]
    outputs = np.concatenate([part.outputs for part in parts])
    return Answers(outputs, np.concatenate(chosen) if chosen else None)
