"""scikit-learn's MLPClassifier, an epoch by `partial_fit`. It has one activation for all hidden layers, softmax or
one sigmoid with their cross-entropy at the end, and its own initial weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.problem import Problem, Trainer
from nncli.network.params import Arrays

REQUIRES = "sklearn"
ACTIVATIONS = {"sigmoid": "logistic", "tanh": "tanh", "relu": "relu", "identity": "identity"}


def make(problem: Problem) -> Trainer:
    """Plain sgd without momentum and penalty; where the spec has rmsprop, adam, which is the nearest it has."""
    from sklearn.neural_network import MLPClassifier

    spec, threads = problem.spec, problem.experiment.threads
    threadpool_limits(threads, user_api="blas")
    x, _ = problem.rows()
    y = problem.experiment.dataset.splits["train"].y
    solver = "sgd" if spec.optimizer.name == "sgd" else "adam"
    model = MLPClassifier(
        [layer.output_dim for layer in spec.architecture[:-1]],
        activation=ACTIVATIONS[spec.architecture[0].activation],
        solver=solver,
        alpha=0,
        batch_size=problem.batch_size,
        learning_rate_init=spec.eta,
        momentum=0,
        random_state=0,
    )
    classes = np.unique(y)

    def epoch() -> None:
        model.partial_fit(x, y, classes=classes)

    return Trainer(epoch, lambda: _params(model), threads, f"{x.dtype}, {solver}, log-loss")


def _params(model: Any) -> Arrays:
    learned: Arrays = {}
    for number, (w, b) in enumerate(zip(model.coefs_, model.intercepts_, strict=True), 1):
        learned[f"W{number}"], learned[f"b{number}"] = w.T, b
    return learned
