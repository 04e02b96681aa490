"""`nncli gradcheck` finds a fault wherever it is planted in the gradient that trains."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from planted import OTHER, Fault, classes, found, numbers, setting, wrapped
from support import blobs, spec_of

from nncli.data.dataset import Dataset
from nncli.gradients import gradcheck
from nncli.network import propagation, reference
from nncli.network.activations import ACTIVATIONS, Activation
from nncli.network.losses import CANONICAL, LOSSES
from nncli.training import bench, step, trainer

ELEMENTWISE = [name for name, activation in ACTIVATIONS.items() if activation.pull_back]
PAIRS = [*CANONICAL.items()] + [
    (loss, last) for loss in LOSSES if loss not in CANONICAL for last in ELEMENTWISE
]


def dropped(shape: str, p: float = 0.4) -> dict[str, Any]:
    """The layers of a shape, with dropout in all but the last."""
    layers = [layer.model_dump() for layer in spec_of(shape).architecture]
    return {"architecture": [layer | {"dropout": p} for layer in layers[:-1]] + layers[-1:]}


def square_turned(right: Any, params: Any, *rest: Any) -> Any:
    yield from right({**params, "W2": params["W2"].mT}, *rest)


def gradient_turned(right: Any, *args: Any) -> Any:
    *rest, grads, masks = args
    yield from right(*rest, {**grads, "W2": grads["W2"].mT}, masks)


def without_last_row(right: Any, x: Any, y: Any, out: Any) -> Any:
    """Of the products delta^T h only: batches have ten rows, and no layer has."""
    return right(x[..., :-1], y[..., :-1, :], out) if x.shape[-1] == 10 else right(x, y, out)


def masks_not_pulled_back(right: Any, *args: Any) -> Any:
    *rest, _ = args
    yield from right(*rest, {})


def masks_pulled_back_only(right: Any, *args: Any) -> Any:
    *rest, masks = args
    yield from right(*rest, {number: np.ones_like(mask) for number, mask in masks.items()})


def added(change: Callable[[Any], Any], only: str = "W") -> Callable[..., None]:
    """The penalty's slopes, changed before they are added."""

    def penalize(right: Any, params: Any, grads: Any, *rest: Any) -> None:
        before = {name: value.copy() for name, value in grads.items()}
        right(params, grads, *rest)
        for name, value in grads.items():
            value[...] = before[name] + change(value - before[name])

    return penalize


def of_biases_too(right: Any, params: Any, grads: Any, *rest: Any) -> None:
    right(params, grads, *rest)
    turned = [
        {"W" + name[1:]: value for name, value in each.items() if name[0] == "b"}
        for each in (params, grads)
    ]
    right(*turned, *rest)


def without_pace(right: Any, params: Any, grads: Any, *rest: Any) -> None:
    *settings, pace = rest
    right(params, grads, *settings, np.ones_like(pace))


MSE = {"shape": "2-4-3 tanh identity", "data": numbers}
DROPOUT = {"keys": dropped("2-4-4-3 tanh sigmoid softmax")}
WEIGHTS = {"keys": {"class_weight": "balanced"}}
L1, L2 = ({"keys": {"regularizer": {key: 0.1}}} for key in ("l1", "l2"))
ADAM = {"keys": {"regularizer": {"l2": 0.1}, "optimizer": "adam"}}

FAULTS = {
    "the sum over rows instead of the mean": Fault(
        wrapped(step, "slope", lambda right, loss, rows, k: right(loss, 1, k))
    ),
    "mse without its 2": Fault(
        wrapped(step, "slope", lambda right, loss, rows, k: right(loss, rows, k) / 2), **MSE
    ),
    "mse not divided by the outputs": Fault(
        wrapped(step, "slope", lambda right, loss, rows, k: right(loss, rows, 1)), **MSE
    ),
    "the transposed weights in the product with delta": Fault(
        wrapped(step, "backward", square_turned)
    ),
    "the transposed gradient": Fault(wrapped(step, "backward", gradient_turned)),
    "biases without the last row": Fault(
        wrapped(propagation, "sum_rows", lambda right, d, out: right(d[..., :-1, :], out))
    ),
    "weights without the last row": Fault(wrapped(propagation, "product", without_last_row)),
    "dropout not in the backward pass": Fault(
        wrapped(step, "backward", masks_not_pulled_back), **DROPOUT
    ),
    "dropout not in the forward pass": Fault(
        wrapped(step, "forward", masks_pulled_back_only), **DROPOUT
    ),
    "an unscaled dropout mask": Fault(
        wrapped(bench, "draw_masks", lambda right, *args: {k: (m != 0) * 1.0 for k, m in right(*args).items()}),
        **DROPOUT,
    ),
    "class weights reversed": Fault(
        wrapped(trainer, "class_weights", lambda right, *args: right(*args)[::-1].copy()), **WEIGHTS
    ),
    "no class weights": Fault(
        wrapped(trainer, "class_weights", lambda right, *args: None), **WEIGHTS
    ),
    "balanced, but not by the number of classes": Fault(
        wrapped(trainer, "class_weights", lambda right, *args: right(*args) * 3), **WEIGHTS
    ),
    "no penalty": Fault(wrapped(step, "penalize", lambda right, *args: None), **L2),
    "twice the slope of l2": Fault(wrapped(step, "penalize", added(lambda s: 2 * s)), **L2),
    "the sign of l1 reversed": Fault(wrapped(step, "penalize", added(lambda s: -s)), **L1),
    "l2 on biases": Fault(wrapped(step, "penalize", of_biases_too), **L2),
    "l1 on biases": Fault(wrapped(step, "penalize", of_biases_too), **L1),
    "a penalty without the gradient's pace": Fault(
        wrapped(step, "penalize", without_pace), **ADAM
    ),
}  # fmt: skip


