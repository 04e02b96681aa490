"""Runs to be drawn: each trained once, in milliseconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import SPEC, training_in


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data and specs: moons, 4 x 6 images of three kinds, a regression."""
    path = tmp_path_factory.mktemp("report")
    rng = np.random.default_rng(0)
    y = np.arange(150) % 3
    x = rng.integers(0, 120, (150, 4, 6), dtype=np.uint8)
    x[np.arange(150), y, y] += 100
    np.savez(path / "images.npz", x=x, y=y)
    line = rng.standard_normal((100, 3))
    np.savez(path / "line.npz", x=line, y=line @ [1.0, -2.0, 0.5])
    (path / "moons.yaml").write_text(SPEC)
    (path / "images.yaml").write_text(
        "data: {source: npz, path: images.npz, scale: 255, validation: 0.2, test: 0.2}\n"
        "architecture:\n"
        "  - {input_dim: 24, output_dim: 7, activation: sigmoid}\n"
        "  - {input_dim: 7, output_dim: 3, activation: softmax}\n"
        "epochs: 4\nbatch_size: 10\neta: 0.1\ntrack: [validation, test]\n"
    )
    (path / "line.yaml").write_text(
        "data: {source: npz, path: line.npz, test: 0.2}\n"
        "architecture: [{input_dim: 3, output_dim: 1, activation: identity}]\n"
        "epochs: 5\nbatch_size: 10\neta: 0.05\ntrack: [test]\n"
    )
    return path


@pytest.fixture(scope="session")
def trained(folder: Path) -> Any:
    """Trains a spec of the folder and gives its run."""
    return training_in(folder)


@pytest.fixture(scope="session")
def moons(trained: Any) -> Path:
    return trained("moons")


@pytest.fixture(scope="session")
def images(trained: Any) -> Path:
    return trained("images")


@pytest.fixture(scope="session")
def line(trained: Any) -> Path:
    return trained("line")
