"""The benchmarks run at all: every peer for two epochs of a small dataset, in its own process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.predicting import PICTURES, TABLE, Case, Predicting
from benchmarks.report import NO_GOAL, Goal, Row
from benchmarks.stacked import Stacked
from benchmarks.sweeps import Sweep

ROOT = Path(__file__).parent.parent
SPEC = """\
data: {source: moons, samples: 200, test: 0.2}
architecture:
  - {input_dim: 2, output_dim: 8, activation: sigmoid}
  - {input_dim: 8, output_dim: 1, activation: sigmoid}
loss: quadratic
epochs: 1
batch_size: 7
eta: 3.0
"""
FULL_BATCH = """\
data: {source: moons, samples: 200, test: 0.2}
architecture:
  - {input_dim: 2, output_dim: 8, activation: relu}
  - {input_dim: 8, output_dim: 1, activation: sigmoid}
dtype: float64
epochs: 1
batch_size: full
eta: 0.1
"""
CLASSES = """\
data: {source: moons, samples: 1000, test: 0.2}
architecture:
  - {input_dim: 2, output_dim: 8, activation: sigmoid}
  - {input_dim: 8, output_dim: 2, activation: softmax}
epochs: 1
batch_size: 20
"""


def run(peer, spec, tmp_path, turns, turn=1):
    """What a peer says at first, and then to each line."""
    (tmp_path / "small.yaml").write_text(spec)
    path, epochs = str(tmp_path / "small.yaml"), turns * turn
    task = {"spec": path, "overrides": ["threads=1"], "epochs": epochs, "turn": turn}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.peer", peer, json.dumps(task)],
        cwd=ROOT,
        input="turn\n" * turns + "finish\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    said = [json.loads(line) for line in done.stdout.splitlines()]
    if "skipped" in said[0]:
        pytest.skip(said[0]["skipped"])
    return said


@pytest.mark.parametrize(
    "peer", ["nncli_loop", "per_sample", "products", "torch_eager", "jax_scan", "sklearn_mlp"]
)
def test_a_peer_trains_and_says_how_long_it_took(peer, tmp_path):
    _, *rounds, ending = run(peer, SPEC, tmp_path, 30)
    assert len(rounds) == 30
    assert all(one["seconds"] > 0 for one in rounds)
    assert ending["epochs"] == 30
    if peer != "products":  # it learns nothing
        assert ending["test_accuracy"] > 0.8


@pytest.mark.parametrize("peer", ["memory_dict", "torch_eager", "jax_scan"])
def test_full_batch_peers_learn_exactly_what_nncli_learns(peer, tmp_path):
    *_, ours = run("nncli_loop", FULL_BATCH, tmp_path, 2, turn=20)
    _, *rounds, theirs = run(peer, FULL_BATCH, tmp_path, 2, turn=20)
    assert len(rounds) == 2
    assert ours["epochs"] == theirs["epochs"] == 40
    assert theirs["test_loss"] == pytest.approx(ours["test_loss"], rel=1e-9)


@pytest.mark.parametrize(
    ("peer", "sampling", "optimizer"),
    [
        ("two_layer_net", "with_replacement", "sgd"),
        ("torch_eager", "with_replacement", "sgd"),
        ("torch_eager", "shuffled", "rmsprop"),
        ("keras_jax", "shuffled", "rmsprop"),
    ],
)
def test_classifying_peers_learn_about_what_nncli_learns(peer, sampling, optimizer, tmp_path):
    eta = {"sgd": 0.1, "rmsprop": 0.003}[optimizer]
    spec = CLASSES + f"sampling: {sampling}\noptimizer: {optimizer}\neta: {eta}\n"
    *_, ours = run("nncli_loop", spec, tmp_path, 10)
    *_, theirs = run(peer, spec, tmp_path, 10)
    assert theirs["test_loss"] == pytest.approx(ours["test_loss"], rel=0.2)


def test_a_sweep_stands_beside_the_trainings_that_it_is_equal_to(tmp_path):
    (tmp_path / "small.yaml").write_text(SPEC + "track: [test]\n")
    spec = str(tmp_path / "small.yaml")
    workload = Sweep(
        "small", spec, 2, (0.1, 3.0), Goal(at_most_times=9), Stacked(spec, (2,), NO_GOAL)
    )
    one, sweep, singles, search, step = workload.measure("e", 1)
    assert sweep.ratio == sweep.median / one.median
    assert singles.median > 0
    assert "ranking as that" in sweep.note
    assert "of 2 of 2 trials equal" in sweep.note
    assert search.skipped or len(search.about["search"]["scores"]) == 2
    assert step.ratio
    assert sum(step.about["parts"].values()) > 0
    assert step.about["parts"]["gathering"] > 0


def test_a_file_of_any_length_is_predicted(tmp_path, monkeypatch):
    for folder in ("mnist", "tables"):
        (tmp_path / folder).mkdir()
    pictures = np.arange(5 * 2, dtype=np.uint8).reshape(5, 1, 2)
    head = b"\0\0\x08\3" + np.array(pictures.shape, ">u4").tobytes()
    (tmp_path / PICTURES).write_bytes(head + pictures.tobytes())
    table = ["x,y,kind", *(f"{i % 7},{i % 5},{'ab'[i % 2]}" for i in range(40))]
    (tmp_path / TABLE).write_text("\n".join(table) + "\n")
    monkeypatch.setenv("NNCLI_DATA", str(tmp_path))
    own = (
        "data: {source: csv, path: $NNCLI_DATA/tables/penguins.csv, target: kind}\n"
        "architecture: [{input_dim: auto, output_dim: auto, activation: softmax}]\n"
        "epochs: 1\nbatch_size: 5\neta: 0.1\n"
    )
    for name, text in (("a.yaml", SPEC), ("b.yaml", own)):
        (tmp_path / name).write_text(text)
    specs = {"npy": str(tmp_path / "a.yaml"), "csv": str(tmp_path / "b.yaml")}
    cases = (Case("npy", 12), Case("csv", 1001, "jsonl"))
    rows = Predicting("small", specs, cases).measure("f", 1)
    assert [row.unit for row in rows] == ["s", "MB"] * 3
    assert all(row.median > 0 for row in rows)
    assert rows[4].what.endswith("csv -> jsonl, 1,001 rows")
    assert rows[4].note.endswith("rows a second")


@pytest.mark.parametrize(("ratio", "met"), [(2.5, True), (2.6, False)])
def test_a_ratio_may_have_a_limit(ratio, met):
    row = Row("e", "sweep", "s", [1.0], ratio, Goal(at_most_times=2.5))
    assert row.met is met
    assert f"<= 2.5x: {'yes' if met else 'NO'}" in row.cells()


def test_an_unknown_workload_is_refused():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--only", "a,zz"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "no workload zz" in done.stderr
