"""`nncli gradcheck` under `engine: numba` checks what is compiled: a fault in a kernel is found."""

from __future__ import annotations

from types import FunctionType
from typing import Any

import pytest
from planted import OTHER, Fault, Plant, classes, found, pictures, setting, wrapped
from support import spec_of

from nncli.gradients import gradcheck

pytest.importorskip("numba", reason="needs numba: pip install 'nncli[fast]'")
from nncli.training import kernels, sparse

NUMBA = {"engine": "numba"}
LEFT = "engine numba, which leaves this step to numpy, float64"
VIEWS = {"_part", "_weights", "_biases", "_clear_smallest"}
"""What `between` calls without working anything out."""
STEPS = sorted(
    {name for name in kernels.between.py_func.__code__.co_names if name[0] == "_"} - VIEWS
)
SPARSE = {"shape": "50-6-3 relu softmax", "keys": NUMBA, "data": pictures}


def inside(name: str) -> Plant:
    """The compiled pass in Python, with one of the kernels that it calls leaving something else in its last array."""
    pass_ = kernels.between.py_func

    def wrong(*args: Any) -> None:
        getattr(kernels, name)(*args)
        args[-1][...] *= OTHER

    planted = FunctionType(pass_.__code__, pass_.__globals__ | {name: wrong})
    return lambda patch: patch.setattr(kernels, "between", planted)


def without_last_row(
    right: Any, vector: Any, gradient: Any, a: Any, d: Any, s: Any, y: Any, *rest: Any
) -> None:
    """The last of the bias's sums: `d` holds each layer's deltas, the last layer's at its end."""
    right(vector, gradient, a, d, s, y, *rest)
    gradient[-y.shape[1] :] -= d[-y.shape[1] :]


def last_picture_missing(right: Any, rows: Any, *rest: Any) -> None:
    *others, delta = rest
    right(rows[:-1], *others, delta[:-1])


def sums_multiplied(right: Any, *args: Any) -> None:
    right(*args)
    args[-1][...] *= OTHER


FAULTS = {
    "biases without the last row": Fault(wrapped(kernels, "between", without_last_row), keys=NUMBA),
    "sums over what is not zero": Fault(wrapped(sparse, "_forward", sums_multiplied), **SPARSE),
    "weights without the last row": Fault(wrapped(sparse, "_backward", last_picture_missing), **SPARSE),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(name, monkeypatch):
    assert found(FAULTS[name], monkeypatch)


@pytest.mark.parametrize("name", STEPS)
def test_a_fault_in_each_step_of_the_compiled_pass_is_found(name, monkeypatch):
    assert found(Fault(inside(name), keys=NUMBA), monkeypatch)


@pytest.mark.parametrize("name", kernels.KINDS)
def test_another_activation_than_the_spec_says_is_found(name, monkeypatch):
    shape = f"2-4-3 {name} softmax" if name != "softmax" else "2-4-3 tanh softmax"
    other = (kernels.KINDS[name] + 1) % len(kernels.KINDS)
    assert found(Fault(setting(kernels.KINDS, name, other), shape, NUMBA), monkeypatch)


@pytest.mark.parametrize(
    ("shape", "data", "keys", "said"),
    [
        ("2-4-3 tanh softmax", classes, {}, "engine numba, float64"),
        ("50-6-3 relu softmax", pictures, {}, "engine numba, whose first layer skips zeros, float32"),
        ("50-6-3 relu softmax", pictures, {"optimizer": "adam"}, "engine numba, float64"),
        ("2-4-3 tanh softmax", classes, {"class_weight": "balanced"}, LEFT),
    ],
)  # fmt: skip
def test_it_says_whose_gradient_it_was(shape, data, keys, said):
    result = gradcheck(spec_of(shape, **NUMBA, **keys), data())
    assert (result.engine, result.passed) == (said, True)


def test_the_first_layer_that_skips_zeros_is_as_exact_as_float32_allows():
    result = gradcheck(spec_of("50-6-3 relu softmax", **NUMBA), pictures())
    assert result.tolerance == 1e-4
    assert result.worst.error < 2e-5
