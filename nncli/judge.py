"""Saved weights against data: what `nncli eval` does."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from nncli import fit, machine
from nncli.blas import blas_threads
from nncli.data.dataset import Dataset, Split, Task
from nncli.data.encoding import Fitted
from nncli.data.progress import Progress
from nncli.data.sources import load
from nncli.errors import DamagedError, UsageError
from nncli.network.metrics import Confusion
from nncli.preparation import threads_of
from nncli.runs import rundir
from nncli.runs import weights as weights_file
from nncli.runs.weights import Weights
from nncli.saved import locate, not_ended, of_checkpoint, pick
from nncli.spec.load import Document, load_spec
from nncli.spec.model import LayerSpec, Spec
from nncli.training.baseline import Baseline, baseline, not_beaten
from nncli.training.evaluation import Evaluator, Examination

PREFERRED = ("test", "validation", "train")
"""Which split is judged when none is named: the first of these that the data has."""


NAMED = {"classification": "classes", "labels": "labels", "regression": "targets"}
"""What the columns of answers are."""


class NoSpecError(UsageError):
    """Nothing says which data the weights are judged on."""


@dataclass(frozen=True)
class Judgment:
    """How saved weights do on a split."""

    source: Path
    """The run or weights file."""
    split: str
    rows: int
    epoch: int
    """Whole epochs behind the weights."""
    examination: Examination
    baseline: Baseline
    """What an answer without a look at the inputs comes to on the same rows."""
    task: Task
    names: tuple[str, ...]
    """Of the classes, labels or targets."""
    warnings: tuple[str, ...]
    targets: tuple[str, ...] = ()
    """The columns of a table that are numbers to predict; they are standardized for the training."""

    @property
    def figures(self) -> dict[str, float]:
        """loss, and accuracy or rmse, mae and r2; then what is not in a record."""
        return self.examination.figures | self.examination.more

    @property
    def confusion(self) -> Confusion | None:
        """Truth against answer, where rows have one class each."""
        return self.examination.confusion

    def as_json(self) -> dict[str, Any]:
        """One flat object, figures beside the names. Several targets have lists of their own: target_rmse, ..."""
        flat: dict[str, Any] = {
            "run": str(self.source),
            "split": self.split,
            "rows": self.rows,
            "epoch": self.epoch,
        }
        flat |= self.figures | {"baseline": self.baseline.answer}
        flat |= {f"baseline_{name}": value for name, value in self.baseline.figures.items()}
        if self.task == "regression" and len(self.names) == 1:
            return flat
        flat[NAMED[self.task]] = list(self.names)
        if self.confusion:
            flat["confusion"] = self.confusion.counts.tolist()
        prefix = "target_" if self.task == "regression" else ""
        columns = self.examination.each.items()
        return flat | {f"{prefix}{name}": values.tolist() for name, values in columns}


@dataclass(frozen=True)
class Opened:
    """Saved weights beside the rows that they are judged on."""

    source: Path
    weights: Weights
    dataset: Dataset
    split: str
    threads: int
    warnings: tuple[str, ...]

    @property
    def rows(self) -> Split:
        """The rows of the split."""
        return self.dataset.splits[self.split]


def open_judged(
    target: Path,
    *,
    split: str | None = None,
    spec_path: Path | None = None,
    which: str | None = None,
    dataset: Dataset | None = None,
    on_progress: Progress | None = None,
) -> Opened:
    """The weights of a run or of a weights file, with a split of their data (test, else validation, else train).

    The data is `dataset`, or that of `spec_path`, or of the spec.yaml beside the weights. `which` asks for a run's
    `last`, `best` or `average` parameters instead of those in weights.npz. Raises UsageError where something is not
    there or the data does not fit, DamagedError where the weights are damaged or belong to another experiment.
    """
    path, run = locate(target)
    weights = pick(path, weights_file.read(path), which) if path.is_file() else None
    document = _spec_of(path, spec_path)
    spec = document.spec
    if weights:
        _same_architecture(weights, spec, path, document.path)
    if dataset is None:
        if run and spec_path is None:
            rundir.check_split(run, path.parent)
        with document.places():
            fitted = _fitted(weights)
            dataset = load(spec.data, fitted=fitted, on_progress=on_progress)
            dataset = dataset.with_classes(weights.meta.classes) if weights else dataset
            spec = fit.with_dims(spec, dataset)
            fit.check_data(spec, dataset)
        if weights:
            _same_preprocessing(weights, dataset, path)
    if weights is None:
        weights = of_checkpoint(path.with_name(rundir.CHECKPOINT), spec, dataset, which)
    wanted = run.get("threads") or threads_of(spec, dataset)
    threads = min(wanted, machine.usable_cores())
    notes = (
        *not_ended(path, run, weights, which),
        *_data_changed(run, dataset),
        *_fewer_threads(wanted, threads),
    )
    return Opened(target, weights, dataset, _choose(split, dataset), threads, notes)


def judge(target: Path, **choices: Any) -> Judgment:
    """Evaluate a run directory or a weights file on a split of its data; `choices` are those of `open_judged`."""
    return judged(open_judged(target, **choices))


def judged(opened: Opened) -> Judgment:
    """Evaluate weights on the rows that they were opened with."""
    meta, params, dataset = opened.weights.meta, opened.weights.params, opened.dataset
    dtype = params["W1"].dtype.name
    evaluator = Evaluator(dataset, opened.split, meta.architecture, meta.loss, dtype)
    with blas_threads(opened.threads):
        found = evaluator.examine(params)
    base = baseline(dataset, opened.split)
    return Judgment(
        source=opened.source,
        split=opened.split,
        rows=len(opened.rows),
        epoch=meta.epoch,
        examination=found,
        baseline=base,
        task=dataset.task,
        names=dataset.names,
        targets=dataset.names if dataset.table and dataset.task == "regression" else (),
        warnings=(
            *opened.warnings,
            *not_beaten(dataset, opened.split, found, base),
        ),
    )


def _spec_of(weights: Path, spec_path: Path | None) -> Document:
    """The spec that says which data the weights are judged on."""
    path = spec_path or weights.parent / rundir.SPEC
    if not path.is_file() and spec_path is None:
        raise NoSpecError(f"{weights}: has no {rundir.SPEC} beside it, which would say which data")
    return load_spec(path)


def _same_architecture(weights: Weights, spec: Spec, path: Path, spec_path: Path) -> None:
    """Raise DamagedError naming the first layer that differs."""
    layers = weights.meta.architecture
    # where the spec says auto, the weights know
    known = [_resolved(*pair) for pair in zip(spec.architecture, layers, strict=False)]
    ours = map(_shown, (*known, *spec.architecture[len(known) :]))
    theirs = map(_shown, layers)
    for number, (here, there) in enumerate(zip_longest(ours, theirs, fillvalue="missing"), 1):
        if here != there:
            raise DamagedError(
                f"{path}: layer {number} is {there}, but in {spec_path} it is {here}"
            )


def _shown(layer: LayerSpec) -> str:
    """What makes a layer the same layer for saved weights."""
    return f"{layer.input_dim} -> {layer.output_dim} {layer.activation}"


def _resolved(layer: LayerSpec, saved: LayerSpec) -> LayerSpec:
    """The layer with the saved widths where its own are the data's to say."""
    widths = {
        key: getattr(layer, key) or getattr(saved, key) for key in ("input_dim", "output_dim")
    }
    return layer.model_copy(update=widths)


