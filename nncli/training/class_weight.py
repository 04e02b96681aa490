"""How much a row counts in the gradient, by its class."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nncli.data.dataset import Dataset
from nncli.data.files import shown
from nncli.errors import Problem
from nncli.network.params import Array
from nncli.spec.model import Spec
from nncli.spec.suggest import did_you_mean

LONGEST = 40
"""Letters of a class's name in a message."""


def class_weights(spec: Spec, dataset: Dataset) -> Array | None:
    """(classes,): what the gradient of a row is multiplied by; None where all rows count alike.

    `balanced` is n / (K n_c), for n_c of the n training rows and the K classes that have any: then every class counts
    as much as every other, and the mean weight of a row is 1. The figures of records never are weighted.

    Source: King and Zeng, Logistic Regression in Rare Events Data (2001).
    """
    if spec.class_weight is None or dataset.classes is None:
        return None
    if spec.class_weight != "balanced":
        given = spec.class_weight
        return np.array([given[name] for name in dataset.classes], spec.dtype)
    y = dataset.splits["train"].y
    counts = np.bincount(y, minlength=len(dataset.classes))
    share = len(y) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    return np.where(counts > 0, share, 1.0).astype(spec.dtype)


def class_weight_problems(spec: Spec, dataset: Dataset) -> Iterator[Problem]:
    """Weights where there are no classes, for a class that is not there, and none for one that is."""
    if spec.class_weight is None:
        return
    key = ("class_weight",)
    if dataset.classes is None:
        what = "a row may have several labels" if dataset.labels else "the targets are numbers"
        yield Problem(key, f"weighs classes, but {what}. Remove it.")
    elif spec.class_weight != "balanced":
        names = [shown(name, LONGEST) for name in dataset.classes]
        for name in spec.class_weight:
            if name not in dataset.classes:
                hint = did_you_mean(name, names) or f" There are {shown(', '.join(names), 200)}."
                yield Problem((*key, name), f"is no class of the data.{hint}")
        missing = [name for name in dataset.classes if name not in spec.class_weight]
        if missing:
            which = shown(", ".join(missing), 200)
            yield Problem(key, f"has no number for {which}. Give each class one, such as 1.")
