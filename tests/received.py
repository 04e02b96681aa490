"""Runs and a sweep as somebody may send them, and how each command reads them."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from trials import command

from nncli.export.formats import FORMATS
from nncli.runs import rundir
from nncli.sweep import places

NAMES = (
    rundir.RUN,
    rundir.SUMMARY,
    rundir.METRICS,
    rundir.WEIGHTS,
    rundir.AVERAGE,
    rundir.CHECKPOINT,
)
"""What may be forged of a run; the spec has a campaign of its own."""
FROM = ["--set", "init_from=RUN/weights.npz"]
WAYS: dict[str, list[list[str]]] = {
    "train": [["SPEC", "-q", "--run-dir", "new", *FROM]],
    "check": [["SPEC", *FROM]],
    "gradcheck": [["SPEC", *FROM]],
    "resume": [["RUN", "-q"], ["RUN", "-q", "--epochs", "4"]],
    "repeat": [["RUN", "-q"]],
    "eval": [["RUN"], ["RUN", "--json"], ["SWEEP"], ["--runs-dir", "RUNS"], ["RUN/weights.npz"]]
    + [["RUN", "--weights", which] for which in ("last", "best", "average")],
    "predict": [["RUN", "ROWS"], ["RUN", "ROWS", "--format", "jsonl"], ["SWEEP", "ROWS"]],
    "sweep": [["SWEPT", "--runs-dir", "sweeps", "-q"]],
    "plot": [["RUN", "--only", "curves"], ["RUN", "--only", "confusion"], ["SWEEP"]],
    "report": [["RUN"], ["SWEEP"]],
    "export": [["RUN", "--to", form] for form in FORMATS],
    "runs": [["--runs-dir", "RUNS"], ["--runs-dir", "RUNS", "--json"]]
    + [["--runs-dir", "RUNS", "--sort", key] for key in ("eta", "test_loss", "host")]
    + [["--runs-dir", "RUNS", "--where", "epochs>1"]],
    "show": [["RUN"], ["RUN", "--json"], ["SWEEP"], ["SWEEP", "--json"]],
    "compare": [["RUN", "CALM"], ["RUN", "CALM", "--json"], ["SWEEP"], ["SWEEP", "--json"]],
}
"""How each command reads what somebody has sent."""
OTHERS = {
    "init": "reads data, and writes a spec",
    "schema": "reads nothing",
    "data show": "reads a spec and data",
    "data list": "reads nothing",
    "data fetch": "reads data",
}
"""Why the others read no run."""


COMMON = """\
epochs: 2
batch_size: 8
eta: 0.01
track: [test, validation]
average: {decay: 0.9}
early_stopping: {patience: 5}
schedule: {name: plateau, patience: 3}
"""
TABLE = "data: {source: csv, path: table.csv, target: TARGET, key: id, test: 8, validation: 8}\n"
ARRAYS = "data: {source: npz, path: NAME.npz, scale: 255, test: 8, validation: 8}\n"
LAYERS = """\
architecture:
  - {input_dim: auto, output_dim: 3, activation: relu}
  - {input_dim: 3, output_dim: auto, activation: LAST}
"""
SPECS = {
    "classes": (TABLE.replace("TARGET", "kind"), "softmax", "table.csv"),
    "number": (TABLE.replace("TARGET", "weight"), "identity", "table.csv"),
    "pictures": (ARRAYS.replace("NAME", "pictures"), "softmax", "pictures.npy"),
    "labels": (ARRAYS.replace("NAME", "labels"), "sigmoid", "labels.npy"),
}
"""Name -> its data, its last activation, and rows to predict."""


class Here:
    """Does the jobs of a sweep in this process."""

    slots = 1

    def wake(self, call, arguments):
        """Nobody sleeps."""

    def run(self, jobs, stop, refresh):
        for identity, call, arguments in jobs:
            yield identity, call(*arguments)


@contextmanager
def here(name, slots):
    yield Here()


def write_data(folder: Path) -> None:
    """A table with holes and texts, pictures, and rows with labels: 40 rows of each."""
    rng = np.random.default_rng(0)
    lines = [
        f"r{n},{'' if n % 9 == 4 else rng.integers(20, 80)},{['red', 'green', 'blue'][n % 3]},{rng.random():.3f},"
        f"{'ab'[n % 2]}"
        for n in range(40)
    ]
    (folder / "table.csv").write_text("\n".join(["id,age,color,weight,kind", *lines, ""]))
    x = rng.integers(0, 256, (40, 4, 6), dtype=np.uint8)
    np.savez(folder / "pictures.npz", x=x, y=np.arange(40) % 3)
    np.save(folder / "pictures.npy", x[:3])
    rows = rng.random((40, 3))
    np.savez(folder / "labels.npz", x=rows, y=rng.integers(0, 2, (40, 2)))
    np.save(folder / "labels.npy", rows[:3])


def make(folder: Path, specs: dict[str, tuple[str, str, str]] = SPECS) -> None:
    """Train a run of each spec, and a sweep of the first."""
    write_data(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        in_this_process(patch)
        for name, (data, last, _) in specs.items():
            Path(f"{name}.yaml").write_text(data + LAYERS.replace("LAST", last) + COMMON)
            done = command("train", f"{name}.yaml", "-q", "--run-dir", f"runs/{name}")
            assert done.exit_code == 0, done.output
        text = Path(f"{next(iter(specs))}.yaml").read_text()
        Path("swept.yaml").write_text(text + "sweep: {eta: [0.1, 0.2], seed: [1, 2]}\n")
        done = command("sweep", "swept.yaml", "-q", "--runs-dir", "sweeps")
        assert done.exit_code == 0, done.output


def sweep_in(folder: Path) -> Path:
    """The sweep there."""
    (sweep,) = (folder / "sweeps").iterdir()
    return sweep


def in_this_process(patch: pytest.MonkeyPatch) -> None:
    """Have sweeps start no processes."""
    patch.setitem(places.HERE, places.PROCESSES, here)
