"""Rows that stay on disk: the training that they would have in memory, to the bytes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from support import same_bytes

from nncli.interrupts import Stop

EVERY_SEVEN = ("--set", "checkpoint={batches: 7}")


class Killed(BaseException):
    """A process ends here, without another word."""


SPEC = """\
data: {source: npy, path: x.npy, y: y.npy, validation: 300, in_memory: 10 KiB}
architecture:
  - {input_dim: 6, output_dim: 8, activation: tanh}
  - {input_dim: 8, output_dim: 3, activation: softmax}
optimizer: adam
epochs: 2
batch_size: 32
eta: 0.01
threads: 1
"""


@pytest.fixture(autouse=True)
def arrays(nncli) -> None:
    """20,000 rows, whose class follows from their sums; 480 kB."""
    x = np.random.default_rng(0).standard_normal((20_000, 6)).astype("float32")
    np.save("x.npy", x)
    np.save("y.npy", np.digitize(x[:, :3].sum(axis=1), (-1, 1)))
    Path("spec.yaml").write_text(SPEC)


def trained(nncli, *words: str) -> Path:
    result = nncli("train", "spec.yaml", "-q", *words)
    assert result.exit_code == 0, result.stderr
    return Path(result.stdout.strip())


def digest(run: Path) -> bytes:
    return (run / "weights.npz").read_bytes()


def test_blocks_are_said_in_the_resolved_spec_and_train_as_in_memory(nncli):
    on_disk = trained(nncli)
    assert "sampling: blocks" in (on_disk / "spec.yaml").read_text()
    in_memory = trained(nncli, "--set", "data.in_memory=1 GiB", "--set", "sampling=blocks")
    assert digest(on_disk) == digest(in_memory)
    shuffled = trained(nncli, "--set", "data.in_memory=1 GiB")
    assert digest(shuffled) != digest(in_memory)
    for run in (on_disk, shuffled):
        figures = json.loads((run / "summary.json").read_text())["final"]
        assert figures["validation_accuracy"] > 0.9


def test_in_order_is_possible_too_and_shuffling_all_rows_is_refused(nncli):
    on_disk = trained(nncli, "--set", "sampling=sequential")
    in_memory = trained(nncli, "--set", "sampling=sequential", "--set", "data.in_memory=1 GiB")
    assert digest(on_disk) == digest(in_memory)
    for sampling in ("shuffled", "with_replacement"):
        result = nncli("train", "spec.yaml", "--set", f"sampling={sampling}")
        assert result.exit_code == 2
        assert (
            f"sampling: is {sampling}, but these rows stay on disk (data.in_memory). Use blocks or sequential."
            in result.stderr
        )


@pytest.mark.parametrize("batches", [5, 64, 300, 616, 900])
def test_a_killed_run_goes_on_inside_a_group_of_blocks(nncli, monkeypatch, batches):
    whole = trained(nncli)
    calls = iter(range(batches))

    def stop(self):
        if next(calls, None) is None:
            raise Killed
        return False

    with monkeypatch.context() as patch:
        patch.setattr(Stop, "__call__", stop)
        with pytest.raises(Killed):
            nncli("train", "spec.yaml", "-q", "--run-dir", "part", *EVERY_SEVEN)
    assert nncli("resume", "part", "-q").exit_code == 0
    same_bytes(Path("part"), whole)


def test_a_run_on_disk_is_repeated_judged_swept_and_asked(nncli):
    run = trained(nncli)
    assert nncli("repeat", str(run)).exit_code == 0
    judged = json.loads(nncli("eval", str(run), "--split", "train", "--json").stdout)
    assert judged["rows"] == 19_700
    assert judged["accuracy"] > 0.9
    swept = nncli("sweep", "spec.yaml", "--grid", "eta=0.01,0.003", "-q")
    assert swept.exit_code == 0, swept.stderr
    trials = list(Path("runs").glob("*-sweep-*/trials/*/weights.npz"))
    assert digest(run) in [path.read_bytes() for path in trials]
    answers = nncli("predict", str(run), "x.npy", "-q").stdout.splitlines()
    assert len(answers) == 20_001