def multiplied(calls: Any, out: Any) -> Iterator[Any]:
    yield from calls
    yield np.multiply, (out, OTHER, out)


def table_faults() -> Iterator[tuple[str, Fault]]:
    """One for each activation, its slope, and each pair of a loss and a last activation: whatever there is."""
    for name, right in ACTIVATIONS.items():
        shape = f"2-4-3 {name} softmax" if right.pull_back else f"2-4-3 tanh {name}"

        def value(z: Any, a: Any, room: Any, right: Activation = right) -> Any:
            return multiplied(right.value(z, a, room), a)

        yield (
            f"value of {name}",
            Fault(setting(ACTIVATIONS, name, right._replace(value=value)), shape),
        )
        if right.pull_back:

            def slope(a: Any, z: Any, delta: Any, right: Activation = right) -> Any:
                return multiplied(right.pull_back(a, z, delta), delta)

            planted = right._replace(pull_back=slope)
            yield f"slope of {name}", Fault(setting(ACTIVATIONS, name, planted), shape)
    for loss, last in PAIRS:

        def delta(right: Any, *args: Any) -> Any:
            return multiplied(right(*args), args[5])

        data = classes if loss in CANONICAL else numbers
        plant = wrapped(step, "output_delta", delta)
        yield f"delta of {loss}, {last}", Fault(plant, f"2-4-3 tanh {last}", {"loss": loss}, data)


TABLE_FAULTS = dict(table_faults())


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(name, monkeypatch):
    assert found(FAULTS[name], monkeypatch)


@pytest.mark.parametrize("name", TABLE_FAULTS)
def test_a_fault_in_each_activation_and_loss_is_found(name, monkeypatch):
    assert found(TABLE_FAULTS[name], monkeypatch)


def test_the_loss_is_written_out_for_everything_there_is():
    assert set(reference.ACTIVATIONS) == set(ACTIVATIONS)
    assert set(reference.LOSSES) == set(LOSSES)


def test_the_loss_that_is_written_out_shares_no_code():
    tree = ast.parse(Path(reference.__file__).read_text())
    modules = {
        name
        for node in ast.walk(tree)
        for name in (
            [node.module] if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names] if isinstance(node, ast.Import)
            else []
        )
    }  # fmt: skip
    assert not [name for name in modules if name.startswith("nncli")]


def test_it_says_whose_gradient_it_was_and_of_what():
    keys = dropped("2-4-3 tanh softmax") | {"class_weight": "balanced"}
    regularizer = {"l1": 0.01, "l2": 0.5, "max_norm": 1}
    result = gradcheck(spec_of("2-4-3 tanh softmax", **keys, regularizer=regularizer), classes())
    assert result.passed
    assert result.engine == "engine numpy, float64"
    assert result.terms == (
        "cross_entropy", "class weights", "dropout", "l1 penalty 0.01", "l2 penalty 0.5"
    )  # fmt: skip


def test_the_loss_is_that_with_its_penalties():
    plain, penalized = (
        gradcheck(spec_of("2-4-3 tanh softmax", dtype="float64", regularizer=keys), classes())
        for keys in ({}, {"l2": 0.5})
    )
    assert penalized.loss > plain.loss


@pytest.mark.parametrize("regularizer", [{}, {"l1": 0.1}])
def test_parameters_that_begin_at_zero_hide_nothing(regularizer, monkeypatch):
    fault = FAULTS["the transposed weights in the product with delta"]
    keys = {"initializer": "zeros", "regularizer": regularizer}
    assert found(fault._replace(keys=keys), monkeypatch)


def test_layers_of_relu_that_are_dead_do_not_disagree():
    """Where all units of a layer are 0, the sums of the next are its biases: at the start, 0, on the kink."""
    assert gradcheck(spec_of("2-2-2-3 relu relu softmax", seed=3), classes()).passed


def test_the_step_that_is_checked_has_the_rows_of_the_training():
    """An engine may take small batches only: what is checked is the batch that trains, not a part of it."""
    result = gradcheck(spec_of("2-4-3 tanh softmax", batch_size="full"), numbers_of(300))
    assert (result.rows, result.passed) == (300, True)


def numbers_of(rows: int) -> Dataset:
    rng = np.random.default_rng(0)
    return blobs(x=rng.standard_normal((rows, 2)), y=np.arange(rows) % 3)


def test_a_numerical_gradient_is_checked_too(monkeypatch):
    keys = {"gradient": "numerical", "class_weight": "balanced"}
    fault = FAULTS["class weights reversed"]
    assert found(fault._replace(keys=keys), monkeypatch)
    assert "numerical" in gradcheck(spec_of("2-3 softmax", **keys), classes()).engine
