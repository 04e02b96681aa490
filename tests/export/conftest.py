"""Trained networks of every kind, each beside 1,000 rows that it never saw."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exported import CONFIGS, ROWS, Trained, nncli, odd_rows

SPEC = """\
data: {source: npz, path: data.npz}
architecture:
  - {input_dim: 3, output_dim: 5, activation: HIDDEN}
  - {input_dim: 5, output_dim: OUT, activation: LAST}
loss: LOSS
epochs: 1
batch_size: 10
eta: 0.1
dtype: DTYPE
"""


KINDS = [
    ("sigmoid", 3, "softmax", "cross_entropy", "classes"),
    ("tanh", 1, "sigmoid", "binary_cross_entropy", "two"),
    ("relu", 3, "sigmoid", "binary_cross_entropy", "labels"),
    ("leaky_relu", 2, "identity", "mse", "numbers"),
    ("elu", 1, "softplus", "mse", "numbers"),
    ("softplus", 1, "identity", "quadratic", "two"),
]


NAMES = {
    f"{kind[0]}-{kind[2]}-{kind[4]}-{dtype}": (kind, dtype)
    for kind in KINDS
    for dtype in ("float32", "float64")
}


@pytest.fixture(scope="session")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Trained]:
    """Every activation, every sort of answer, both types of numbers; 60 rows."""
    folders = {name: tmp_path_factory.mktemp("kind") for name in NAMES}
    return {name: trained_kind(*NAMES[name], folder) for name, folder in folders.items()}


@pytest.fixture(params=NAMES)
def kind(request: pytest.FixtureRequest, kinds: dict[str, Trained]) -> Trained:
    """Each of them."""
    return kinds[request.param]


def trained_kind(made: tuple[str, int, str, str, str], dtype: str, folder: Path) -> Trained:
    """A network of a kind, trained on 60 rows of three numbers."""
    hidden, out, last, loss, sort = made
    rng = np.random.default_rng(0)
    x = rng.standard_normal((60, 3)).astype(np.float32)
    y = {
        "classes": np.arange(60) % 3,
        "two": np.arange(60) % 2,
        "labels": rng.integers(0, 2, (60, out)),
        "numbers": rng.random((60, out)),
    }[sort]
    np.savez(folder / "data.npz", x=x, y=y, x_test=x, y_test=y)
    np.save(folder / "x.npy", x)
    words = {"HIDDEN": hidden, "OUT": out, "LAST": last, "LOSS": loss, "DTYPE": dtype}
    spec = SPEC
    for word, value in words.items():
        spec = spec.replace(word, str(value))
    (folder / "spec.yaml").write_text(spec)
    result = nncli("train", folder / "spec.yaml", "-q", "--runs-dir", folder)
    assert result.exit_code == 0, result.output
    return Trained(Path(result.stdout.strip()), folder / "x.npy")


@pytest.fixture(scope="session")
def train(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Trains a packaged spec for a few epochs; the run."""
    folder = tmp_path_factory.mktemp("exported")

    def run(name: str, *changes: str) -> Path:
        settings = [word for change in changes for word in ("--set", change)]
        words = ("train", CONFIGS / f"{name}.yaml", "-q", "--runs-dir", folder, *settings)
        result = nncli(*words)
        assert result.exit_code == 0, result.output
        return Path(result.stdout.strip())

    return run


@pytest.fixture(scope="session")
def digits(train: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Classes, from arrays that are divided by 16."""
    pytest.importorskip("sklearn")
    rows = tmp_path_factory.mktemp("digits") / "rows.npy"
    pixels = np.random.default_rng(0).integers(0, 17, (ROWS, 64))
    np.save(rows, pixels * (np.random.default_rng(1).random((ROWS, 64)) < 0.5))
    return Trained(train("digits", "epochs=3"), rows)


@pytest.fixture(scope="session")
def penguins(train: Callable[..., Path], tables_folder: Path, tmp_path_factory: Any) -> Trained:
    """Classes, from numbers and texts with holes."""
    rows = odd_rows(tables_folder / "penguins.csv", tmp_path_factory.mktemp("p") / "rows.csv")
    return Trained(train("penguins", "epochs=3"), rows)


@pytest.fixture(scope="session")
def mpg(train: Callable[..., Path], tables_folder: Path, tmp_path_factory: Any) -> Trained:
    """A number in its own units, from a table."""
    rows = odd_rows(tables_folder / "mpg.csv", tmp_path_factory.mktemp("m") / "rows.csv")
    return Trained(train("mpg", "epochs=3"), rows)


@pytest.fixture(scope="session")
def titanic(train: Callable[..., Path], tables_folder: Path, tmp_path_factory: Any) -> Trained:
    """Two classes that share one output, from a table."""
    rows = odd_rows(tables_folder / "titanic.csv", tmp_path_factory.mktemp("t") / "rows.csv")
    return Trained(train("titanic", "epochs=3"), rows)


@pytest.fixture(params=["digits", "penguins", "titanic", "mpg"])
def trained(request: pytest.FixtureRequest) -> Trained:
    """Each of them."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def mnist_run(tmp_path_factory: pytest.TempPathFactory, mnist_folder: Path) -> Path:
    """The book's network, 784 - 30 - 10, after a few epochs on a tenth of MNIST's rows."""
    folder = tmp_path_factory.mktemp("mnist")
    changes = ("data.validation=50000", "epochs=8", "track=[]")
    settings = [word for change in changes for word in ("--set", change)]
    words = ("train", CONFIGS / "mnist.yaml", "-q", "--runs-dir", folder, *settings)
    result = nncli(*words)
    assert result.exit_code == 0, result.output
    return Path(result.stdout.strip())
