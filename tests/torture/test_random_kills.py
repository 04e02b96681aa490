"""kill -9 at random moments, in training and in resuming: the same bytes in the end, and never an unreadable run."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from children import kill, start
from support import same_bytes

from nncli.runs import checkpoint, rundir

SPEC = """\
data: {source: npz, path: rows.npz, validation: 200}
architecture:
  - {input_dim: 64, output_dim: 16, activation: relu, dropout: 0.1}
  - {input_dim: 16, output_dim: 10, activation: softmax}
epochs: 12
batch_size: 32
eta: 0.01
optimizer: adam
schedule: cosine
average: {every: 3}
keep: best
checkpoint: {batches: 5}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spec with its data, and a run that was never disturbed."""
    folder = tmp_path_factory.mktemp("kills")
    rng = np.random.default_rng(0)
    y = np.arange(1000) % 10
    x = rng.standard_normal((1000, 64)) + 2 * np.eye(64)[6 * y]
    np.savez(folder / "rows.npz", x=x.astype("float32"), y=y)
    (folder / "spec.yaml").write_text(SPEC)
    finish(folder, "straight")
    return folder


def command(folder: Path, run: str) -> Sequence[object]:
    """To go on with a run, or to begin it where there is none yet."""
    if (folder / run / rundir.RUN).is_file():
        return "resume", folder / run, "--quiet"
    return "train", folder / "spec.yaml", "--run-dir", folder / run, "--quiet"


def finish(folder: Path, run: str) -> float:
    """Let a command end; the seconds it took."""
    begun = time.monotonic()
    process = start(command(folder, run))
    process.join(60)
    assert process.exitcode == 0
    return time.monotonic() - begun


def check_readable(run: Path) -> None:
    """Every file of a run that died is whole, and what its checkpoint counts is there."""
    rundir.open_run(run)
    records = rundir.read_records(run)
    if (run / rundir.CHECKPOINT).is_file():
        position, _ = checkpoint.read(run / rundir.CHECKPOINT)
        assert position.records <= len(records)


@pytest.mark.campaign(short=6, long=60, torture=1000)
def test_kills_at_random_moments(campaign, folder):
    usual = finish(folder, f"usual-{campaign.numbers.start}-of-{campaign.trials}")
    landed = 0
    for number in campaign.numbers:
        run = folder / f"run-{number}"
        for _ in range(campaign.rng.randint(1, 3)):
            killed = kill(start(command(folder, run.name)), campaign.rng.uniform(0, usual))
            landed += killed
            usual *= (
                1 if killed else 0.8
            )  # other work on this machine makes commands slower, and quicker again
            if (run / rundir.RUN).is_file():
                check_readable(run)
        finish(folder, run.name)
        same_bytes(folder / "straight", run)
        if number % 10 == 0:
            usual = finish(folder, f"usual-{number}")
    assert landed > campaign.trials / 2, "most kills should land in a running command"
