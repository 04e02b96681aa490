"""Faults planted in the gradient that trains, and whether `nncli gradcheck` finds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pytest
from support import blobs, spec_of

from nncli.data.dataset import Dataset
from nncli.gradients import gradcheck

Plant = Callable[[pytest.MonkeyPatch], None]
OTHER = 1.01
"""What a planted fault multiplies by: far more than any rounding, far less than a wrong formula."""


def classes() -> Dataset:
    """Three classes of 30, 20 and 10 rows."""
    rng = np.random.default_rng(4)
    y = rng.permutation(np.repeat([0, 1, 2], [30, 20, 10]))
    return blobs(x=rng.standard_normal((60, 2)) + y[:, None], y=y)


def numbers() -> Dataset:
    rng = np.random.default_rng(4)
    return blobs(x=rng.standard_normal((60, 2)), y=rng.standard_normal((60, 3)))


def pictures() -> Dataset:
    """Bytes of which nine in ten are zero."""
    rng = np.random.default_rng(8)
    x = rng.integers(1, 256, (60, 50)) * (rng.random((60, 50)) < 0.1)
    return replace(blobs(x=x.astype(np.uint8), y=np.arange(60) % 3), scale=255.0)


class Fault(NamedTuple):
    """Where it is planted, and the training in which it shows."""

    plant: Plant
    shape: str = "2-4-4-3 tanh sigmoid softmax"
    keys: Mapping[str, Any] = {}
    data: Callable[[], Dataset] = classes


def wrapped(module: Any, name: str, wrap: Callable[..., Any]) -> Plant:
    """Calls `wrap` with the right function, and with what that is called with."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        right = getattr(module, name)
        patch.setattr(module, name, lambda *args, **kwargs: wrap(right, *args, **kwargs))

    return plant


def setting(table: dict[str, Any], name: str, value: Any) -> Plant:
    """Puts `value` in the place of a table's."""
    return lambda patch: patch.setitem(table, name, value)


def found(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the check passes without the fault, and fails with it."""
    spec, dataset = spec_of(fault.shape, **fault.keys), fault.data()
    right = gradcheck(spec, dataset)
    assert right.passed, right.worst
    assert all(array.gradient for array in right.arrays), "dead: proves nothing"
    with monkeypatch.context() as patch:
        fault.plant(patch)
        return not gradcheck(spec, dataset).passed
