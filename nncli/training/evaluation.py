"""How good a network is on a split: loss and figures, and the answers themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from nncli.data.batches import check_targets, chunks, fill_targets, gather, judged_dtype
from nncli.data.dataset import Dataset, Split
from nncli.errors import Problem, SpecError
from nncli.network import propagation
from nncli.network.examiners import ClassExaminer, LabelExaminer, NumberExaminer
from nncli.network.losses import row_losses
from nncli.network.metrics import (
    ClassTally,
    Confusion,
    LabelTally,
    RegressionTally,
    Tally,
    WeightedTally,
)
from nncli.network.params import Architecture, Array, Arrays
from nncli.network.propagation import make_memory
from nncli.spec.model import Spec

CHUNK = 1000
"""Rows per forward pass. The same everywhere: another size could change the last bits of a figure."""


def new_tally(dataset: Dataset, class_weights: Array | None = None) -> Tally:
    """Empty running sums of the kind that the dataset's targets call for, and the weights of its classes."""
    if dataset.task == "regression":
        return RegressionTally(units=units_of(dataset))
    if dataset.task == "labels":
        return LabelTally()
    return ClassTally() if class_weights is None else WeightedTally(class_weights=class_weights)


def units_of(dataset: Dataset) -> Array | float:
    """What an output's 1 is in the units of its target: more where a table's targets are standardized."""
    spreads = dataset.table and dataset.table.spreads
    return np.array(spreads) if spreads else 1.0


def prefixed(split: str, figures: Mapping[str, float]) -> dict[str, float]:
    """{"loss": 0.1} -> {"test_loss": 0.1}."""
    return {f"{split}_{name}": value for name, value in figures.items()}


def figure_names(spec: Spec, dataset: Dataset) -> list[str]:
    """The figures of a record: those of train, of the tracked splits, and of the averaged parameters on them."""
    names = new_tally(dataset).NAMES if spec.class_weight is None else WeightedTally.NAMES
    splits = tracked(spec, dataset)
    averaged = [f"average_{split}" for split in splits if spec.average]
    return [
        f"{split}_{name}"
        for split in dict.fromkeys(("train", *splits, *averaged))
        for name in names
    ]


def tracked(spec: Spec, dataset: Dataset) -> tuple[str, ...]:
    """The splits evaluated for every record: those that the spec names, else validation where there is one.

    Raises SpecError for a split that the data does not have.
    """
    if spec.track is None:
        return tuple(split for split in ("validation",) if split in dataset.splits)
    have = ", ".join(dataset.splits)
    problems = [
        Problem(
            ("track", i),
            f"the data has no {split} rows, only {have}. Set data.{split} to a number of rows.",
        )
        for i, split in enumerate(spec.track)
        if split not in dataset.splits
    ]
    if problems:
        raise SpecError(problems)
    return spec.track


def logits(
    params: Arrays, architecture: Architecture, split: Split, scale: float
) -> Iterator[tuple[slice, Array]]:
    """The logits of a split, chunk by chunk, with the rows that they belong to. Spent at the next chunk."""
    dtype = params["W1"].dtype.name
    x = np.empty((min(CHUNK, len(split)), split.x.shape[1]), dtype)
    memory = make_memory(architecture, len(x), dtype)
    for chunk in chunks(len(split), CHUNK):
        if chunk.stop - chunk.start < len(x):  # the last one
            x = x[: chunk.stop - chunk.start]
            memory = make_memory(architecture, len(x), dtype)
        gather(split.x, chunk, scale, out=x)
        yield chunk, propagation.logits(params, architecture, x, memory)


Examiner = ClassExaminer | LabelExaminer | NumberExaminer


class Examination(NamedTuple):
    """How good a network is, in all respects."""

    figures: dict[str, float]
    """Those of a record."""
    more: dict[str, float]
    """Those that are asked once: balanced accuracy, log-loss, ..."""
    each: dict[str, Array]
    """Figures of each class, label or target."""
    answers: Array
    """(rows,) classes, (rows, labels) true or false, or (rows, targets) numbers as the network is trained on them."""
    confusion: Confusion | None = None
    """Where rows have one class each."""


class Evaluator:
    """One split, prepared once: its targets, and the figures of any parameters on it."""

    def __init__(
        self,
        dataset: Dataset,
        split: str,
        architecture: Architecture,
        loss: str,
        dtype: str,
        class_weights: Array | None = None,
    ) -> None:
        self.dataset, self.split = dataset, dataset.splits[split]
        self.architecture, self.loss = architecture, loss
        self.dtype, self.class_weights = dtype, class_weights
        check_targets(self.split, architecture[-1].output_dim)

    def figures(self, params: Arrays) -> dict[str, float]:
        """Mean loss, and accuracy or rmse, mae and r2, over every row of the split."""
        return self._tally(params).figures()

    def examine(self, params: Arrays) -> Examination:
        """The same figures, and all that is asked once only."""
        examiner = self._examiner()
        tally = self._tally(params, examiner)
        figures, more, answers = tally.figures(), examiner.figures(), examiner.answers
        if isinstance(examiner, NumberExaminer):
            assert isinstance(tally, RegressionTally)
            return Examination(figures, more, tally.per_output(), answers)
        confusion = examiner.confusion if isinstance(examiner, ClassExaminer) else None
        return Examination(figures, more, examiner.each(), answers, confusion)

    @np.errstate(over="ignore", invalid="ignore")
    def _tally(self, params: Arrays, examiner: Examiner | None = None) -> Tally:
        """One pass over the split, which the examiner looks at too."""
        tally = new_tally(self.dataset, self.class_weights)
        last = self.architecture[-1].activation
        for chunk, z in logits(params, self.architecture, self.split, self.dataset.scale):
            y = np.empty(z.shape, judged_dtype(self.split.y, self.dtype))
            fill_targets(self.split.y[chunk], y)
            tally.add(row_losses(self.loss, last, z, y), z, y, last, batch=CHUNK)
            if examiner:
                examiner.add(chunk, z, y)
        return tally

    def _examiner(self) -> Examiner:
        last = self.architecture[-1].activation
        if self.dataset.classes is not None:
            return ClassExaminer(self.split.y, len(self.dataset.classes), last)
        if self.dataset.labels is not None:
            return LabelExaminer(len(self.split), len(self.dataset.labels), last)
        return NumberExaminer(len(self.split), self.architecture[-1].output_dim, last)
