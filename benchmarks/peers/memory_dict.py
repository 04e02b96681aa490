"""Full-batch descent in NumPy as the notebook has it: parameters, memory and gradients in dictionaries, by name.

Source: Skalski, Let's code a Neural Network in plain NumPy (2018): float64, columns are samples, dLoss/dA of the
output first; cost and accuracy are taken at every iteration. Relu and sigmoid units, binary cross-entropy.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.problem import Problem, Trainer
from nncli.network.params import Array, Arrays

REQUIRES = "numpy"


def sigmoid(z: Array) -> Array:
    """1 / (1 + exp(-z))."""
    return 1 / (1 + np.exp(-z))


def relu(z: Array) -> Array:
    """max(0, z)."""
    return np.maximum(0, z)


def sigmoid_backward(da: Array, z: Array) -> Array:
    """dLoss/dZ, the value computed anew."""
    value = sigmoid(z)
    return da * value * (1 - value)


def relu_backward(da: Array, z: Array) -> Array:
    """dLoss/dZ: a copy, zero where the unit was off."""
    dz = np.array(da, copy=True)
    dz[z <= 0] = 0
    return dz


FORWARD = {"relu": relu, "sigmoid": sigmoid}
BACKWARD = {"relu": relu_backward, "sigmoid": sigmoid_backward}


def single_layer_forward_propagation(
    a_prev: Array, w: Array, b: Array, activation: str
) -> tuple[Array, Array]:
    """A and Z of a layer."""
    z = np.dot(w, a_prev) + b
    return FORWARD[activation](z), z


def full_forward_propagation(
    x: Array, params_values: Arrays, activations: Sequence[str]
) -> tuple[Array, Arrays]:
    """The answer, and what the way back needs: A0, Z1, A1, Z2, ..."""
    memory, a = {}, x
    for number, activation in enumerate(activations, 1):
        w, b = params_values[f"W{number}"], params_values[f"b{number}"]
        memory[f"A{number - 1}"] = a
        a, memory[f"Z{number}"] = single_layer_forward_propagation(a, w, b, activation)
    return a, memory


def get_cost_value(y_hat: Array, y: Array) -> float:
    """Binary cross-entropy, the mean over samples."""
    m = y_hat.shape[1]
    cost = -1 / m * (np.dot(y, np.log(y_hat).T) + np.dot(1 - y, np.log(1 - y_hat).T))
    return np.squeeze(cost)


def get_accuracy_value(y_hat: Array, y: Array) -> float:
    """The share of samples on the right side of 0.5."""
    classes = np.copy(y_hat)
    classes[classes > 0.5] = 1
    classes[classes <= 0.5] = 0
    return (classes == y).all(axis=0).mean()


def single_layer_backward_propagation(
    da: Array, w: Array, z: Array, a_prev: Array, activation: str
) -> tuple[Array, Array, Array]:
    """dLoss/dA of the layer below, dLoss/dW, dLoss/db."""
    m = a_prev.shape[1]
    dz = BACKWARD[activation](da, z)
    return np.dot(w.T, dz), np.dot(dz, a_prev.T) / m, np.sum(dz, axis=1, keepdims=True) / m


def full_backward_propagation(
    y_hat: Array, y: Array, memory: Arrays, params_values: Arrays, activations: Sequence[str]
) -> Arrays:
    """dW1, db1, ..., down from the output."""
    grads_values: Arrays = {}
    da = -(np.divide(y, y_hat) - np.divide(1 - y, 1 - y_hat))
    for number, activation in reversed(list(enumerate(activations, 1))):
        w, z, a_prev = params_values[f"W{number}"], memory[f"Z{number}"], memory[f"A{number - 1}"]
        da, dw, db = single_layer_backward_propagation(da, w, z, a_prev, activation)
        grads_values[f"dW{number}"], grads_values[f"db{number}"] = dw, db
    return grads_values


def update(params_values: Arrays, grads_values: Arrays, eta: float) -> None:
    """One step of gradient descent."""
    for name in params_values:
        params_values[name] -= eta * grads_values[f"d{name}"]


def make(problem: Problem) -> Trainer:
    """An epoch is one iteration over all samples."""
    spec, threads = problem.spec, problem.experiment.threads
    activations = [layer.activation for layer in spec.architecture]
    if not set(activations) <= set(FORWARD) or problem.experiment.length.batches > 1:
        raise SystemExit("memory_dict: relu and sigmoid units and the full batch only")
    threadpool_limits(threads, user_api="blas")
    params = {name: _column(value) for name, value in problem.params().items()}
    x, y = (np.ascontiguousarray(array.T) for array in problem.rows())
    history: list[tuple[float, float]] = []

    def epoch() -> None:
        y_hat, memory = full_forward_propagation(x, params, activations)
        history.append((get_cost_value(y_hat, y), get_accuracy_value(y_hat, y)))
        update(params, full_backward_propagation(y_hat, y, memory, params, activations), spec.eta)

    def learned() -> Arrays:
        return {name: value if name[0] == "W" else value[:, 0] for name, value in params.items()}

    note = f"{spec.dtype}, the notebook's algorithm, cost and accuracy at every iteration"
    return Trainer(epoch, learned, threads, note)


def _column(value: Array) -> Array:
    return value.copy() if value.ndim == 2 else value[:, None].copy()
