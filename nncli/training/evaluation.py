"""How good a network is on a split: loss and figures, and the answers themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from nncli.data.batches import chunks, gather, targets
from nncli.data.dataset import Dataset, Split
from nncli.errors import Problem, SpecError
from nncli.network import propagation
from nncli.network.losses import row_losses
from nncli.network.metrics import ClassTally, Confusion, RegressionTally, Tally, predicted_classes
from nncli.network.params import Architecture, Array, Arrays
from nncli.network.propagation import make_memory
from nncli.spec.model import Spec

CHUNK = 1000
"""Rows per forward pass. The same everywhere: another size could change the last bits of a figure."""


def new_tally(dataset: Dataset) -> Tally:
    """Empty running sums of the kind that the dataset's targets call for."""
    return RegressionTally() if dataset.classes is None else ClassTally()


def prefixed(split: str, figures: Mapping[str, float]) -> dict[str, float]:
    """{"loss": 0.1} -> {"test_loss": 0.1}."""
    return {f"{split}_{name}": value for name, value in figures.items()}


def figure_names(spec: Spec, dataset: Dataset) -> list[str]:
    """The figures of a record: those of train, of the tracked splits, and of the averaged parameters on them."""
    names, splits = new_tally(dataset).NAMES, tracked(spec, dataset)
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


class Evaluator:
    """One split, prepared once: its targets, and the figures of any parameters on it."""

    def __init__(
        self, dataset: Dataset, split: str, architecture: Architecture, loss: str, dtype: str
    ) -> None:
        self.dataset, self.split = dataset, dataset.splits[split]
        self.architecture, self.loss = architecture, loss
        self.y = targets(self.split, architecture[-1].output_dim, dtype)

    @np.errstate(over="ignore", invalid="ignore")
    def figures(self, params: Arrays) -> dict[str, float]:
        """Mean loss, and accuracy or rmse, mae and r2, over every row of the split."""
        tally = new_tally(self.dataset)
        last = self.architecture[-1].activation
        for chunk, z in logits(params, self.architecture, self.split, self.dataset.scale):
            y = self.y[chunk]
            tally.add(row_losses(self.loss, last, z, y), z, y, last, batch=CHUNK)
        return tally.figures()

    def confusion(self, params: Arrays) -> Confusion:
        """Truth against answer for every class; only where the dataset has classes."""
        last = self.architecture[-1].activation
        answer = np.empty(len(self.split), np.intp)
        for chunk, z in logits(params, self.architecture, self.split, self.dataset.scale):
            answer[chunk] = predicted_classes(z, last)
        assert self.dataset.classes is not None, "a confusion matrix needs classes"
        return Confusion.of(self.split.y, answer, len(self.dataset.classes))
