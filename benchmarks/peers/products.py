"""The floor: the matrix products of a step, and nothing else. Learns nothing."""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.problem import Problem, Trainer
from nncli.network.params import Array

REQUIRES = "numpy"


def make(problem: Problem) -> Trainer:
    """Forward one product a layer, backward two, but for the first layer one; into buffers made before."""
    spec, size, params = problem.spec, problem.batch_size, problem.params()
    threads = problem.experiment.threads
    threadpool_limits(threads, user_api="blas")
    rng = np.random.default_rng(0)
    dims = [spec.architecture[0].input_dim, *(one.output_dim for one in spec.architecture)]
    a = [rng.random((size, dim)).astype(spec.dtype) for dim in dims]
    d = [rng.random((size, dim)).astype(spec.dtype) for dim in dims]
    products: list[tuple[Array, Array, Array]] = []
    for i in range(1, len(dims)):
        products.append((a[i - 1], params[f"W{i}"].T, np.empty_like(a[i])))
    for i in range(len(dims) - 1, 0, -1):
        products.append((d[i].T, a[i - 1], np.empty_like(params[f"W{i}"])))
        if i > 1:
            products.append((d[i], params[f"W{i}"], np.empty_like(a[i - 1])))
    steps = problem.experiment.length.batches

    def epoch() -> None:
        for _ in range(steps):
            for left, right, out in products:
                np.matmul(left, right, out=out)

    return Trainer(epoch, dict, threads, f"{len(products)} products a step, always the same batch")
