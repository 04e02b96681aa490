"""nncli itself: the loop that `nncli train` runs, train figures included."""

from __future__ import annotations

from threadpoolctl import threadpool_limits

from benchmarks.problem import Problem, Trainer
from nncli.network.params import flatten, views
from nncli.training import loop

REQUIRES = "nncli"


def make(problem: Problem) -> Trainer:
    """One epoch is one record of the loop."""
    spec, threads = problem.spec, problem.experiment.threads
    threadpool_limits(threads, user_api="blas")
    vector = flatten(problem.params(), spec.architecture, spec.dtype)
    dataset = problem.experiment.dataset
    records = loop.train(spec, dataset, loop.start(spec, dataset, vector))
    return Trainer(
        epoch=lambda: next(records),
        params=lambda: views(vector, spec.architecture),
        threads=threads,
        note=f"{spec.dtype}, images kept as bytes, train loss and accuracy taken",
    )