def _fitted(weights: Weights | None) -> Fitted | None:
    """How the weights had the columns of a table encoded; None where they were trained on something else."""
    table = weights and weights.meta.preprocessing.table
    return Fitted(table, weights.meta.classes) if weights and table else None


def _same_preprocessing(weights: Weights, dataset: Dataset, path: Path) -> None:
    """Raise DamagedError where the network was trained on inputs of another scale, or on other answers."""
    meta = weights.meta
    if meta.preprocessing.table != dataset.table:
        trained = "a table" if meta.preprocessing.table else "something else than a table"
        raise DamagedError(f"{path}: was trained on {trained}, which the spec's data is not")
    if meta.preprocessing.scale != dataset.scale:
        raise DamagedError(
            f"{path}: was trained on inputs divided by {meta.preprocessing.scale:g}, but the spec's data divides by "
            f"{dataset.scale:g}. Set data.scale to {meta.preprocessing.scale:g}."
        )
    if (meta.classes, meta.labels) != (dataset.classes, dataset.labels):
        raise DamagedError(f"{path}: was trained on other classes than the spec's data has")


def _choose(split: str | None, dataset: Dataset) -> str:
    """The split to judge. Raises UsageError where the data has no such rows."""
    if split is None:
        return next(name for name in PREFERRED if name in dataset.splits)
    if split not in dataset.splits:
        raise UsageError(f"--split {split}: the data has only {', '.join(dataset.splits)}")
    return split


def _data_changed(run: dict[str, Any], dataset: Dataset) -> tuple[str, ...]:
    """A warning where the data is not what the run was trained on."""
    before, now = run.get("data", {}).get("sha256"), dataset.fingerprint.sha256
    if before in (None, now):
        return ()
    return (
        f"the data has changed since the run was trained (SHA-256 {before[:12]} then, {now[:12]} now)",
    )


def _fewer_threads(wanted: int, threads: int) -> tuple[str, ...]:
    """A warning where last digits may differ from the run's own figures."""
    if threads == wanted:
        return ()
    return (
        f"the run used {wanted} threads, this process may use {threads}: last digits may differ",
    )
