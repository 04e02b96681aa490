"""`python -m benchmarks.grid_search TASK`: a sweep over learning rates as scikit-learn does it, on the same rows."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.problem import Problem


def main(spec: str, epochs: int, etas: Sequence[float], jobs: int, answer: str) -> None:
    """Search, and write what came out to a file."""
    import sklearn
    from sklearn.model_selection import GridSearchCV, PredefinedSplit
    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore")  # so few epochs do not converge, a large rate overflows
    problem = Problem.of(spec, (), epochs)
    splits = problem.experiment.dataset.splits
    names = ("train", "test")
    x = np.concatenate([problem.rows(name)[0] for name in names])
    y = np.concatenate([splits[name].y for name in names])
    fold = np.repeat([-1, 0], [len(splits[name]) for name in names])
    network = MLPClassifier(
        tuple(layer.output_dim for layer in problem.spec.architecture[:-1]),
        activation="logistic",
        solver="sgd",
        alpha=0.0,
        batch_size=problem.batch_size,
        max_iter=epochs,
        momentum=0.0,
        random_state=0,
    )
    grid = {"learning_rate_init": list(etas)}
    search = GridSearchCV(network, grid, n_jobs=jobs, cv=PredefinedSplit(fold), refit=False)
    search.fit(x, y)
    scores = search.cv_results_["mean_test_score"]
    best = f"best: {search.best_params_['learning_rate_init']:g}, {np.nanmax(scores):.1%}"
    note = f"{sklearn.__version__}, n_jobs={jobs}, {x.dtype}; softmax and cross-entropy; {best}"
    Path(answer).write_text(json.dumps({"note": note, "scores": scores.tolist()}))


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
