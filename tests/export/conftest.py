"""Trained networks of every kind, each beside 1,000 rows that it never saw."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exported import CONFIGS, ROWS, Trained, nncli, odd_rows


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


@pytest.fixture(params=["digits", "penguins", "mpg"])
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
