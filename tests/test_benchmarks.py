"""The benchmarks run at all: every peer for two epochs of a small dataset, in its own process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("peer", ["nncli_loop", "per_sample", "products", "torch_eager"])
def test_a_peer_trains_and_says_how_long_it_took(peer, tmp_path):
    (tmp_path / "small.yaml").write_text(SPEC)
    task = json.dumps({"spec": str(tmp_path / "small.yaml"), "overrides": [], "epochs": 30})
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.peer", peer, task],
        cwd=ROOT,
        input="epoch\n" * 30 + "finish\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    ready, *answers = map(json.loads, done.stdout.splitlines())
    if "skipped" in ready:
        assert ready["skipped"] == "torch is not installed"
        return
    *rounds, ending = answers
    assert len(rounds) == 30
    assert all(one["seconds"] > 0 for one in rounds)
    assert ending["epochs"] == 30
    if peer != "products":  # it learns nothing
        assert ending["test_accuracy"] > 0.8


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
