"""Rows that stay on disk against the same network on rows in memory: time per row, and peak memory of the command."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.places import ROOT, nncli, say
from benchmarks.report import Goal, Row

SPEC = """\
data: {{source: npy, path: x.npy, y: y.npy, in_memory: {in_memory} }}
architecture:
  - {{input_dim: 784, output_dim: 512, activation: relu}}
  - {{input_dim: 512, output_dim: 10, activation: softmax}}
optimizer: rmsprop
epochs: 1
batch_size: 128
eta: 0.001
threads: 1
"""
PIECE = 20_000
FREE = 4 << 30
"""What is left on the disk."""


@dataclass(frozen=True)
class Disk:
    """One epoch over `gigabytes` of float32 rows, or what the disk has room for, and one over rows in memory."""

    title: str
    gigabytes: float
    rows_in_memory: int
    memory: Goal
    time: Goal

    def measure(self, letter: str, rounds: int) -> list[Row]:
        """Time per row and peak memory, of each."""
        with tempfile.TemporaryDirectory(dir=ROOT / "runs") as folder:
            small, large = Path(folder, "small"), Path(folder, "large")
            room = shutil.disk_usage(folder).free - FREE
            rows = int(min(self.gigabytes * 10**9, room) // (784 * 4))
            _write(small, self.rows_in_memory, "2 GiB")
            _write(large, rows, "100 MiB")
            say(f"  {rows:,} rows on disk")
            inside = [_train(small, self.rows_in_memory) for _ in range(rounds)]
            outside = [_train(large, rows) for _ in range(max(1, rounds // 2))]
        times = [[1e6 * seconds for seconds, _ in each] for each in (inside, outside)]
        peaks = [[peak for _, peak in each] for each in (inside, outside)]
        ratio = median(times[1]) / median(times[0])
        size = f"{rows * 784 * 4 / 1e9:.1f} GB, {rows:,} rows"
        return [
            Row(letter, "a row in memory", "us", times[0], 1.0, threads=1, note=f"peak {median(peaks[0]):.0f} MB"),
            Row(letter, "a row on disk", "us", times[1], ratio, self.time, 1, size),
            Row(letter, "peak memory, on disk", "MB", peaks[1], goal=self.memory, threads=1, note=size),
        ]  # fmt: skip


def _write(folder: Path, rows: int, in_memory: str) -> None:
    """Random pixels, many of them black, whose class follows from a few of them."""
    folder.mkdir()
    (folder / "spec.yaml").write_text(SPEC.format(in_memory=in_memory))
    rng = np.random.default_rng(0)
    x = np.lib.format.open_memmap(folder / "x.npy", "w+", np.float32, (rows, 784))
    y = np.empty(rows, np.int64)
    for start in range(0, rows, PIECE):
        part = rng.random((min(PIECE, rows - start), 784), np.float32)
        part *= part > 0.8
        y[start : start + len(part)] = part[:, :20].reshape(-1, 10, 2).sum(axis=2).argmax(axis=1)
        x[start : start + len(part)] = part
    x.flush()
    np.save(folder / "y.npy", y)


def _train(folder: Path, rows: int) -> tuple[float, float]:
    """Seconds of training per row, and the peak of the command in megabytes."""
    command = [*nncli(), "train", "spec.yaml", "-q", "--json"]
    script = (
        f"import resource, subprocess; subprocess.run({command}, check=True); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},  # where it is not installed
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    *_, peak = done.stdout.split()
    (run,) = (folder / "runs").iterdir()
    record = json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])
    shutil.rmtree(folder / "runs")
    return record["seconds"] / rows, int(peak) / 1024
