"""Backprop against central differences, for every activation and loss, one network and K at once."""

import numpy as np
import pytest
from support import Layer

from nncli.network.activations import ACTIVATIONS
from nncli.network.calls import constant, run
from nncli.network.initializers import init_params
from nncli.network.losses import CANONICAL, LOSSES, output_delta, row_losses, slope
from nncli.network.params import count, flatten, views
from nncli.network.propagation import backward, forward, logits, make_memory

ELEMENTWISE = [name for name, activation in ACTIVATIONS.items() if activation.pull_back]
PAIRS = [(loss, CANONICAL[loss]) for loss in CANONICAL] + [
    (loss, last) for loss in LOSSES if loss not in CANONICAL for last in ELEMENTWISE
]
CASES = [
    (hidden, loss, last, outputs)
    for hidden in ELEMENTWISE
    for loss, last in PAIRS
    for outputs in (1, 3)
    if not (
        last == "softmax" and outputs == 1
    )  # one softmax output is always 1: refused by the spec
]


def network(hidden: str, last: str, outputs: int) -> list[Layer]:
    return [Layer(4, 5, hidden), Layer(5, 4, hidden), Layer(4, outputs, last)]


def problem(architecture: list[Layer], loss: str, seed: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    params = init_params(architecture, weights="normal", biases="normal", std=0.7, rng=rng)
    vector = flatten(params, architecture, "float64")
    x = rng.standard_normal((6, 4))
    outputs = architecture[-1].output_dim
    if loss in CANONICAL:
        y = np.eye(max(outputs, 2))[rng.integers(0, max(outputs, 2), 6)][:, :outputs]
    else:
        y = rng.standard_normal((6, outputs))
    return vector, x, y


def mean_loss(vector, architecture, loss, x, y) -> float:
    params = views(vector, architecture)
    z = logits(params, architecture, x, make_memory(architecture, len(x), "float64"))
    return row_losses(loss, architecture[-1].activation, z, y).mean()


def backprop(vector, architecture, loss, x, y) -> np.ndarray:
    gradient = np.empty_like(vector)
    memory = make_memory(architecture, x.shape[-2], vector.dtype.name, vector.shape[:-1])
    last, activation = len(architecture), architecture[-1].activation
    a, z, delta = (memory[f"{name}{last}"] for name in "AZD")
    factor = constant(slope(loss, x.shape[-2], architecture[-1].output_dim), vector)
    params, grads = views(vector, architecture), views(gradient, architecture)
    with np.errstate(over="ignore"):
        run(forward(params, architecture, x, z, memory))
        run(output_delta(loss, activation, a, z, y, delta, factor))
        run(backward(params, architecture, x, memory, grads))
    return gradient


@pytest.mark.parametrize(("hidden", "loss", "last", "outputs"), CASES)
def test_backprop_matches_central_differences(hidden, loss, last, outputs):
    architecture = network(hidden, last, outputs)
    vector, x, y = problem(architecture, loss, seed=7)
    numerical = np.empty_like(vector)
    step = 1e-6
    for i in range(len(vector)):
        ahead, behind = vector.copy(), vector.copy()
        ahead[i] += step
        behind[i] -= step
        rise = mean_loss(ahead, architecture, loss, x, y) - mean_loss(
            behind, architecture, loss, x, y
        )
        numerical[i] = rise / (2 * step)
    gradient = backprop(vector, architecture, loss, x, y)
    assert all(g.any() for g in views(gradient, architecture).values()), "dead: proves nothing"
    error = np.linalg.norm(gradient - numerical) / np.linalg.norm(gradient + numerical)
    assert error < 1e-6
    np.testing.assert_allclose(gradient, numerical, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("hidden", ELEMENTWISE)
@pytest.mark.parametrize(("loss", "last"), PAIRS)
def test_stacked_networks_get_the_bits_that_each_gets_alone(hidden, loss, last, dtype):
    architecture = network(hidden, last, 3)
    problems = [problem(architecture, loss, seed) for seed in range(3)]
    vectors = np.stack([vector for vector, _, _ in problems]).astype(dtype)
    x, y = problems[0][1].astype(dtype), problems[0][2].astype(dtype)
    together = backprop(vectors, architecture, loss, x, y)
    assert together.shape == (3, count(architecture))
    for k in range(3):
        alone = backprop(vectors[k].copy(), architecture, loss, x, y)
        assert alone.tobytes() == together[k].tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_stacked_networks_of_real_size_with_their_own_batches(dtype):
    architecture = [Layer(784, 30, "sigmoid"), Layer(30, 10, "softmax")]
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((3, count(architecture))).astype(dtype)
    x = rng.random((3, 10, 784)).astype(dtype)
    y = np.eye(10, dtype=dtype)[rng.integers(0, 10, (3, 10))]
    together = backprop(vectors, architecture, "cross_entropy", x, y)
    for k in range(3):
        alone = backprop(vectors[k].copy(), architecture, "cross_entropy", x[k], y[k])
        assert alone.tobytes() == together[k].tobytes()
    assert row_losses("cross_entropy", "softmax", y * 3, y).shape == (3, 10)


def test_quadratic_has_no_delta_for_softmax():
    a = np.full((2, 3), 1 / 3)
    with pytest.raises(ValueError, match="use cross_entropy"):
        run(output_delta("quadratic", "softmax", a, a, a, np.empty_like(a), constant(1, a)))
