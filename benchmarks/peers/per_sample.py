"""A loop over single samples: backpropagation for each sample of a batch, gradients added up, then one step.

Source: Nielsen, Neural Networks and Deep Learning (2015), chapter 1, the algorithm; in the spec's precision, which is
faster than the book's float64. Columns are samples, as there. Sigmoid units and the quadratic loss.
"""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.problem import Problem, Trainer
from nncli.network.params import Array

REQUIRES = "numpy"


class Net:
    """Weights and biases of each layer; biases are columns."""

    def __init__(self, weights: list[Array], biases: list[Array]) -> None:
        self.weights, self.biases = weights, biases

    def step(self, samples: list[tuple[Array, Array]], eta: float) -> None:
        """Gradient descent on one batch."""
        sum_w = [np.zeros(w.shape, w.dtype) for w in self.weights]
        sum_b = [np.zeros(b.shape, b.dtype) for b in self.biases]
        for x, y in samples:
            grad_w, grad_b = self.gradients(x, y)
            sum_w = [total + g for total, g in zip(sum_w, grad_w, strict=True)]
            sum_b = [total + g for total, g in zip(sum_b, grad_b, strict=True)]
        rate = eta / len(samples)
        self.weights = [w - rate * g for w, g in zip(self.weights, sum_w, strict=True)]
        self.biases = [b - rate * g for b, g in zip(self.biases, sum_b, strict=True)]

    def gradients(self, x: Array, y: Array) -> tuple[list[Array], list[Array]]:
        """Of one sample: dLoss/dW and dLoss/db of every layer."""
        activations = [x]
        for w, b in zip(self.weights, self.biases, strict=True):
            activations.append(sigmoid(np.dot(w, activations[-1]) + b))
        a = activations[-1]
        delta = (a - y) * a * (1 - a)
        grad_w, grad_b = [np.dot(delta, activations[-2].T)], [delta]
        for number in range(len(self.weights) - 1, 0, -1):
            a = activations[number]
            delta = np.dot(self.weights[number].T, delta) * a * (1 - a)
            grad_w.insert(0, np.dot(delta, activations[number - 1].T))
            grad_b.insert(0, delta)
        return grad_w, grad_b


def sigmoid(z: Array) -> Array:
    """1 / (1 + exp(-z))."""
    return 1 / (1 + np.exp(-z))


def make(problem: Problem) -> Trainer:
    """The samples are a list of columns, made before the first epoch."""
    spec, params = problem.spec, problem.params()
    if spec.loss != "quadratic" or {one.activation for one in spec.architecture} != {"sigmoid"}:
        raise SystemExit("per_sample: sigmoid units and the quadratic loss only")
    threadpool_limits(1, user_api="blas")
    numbers = range(1, len(spec.architecture) + 1)
    net = Net([params[f"W{i}"] for i in numbers], [params[f"b{i}"][:, None] for i in numbers])
    samples = [(x[:, None], y[:, None]) for x, y in zip(*problem.rows(), strict=True)]
    rng = np.random.default_rng(0)

    @np.errstate(over="ignore")
    def epoch() -> None:
        order = rng.permutation(len(samples)).tolist()
        for batch in problem.batches():
            net.step([samples[row] for row in order[batch]], spec.eta)

    def learned() -> dict[str, Array]:
        weights = {f"W{i}": w for i, w in zip(numbers, net.weights, strict=True)}
        return weights | {f"b{i}": b[:, 0] for i, b in zip(numbers, net.biases, strict=True)}

    return Trainer(epoch, learned, 1, f"{spec.dtype}, the book's algorithm, a whole epoch")
