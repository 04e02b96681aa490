"""nncli itself: the loop that `nncli train` runs, train figures included."""

from __future__ import annotations

from threadpoolctl import threadpool_limits

from benchmarks.problem import Problem, Trainer
from nncli.data.dataset import Dataset
from nncli.network.params import flatten, views
from nncli.training import loop, trainer

REQUIRES = "nncli"


def make(problem: Problem) -> Trainer:
    """A record of the loop ends each turn."""
    spec, threads = problem.spec, problem.experiment.threads
    threadpool_limits(threads, user_api="blas")
    vector = flatten(problem.params(), spec.architecture, spec.dtype)
    dataset = problem.experiment.dataset
    state = loop.start(spec, dataset, vector)
    records = loop.train(trainer.Trainer.of(spec, dataset, state))
    return Trainer(
        epoch=lambda: next(records),
        params=lambda: views(vector, spec.architecture),
        threads=threads,
        note=f"{spec.dtype}, {_kept(dataset)}train loss and accuracy taken",
        epochs_a_call=problem.turn,
    )


def _kept(dataset: Dataset) -> str:
    return "images kept as bytes, " if dataset.splits["train"].x.dtype == "uint8" else ""
