"""The floor: the matrix products of a step, and nothing else. Learns nothing."""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.problem import Problem, Trainer
from nncli.data.feed import Feed
from nncli.network.params import Array

REQUIRES = "numpy"


def make(problem: Problem) -> Trainer:
    """Forward one product a layer, backward two, but for the first layer one; into buffers made before, on as many
    different batches as nncli gathers at once."""
    spec, size, params = problem.spec, problem.batch_size, problem.params()
    threads = problem.experiment.threads
    threadpool_limits(threads, user_api="blas")
    rng = np.random.default_rng(0)
    dims = [spec.architecture[0].input_dim, *(one.output_dim for one in spec.architecture)]
    a = [rng.random((size, dim)).astype(spec.dtype) for dim in dims]
    d = [rng.random((size, dim)).astype(spec.dtype) for dim in dims]
    above: list[tuple[Array, Array, Array]] = []
    for i in range(2, len(dims)):
        above.append((a[i - 1], params[f"W{i}"].T, np.empty_like(a[i])))
    for i in range(len(dims) - 1, 1, -1):
        above.append((d[i].T, a[i - 1], np.empty_like(params[f"W{i}"])))
        above.append((d[i], params[f"W{i}"], np.empty_like(a[i - 1])))
    weights, gradient = params["W1"], np.empty_like(params["W1"])
    steps = [
        [(x, weights.T, a[1]), *above, (d[1].T, x, gradient)] for x in _gathered(problem, size)
    ]
    count = problem.experiment.length.batches

    def epoch() -> None:
        for step in range(count):
            for left, right, out in steps[step % len(steps)]:
                np.matmul(left, right, out)

    note = f"{len(above) + 2} products a step, {len(steps)} batches in turn"
    return Trainer(epoch, dict, threads, note)


def _gathered(problem: Problem, size: int) -> list[Array]:
    """The first batches, as they lie when nncli has gathered them."""
    spec = problem.spec
    outputs = spec.architecture[-1].output_dim
    feed = Feed(problem.experiment.dataset, outputs, size, spec.dtype, None)
    rows = feed.at_once // size * size
    x = np.empty((rows, feed.input_dim), spec.dtype)
    return [x[begin:end] for begin, end in feed.batches(np.arange(rows), (1, 0, 0), x)]
