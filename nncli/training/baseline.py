"""The answer that does not look at its inputs, beside which every network stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from nncli.data.dataset import Dataset
from nncli.data.files import shown
from nncli.network.baselines import beaten, commonest_labels, majority, mean_target
from nncli.spec.model import Spec
from nncli.training.evaluation import new_tally, prefixed, tracked, units_of
from nncli.words import figure

LONGEST = 24
"""Letters of a class's name in the name of the baseline."""


class Baseline(NamedTuple):
    """What such an answer comes to on a split."""

    answer: str
    """In words: always 7, the mean."""
    figures: dict[str, float]


def baseline(dataset: Dataset, split: str) -> Baseline:
    """The commonest class of the training rows, of each label the commonest value, or the mean of each target."""
    train, y = dataset.splits["train"].y, dataset.splits[split].y
    if dataset.classes is not None:
        number, figures = majority(train, y, len(dataset.classes))
        return Baseline(f"always {shown(dataset.classes[number], LONGEST)}", figures)
    if dataset.labels is not None:
        return Baseline("the commonest labels", commonest_labels(train, y))
    with np.errstate(over="ignore", invalid="ignore"):
        return Baseline("the mean", mean_target(train, y, units_of(dataset)))


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


def not_beaten(split: str, figures: Mapping[str, float], base: Baseline) -> tuple[str, ...]:
    """One line where a network is no better than that; nothing where it is."""
    if beaten(figures, base.figures):
        return ()
    name = "r2" if "r2" in base.figures else "accuracy"
    own, other = (figure(name, each[name]) for each in (figures, base.figures))
    return (
        f"the network does not beat `{base.answer}`: {split} {name} {own}, and {other} without looking at the inputs",
    )
