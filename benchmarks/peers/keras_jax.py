"""Keras 3 on JAX as its users write it: Sequential, compile, fit."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from benchmarks.problem import Problem, Trainer
from nncli.network.params import Arrays
from nncli.spec.model import Spec

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("JAX_PLATFORMS", "cpu")

REQUIRES = "keras"
OPTIMIZERS: dict[str, Callable[..., Any]] = {
    "sgd": lambda keras, eta, one: keras.optimizers.SGD(eta),
    "rmsprop": lambda keras, eta, one: keras.optimizers.RMSprop(
        eta, rho=one.rho, epsilon=one.epsilon
    ),
}
"""Name -> one of Keras's, with nncli's settings."""
LOSSES = {
    "cross_entropy": "categorical_crossentropy",
    "binary_cross_entropy": "binary_crossentropy",
    "mse": "mean_squared_error",
}


def make(problem: Problem) -> Trainer:
    """An epoch is one call of `fit`; the first compiles."""
    import jax
    import keras

    spec = problem.spec
    if spec.sampling != "shuffled":
        raise SystemExit("keras_jax: shuffled batches only")
    keras.config.set_floatx(spec.dtype)
    model = _model(keras, spec)
    model.set_weights([_turned(value) for value in problem.params().values()])
    x, y = problem.rows()

    def epoch() -> None:
        model.fit(x, y, batch_size=problem.batch_size, epochs=1, verbose=0)

    note = f"{spec.dtype}, JAX {jax.__version__}, all cores, loss taken"
    return Trainer(epoch, lambda: _params(model), len(os.sched_getaffinity(0)), note)


def _model(keras: Any, spec: Spec) -> Any:
    names = {"identity": "linear"}
    layers = [
        keras.layers.Dense(one.output_dim, activation=names.get(one.activation, one.activation))
        for one in spec.architecture
    ]
    model = keras.Sequential([keras.Input((spec.architecture[0].input_dim,)), *layers])
    optimizer = OPTIMIZERS[spec.optimizer.name](keras, spec.eta, spec.optimizer)
    model.compile(optimizer, loss=LOSSES[spec.loss])
    return model


def _turned(value: Any) -> Any:
    """Keras keeps weights as (inputs, outputs)."""
    return value.T


def _params(model: Any) -> Arrays:
    names = [f"{kind}{i}" for i in range(1, len(model.layers) + 1) for kind in "Wb"]
    return dict(zip(names, map(_turned, model.get_weights()), strict=True))
