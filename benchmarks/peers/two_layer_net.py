"""SimpleNet in NumPy as the book has it: a dictionary of parameters, a batch drawn with replacement for every step.

Source: Saito, Deep Learning from Scratch (2016), chapters 4 and 5: float64, one-hot targets, weights as
(inputs, outputs). The loss of every batch is kept, which takes a forward pass of its own, as there.
"""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.problem import Problem, Trainer
from nncli.network.params import Array, Arrays

REQUIRES = "numpy"
LAYERS = ["sigmoid", "softmax"]


class TwoLayerNet:
    """784-50-10, say: a sigmoid layer and a softmax layer."""

    def __init__(self, params: Arrays) -> None:
        self.params = params

    def predict(self, x: Array) -> Array:
        """The share of each class."""
        hidden = sigmoid(np.dot(x, self.params["W1"]) + self.params["b1"])
        return softmax(np.dot(hidden, self.params["W2"]) + self.params["b2"])

    def loss(self, x: Array, t: Array) -> float:
        """Cross-entropy."""
        return cross_entropy(self.predict(x), t)

    def gradient(self, x: Array, t: Array) -> Arrays:
        """Of the loss, by backpropagation."""
        a1 = np.dot(x, self.params["W1"]) + self.params["b1"]
        z1 = sigmoid(a1)
        y = softmax(np.dot(z1, self.params["W2"]) + self.params["b2"])
        dy = (y - t) / len(x)
        da1 = sigmoid_slope(a1) * np.dot(dy, self.params["W2"].T)
        return {
            "W1": np.dot(x.T, da1),
            "b1": np.sum(da1, axis=0),
            "W2": np.dot(z1.T, dy),
            "b2": np.sum(dy, axis=0),
        }


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x))."""
    return 1 / (1 + np.exp(-x))


def sigmoid_slope(x: Array) -> Array:
    """From the sum, not from the value."""
    return (1.0 - sigmoid(x)) * sigmoid(x)


def softmax(x: Array) -> Array:
    """Row by row."""
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def cross_entropy(y: Array, t: Array) -> float:
    """The mean over rows; one-hot targets become class numbers first."""
    rows = len(y)
    return -np.sum(np.log(y[np.arange(rows), t.argmax(axis=1)] + 1e-7)) / rows


def make(problem: Problem) -> Trainer:
    """The loop of the book's chapter 5."""
    spec, threads = problem.spec, problem.experiment.threads
    if [
        one.activation for one in spec.architecture
    ] != LAYERS or spec.sampling != "with_replacement":
        raise SystemExit("two_layer_net: sigmoid, softmax and batches with replacement only")
    threadpool_limits(threads, user_api="blas")
    network = TwoLayerNet(_transposed(problem.params()))
    x_train, t_train = problem.rows()
    rng, losses = np.random.RandomState(0), []
    steps, train_size = problem.experiment.length.batches, len(x_train)

    def epoch() -> None:
        for _ in range(steps):
            batch_mask = rng.choice(train_size, problem.batch_size)
            x_batch, t_batch = x_train[batch_mask], t_train[batch_mask]
            grad = network.gradient(x_batch, t_batch)
            for key in ("W1", "b1", "W2", "b2"):
                network.params[key] -= spec.eta * grad[key]
            losses.append(network.loss(x_batch, t_batch))

    note = f"{spec.dtype}, the book's algorithm, the loss of every batch taken"
    return Trainer(epoch, lambda: _transposed(network.params), threads, note)


def _transposed(params: Arrays) -> Arrays:
    """Weights from (outputs, inputs) to (inputs, outputs), or back."""
    return {name: np.ascontiguousarray(value.T) for name, value in params.items()}
