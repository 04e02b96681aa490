"""A sweep killed again and again, parent or workers, and started again each time: every trial once, the same table."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support import TIMES, same_bytes

ROOT = Path(__file__).parents[2]
BEGINNING = 0.6
"""Seconds until a sweep does something: before that there is nothing to lose."""
SPEC = """\
data: {source: moons, samples: 200, noise: 0.2, test: 0.25}
architecture:
  - {input_dim: 2, output_dim: 8, activation: tanh}
  - {input_dim: 8, output_dim: 2, activation: softmax}
epochs: 30
batch_size: 10
eta: 0.5
checkpoint: {epochs: 3}
track: [test]
"""


def start(folder: Path, trials: int) -> subprocess.Popen[bytes]:
    """The same command each time: seeds, etas and two batch sizes, some of which can be stacked."""
    seeds = ",".join(str(seed) for seed in range(trials // 10))
    words = [
        "--grid",
        f"seed={seeds}",
        "--grid",
        "eta=0.01,0.1,0.5,1,1000",
        "--grid",
        "batch_size=10,20",
    ]
    command = [
        sys.executable,
        "-m",
        "nncli",
        "sweep",
        "spec.yaml",
        *words,
        "--workers",
        "2",
        "--json",
    ]
    return subprocess.Popen(
        command,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]


def disturb(process: subprocess.Popen[bytes], rng: random.Random, longest: float) -> bool:
    """kill -9 the parent, or all that it has started, at a random moment of its work; whether it was still there."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(BEGINNING + rng.uniform(0, longest))
        return False
    victims = [process.pid] if rng.random() < 0.5 else children(process.pid)
    for pid in victims:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if process.pid not in victims:  # its workers died, and it starts others: it is next
        time.sleep(rng.uniform(0, longest / 2))
        process.kill()
    process.communicate()
    return True


def finish(folder: Path, trials: int) -> dict[str, Any]:
    stdout, stderr = start(folder, trials).communicate(timeout=900)
    assert stdout, stderr.decode()
    return json.loads(stdout)


def table(listing: dict[str, Any]) -> list[Any]:
    """The ranking, without times."""
    return [
        (trial["id"], trial["point"], trial["status"], without_times(trial["figures"] or {}))
        for trial in listing["trials"]
    ]


def without_times(figures: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in figures.items() if key not in TIMES}


@pytest.mark.campaign(short=1, long=1, torture=1)
def test_a_sweep_that_is_killed_again_and_again(campaign, request, tmp_path):
    trials, kills = (500, 10) if request.config.getoption("campaign") == "torture" else (30, 3)
    folders = [tmp_path / "calm", tmp_path / "killed"]
    for folder in folders:
        folder.mkdir()
        (folder / "spec.yaml").write_text(SPEC)
    begun = time.monotonic()
    calm = finish(folders[0], trials)
    usual = time.monotonic() - begun
    longest = 0.7 * usual / kills  # all of them together leave something to do
    landed = sum(disturb(start(folders[1], trials), campaign.rng, longest) for _ in range(kills))
    assert landed == kills
    last = finish(folders[1], trials)
    assert table(last) == table(calm)
    assert len(calm["trials"]) == trials
    (one,), (other,) = (list(folder.glob("runs/*/trials")) for folder in folders)
    assert sorted(path.name for path in one.iterdir()) == sorted(p.name for p in other.iterdir())
    for path in one.iterdir():
        same_bytes(path, other / path.name)
