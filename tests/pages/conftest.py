"""Runs to be reported: hostile names, images, a regression, labels, a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import training_in
from typer.testing import CliRunner

from nncli.cli.app import app

HOSTILE = (
    '<script>alert("x")</script>',
    "</style><img src=x onerror=alert(1)>",
    "🦊 & \"quotes\" 'n' " + "long " * 40,
)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data and specs."""
    path = tmp_path_factory.mktemp("pages")
    rng = np.random.default_rng(0)
    y = np.arange(150) % 3
    x = rng.integers(0, 200, (150, 4, 6), dtype=np.uint8)
    x[np.arange(150), y, y] += 55
    np.savez(path / "images.npz", x=x, y=y)
    line = rng.standard_normal((100, 3))
    np.savez(path / "line.npz", x=line, y=line @ [1.0, -2.0, 0.5])
    np.savez(path / "labels.npz", x=line, y=(line > 0).astype(int))
    names = ["".join(f'"{name.replace(chr(34), chr(34) * 2)}"') for name in HOSTILE]
    rows = [f"{a},{b},{names[n % 3]}" for n, (a, b, _) in enumerate(line)]
    (path / "hostile.csv").write_text("\n".join(['a<b>,"</script>",kind', *rows]))
    for name, source, layers in (
        ("images", "npz, path: images.npz, scale: 255", "24 softmax 3"),
        ("line", "npz, path: line.npz", "3 identity 1"),
        ("labels", "npz, path: labels.npz", "3 sigmoid 3"),
        ("hostile", "csv, path: hostile.csv, target: kind", "auto softmax auto"),
    ):
        inputs, activation, outputs = layers.split()
        (path / f"{name}.yaml").write_text(
            f"data: {{source: {source}, test: 0.4}}\n"
            "architecture:\n"
            f"  - {{input_dim: {inputs}, output_dim: 5, activation: tanh}}\n"
            f"  - {{input_dim: 5, output_dim: {outputs}, activation: {activation}}}\n"
            "epochs: 3\nbatch_size: 10\neta: 0.1\ntrack: [test]\n"
        )
    return path


@pytest.fixture(scope="session")
def trained(folder: Path) -> Any:
    """Trains a spec of the folder and gives its run."""
    return training_in(folder)


@pytest.fixture(scope="session")
def nncli_sweep(folder: Path) -> Path:
    """A sweep of two keys."""
    words = ["sweep", str(folder / "images.yaml"), "--grid", "eta=0.01,0.1,1", "--grid", "seed=0,1"]
    words += ["-q", "--runs-dir", str(folder / "runs"), "--workers", "1"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.stderr
    return Path(result.stdout.strip())
