"""JAX as it is fastest: a whole epoch in one compiled call, `scan` over its batches; gradients by `jax.grad`."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.problem import Problem, Trainer
from nncli.spec.model import Spec

os.environ.setdefault("JAX_PLATFORMS", "cpu")

REQUIRES = "jax"


def make(problem: Problem) -> Trainer:
    """An epoch: row numbers drawn with NumPy, one call for all whole batches, one for a last short batch."""
    import jax

    jax.config.update("jax_enable_x64", problem.spec.dtype == "float64")
    x, y = map(jax.numpy.asarray, problem.rows())
    state = [{name: jax.numpy.asarray(one) for name, one in problem.params().items()}]
    state.append(jax.tree.map(jax.numpy.zeros_like, state[0]))
    step = _step(problem.spec)
    size, rows = problem.batch_size, problem.experiment.length.rows
    whole = rows // size * size
    rng = np.random.default_rng(0)
    draws: dict[str, Callable[[], Any]] = {
        "shuffled": lambda: rng.permutation(rows),
        "with_replacement": lambda: rng.integers(0, rows, rows),
        "sequential": lambda: np.arange(rows),
    }
    draw = draws[problem.spec.sampling]

    @jax.jit
    def scan(carry: Any, batches: Any) -> Any:
        return jax.lax.scan(lambda one, rows: (step(one, x[rows], y[rows]), None), carry, batches)[
            0
        ]

    def epoch() -> None:
        order = draw()
        carry = scan(tuple(state), order[:whole].reshape(-1, size))
        if whole < rows:
            carry = scan(carry, order[None, whole:])
        state[:] = jax.block_until_ready(carry)

    note = f"{problem.spec.dtype} array in memory, jit and scan over the epoch, all cores"
    params = lambda: {name: np.asarray(one) for name, one in state[0].items()}  # noqa: E731
    return Trainer(epoch, params, len(os.sched_getaffinity(0)), note)


def _step(spec: Spec) -> Callable[[Any, Any, Any], Any]:
    """((params, slots), x, y) -> the same after a step."""
    import jax

    loss = _loss(spec)

    def step(carry: Any, x: Any, y: Any) -> Any:
        params, slots = carry
        grads = jax.grad(loss)(params, x, y)
        pairs = {name: _update(spec, params[name], grads[name], slots[name]) for name in params}
        return {name: w for name, (w, _) in pairs.items()}, {
            name: s for name, (_, s) in pairs.items()
        }

    return step


def _loss(spec: Spec) -> Callable[[Any, Any, Any], Any]:
    from jax import nn
    from jax import numpy as jnp

    activations = {"sigmoid": nn.sigmoid, "relu": nn.relu, "tanh": jnp.tanh, "softmax": nn.softmax,
                   "identity": lambda z: z}  # fmt: skip
    losses: dict[str, Callable[[Any, Any], Any]] = {
        "quadratic": lambda z, y: jnp.square(last(z) - y).sum(1).mean() / 2,
        "mse": lambda z, y: jnp.square(last(z) - y).mean(),
        "cross_entropy": lambda z, y: -(y * nn.log_softmax(z)).sum(1).mean(),
        "binary_cross_entropy": lambda z, y: (nn.softplus(z) - y * z).sum(1).mean(),
    }
    last = activations[spec.architecture[-1].activation]

    def loss(params: Any, x: Any, y: Any) -> Any:
        a = x
        for number, layer in enumerate(spec.architecture, 1):
            z = a @ params[f"W{number}"].T + params[f"b{number}"]
            a = activations[layer.activation](z)
        return losses[spec.loss](z, y)

    return loss


def _update(spec: Spec, w: Any, g: Any, s: Any) -> tuple[Any, Any]:
    """One parameter array by sgd or rmsprop."""
    from jax import numpy as jnp

    if spec.optimizer.name == "sgd":
        return w - spec.eta * g, s
    rho, epsilon = spec.optimizer.rho, spec.optimizer.epsilon  # type: ignore[union-attr]
    s = rho * s + (1 - rho) * g * g
    return w - spec.eta * g / (jnp.sqrt(s) + epsilon), s
