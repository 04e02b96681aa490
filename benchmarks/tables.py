"""`python -m benchmarks.tables`: three tables, nncli beside scikit-learn's MLP on the same rows, columns and layers.

Ten test splits each, the same for both, encoded once; the network and the optimizer have the same settings, and a
constant eta, since MLP has no other schedule for adam. Initial weights and batches are each one's own.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.places import ROOT
from nncli import experiment, preparation
from nncli.judge import judge
from nncli.network.params import Array
from nncli.preparation import Experiment
from nncli.runs import rundir
from nncli.spec.load import load_spec

SPLITS = range(10)
TABLES = ("penguins", "titanic", "mpg")
ACTIVATIONS = {"relu": "relu", "tanh": "tanh", "sigmoid": "logistic"}


@dataclass(frozen=True)
class Pair:
    """One figure of both, for each split."""

    table: str
    figure: str
    nncli: Array
    sklearn: Array
    promised: Array
    """What the config itself reaches, with its own schedule."""

    def row(self) -> str:
        """A line of the table: means, and the paired difference with its standard error."""
        difference = self.nncli - self.sklearn
        error = difference.std(ddof=1) / np.sqrt(len(difference))
        allowed = max(0.02 if self.figure == "r2" else 0.01, 2 * error)
        close = "yes" if abs(difference.mean()) <= allowed else "NO"
        return (
            f"| {self.table} | {self.figure} | {self.promised.mean():.4f} | {self.nncli.mean():.4f} "
            f"| {self.sklearn.mean():.4f} | {difference.mean():+.4f} ± {error:.4f} | {close} |"
        )


def main() -> None:
    """Train everything and print one table."""
    print("| table | figure | config | nncli, constant eta | scikit-learn | difference | close |")
    print("|---|---|---|---|---|---|---|")
    for table in TABLES:
        print(measure(table).row(), flush=True)


def measure(table: str) -> Pair:
    """Ten splits of one table."""
    path = ROOT / "configs" / f"{table}.yaml"
    ours, theirs, promised = [], [], []
    figure = ""
    for seed in SPLITS:
        plain = prepared(path, [f"seed={seed}", "schedule=constant"])
        figure = "accuracy" if plain.dataset.classes else "r2"
        ours.append(trained(plain)[figure])
        promised.append(trained(prepared(path, [f"seed={seed}"]))[figure])
        theirs.append(score(plain, seed))
    return Pair(table, figure, np.array(ours), np.array(theirs), np.array(promised))


def prepared(path: Path, overrides: list[str]) -> Experiment:
    """A config with its data."""
    return preparation.prepare(load_spec(path, overrides).spec)


def trained(one: Experiment) -> dict[str, float]:
    """The figures of the test rows after a training."""
    with tempfile.TemporaryDirectory() as folder:
        result = experiment.train(one, Path(folder))
        assert (result.path / rundir.SUMMARY).is_file()
        return judge(result.path, split="test").figures


def score(one: Experiment, seed: int) -> float:
    """scikit-learn's accuracy or R^2 on the same test rows."""
    train, test = one.dataset.splits["train"], one.dataset.splits["test"]
    model = model_of(one, seed)
    y = train.y if one.dataset.classes else train.y[:, 0]
    model.fit(train.x, y)
    return float(model.score(test.x, test.y if one.dataset.classes else test.y[:, 0]))


def model_of(one: Experiment, seed: int) -> Any:
    """An MLP with the spec's layers, optimizer and penalty. It divides its penalty by the rows of a batch, and its
    squared error by 2."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    spec = one.spec
    kind = MLPClassifier if one.dataset.classes else MLPRegressor
    optimizer, share = spec.optimizer, 1.0 if one.dataset.classes else 0.5
    return kind(
        hidden_layer_sizes=[layer.output_dim for layer in spec.architecture[:-1]],
        activation=ACTIVATIONS[spec.architecture[0].activation],
        solver=optimizer.name,
        beta_1=optimizer.beta1,  # type: ignore[union-attr]
        beta_2=optimizer.beta2,  # type: ignore[union-attr]
        epsilon=optimizer.epsilon,  # type: ignore[union-attr]
        alpha=spec.regularizer.l2 * one.length.batch_size * share,
        batch_size=one.length.batch_size,
        learning_rate_init=spec.eta,
        max_iter=spec.epochs,
        n_iter_no_change=10**6,
        random_state=seed,
    )


if __name__ == "__main__":
    import warnings

    warnings.filterwarnings(
        "ignore", "Stochastic Optimizer"
    )  # it would train on: so many epochs are wanted
    main()
