"""The answer that does not look at its inputs, beside which every network stands."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from nncli.data.dataset import Dataset, Task
from nncli.data.files import shown
from nncli.network import margins
from nncli.network.baselines import commonest_labels, majority, mean_of, mean_target
from nncli.network.margins import CLEAR, Margin
from nncli.network.params import Array
from nncli.spec.model import Spec
from nncli.training.evaluation import Examination, new_tally, prefixed, tracked, units_of
from nncli.words import figure

LONGEST = 24
"""Letters of a class's name in the name of the baseline."""


class Baseline(NamedTuple):
    """What such an answer comes to on a split."""

    answer: str
    """In words: always 7, the mean."""
    figures: dict[str, float]
    always: Any
    """The answer itself: a class, (labels,) true or false, or (targets,) numbers as a network is trained on them."""


def baseline(dataset: Dataset, split: str) -> Baseline:
    """The commonest class of the training rows, of each label the commonest value, or the mean of each target."""
    train, y = dataset.splits["train"].y, dataset.splits[split].y
    if dataset.classes is not None:
        number, figures = majority(train, y, len(dataset.classes))
        return Baseline(f"always {shown(dataset.classes[number], LONGEST)}", figures, number)
    if dataset.labels is not None:
        commonest = train.mean(axis=0) > 0.5
        return Baseline("the commonest labels", commonest_labels(train, y), commonest)
    with np.errstate(over="ignore", invalid="ignore"):
        return Baseline("the mean", mean_target(train, y, units_of(dataset)), mean_of(train))


def recorded_baselines(spec: Spec, dataset: Dataset) -> dict[str, str | float]:
    """Beside the figures of a run's records, those of the baseline on the same splits; and what it answers."""
    found: dict[str, str | float] = {}
    for split in dict.fromkeys(("train", *tracked(spec, dataset))):
        base = baseline(dataset, split)
        found["answer"] = base.answer
        kept = {
            name: base.figures[name] for name in new_tally(dataset).NAMES if name in base.figures
        }
        found |= prefixed(split, kept)
    return found


MARGINS: dict[Task, Callable[[Array, Any, Array], dict[str, Margin]]] = {
    "classification": margins.of_classes,
    "labels": margins.of_labels,
    "regression": margins.of_numbers,
}


def not_beaten(dataset: Dataset, split: str, found: Examination, base: Baseline) -> tuple[str, ...]:
    """One line where a network is not better than that by more than chance in any figure that tells: in R^2, or in the
    share that is right, of rows or in the mean over classes. A baseline that is always right says nothing."""
    figures = base.figures
    if figures.get("rmse") == 0 or figures.get("accuracy") == 1:
        return ()
    by = MARGINS[dataset.task](found.answers, base.always, dataset.splits[split].y)
    if any(margin.is_clear for margin in by.values()):
        return ()
    name = next(iter(by))
    own, other = (figure(name, each[name]) for each in (found.figures, figures))
    return (
        f"the network does not beat `{base.answer}`: {split} {name} {own} against {other}, {_how_far(name, by[name])}",
    )


def _how_far(name: str, by: Margin) -> str:
    """A difference that is not clear, in words."""
    size = figure(name, by.error)
    if not by.value and not by.error:
        return "with the same rows right" if name == "accuracy" else "the same"
    if not math.isfinite(by.value):
        return "which is no number"
    if abs(by.value) <= by.error:
        return f"within one standard error ({size})"
    if by.value > 0:
        return f"within {CLEAR:g} standard errors ({size} each)"
    return "which is worse"
