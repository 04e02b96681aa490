"""A disk that is really full, and files that may not grow: exit 4, and with room again the same bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from trials import Bench, dealt

resource = pytest.importorskip("resource")  # Windows has none
TESTS = Path(__file__).parent.parent
OWN = ["unshare", "--user", "--map-root-user", "--mount"]
DISKS = [
    *(f"size={size}k" for size in range(4, 252, 4)),
    *(f"size=8m,nr_inodes={count}" for count in range(2, 9)),
]
"""Each is too small for the training, by room or by names: it ends at another operation."""


@cache
def why_not() -> str:
    """Why this machine does not let a test mount a disk of its own; empty where it does."""
    words = [*OWN, "mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", "/mnt"]
    try:
        return subprocess.run(words, capture_output=True, text=True).stderr.strip()
    except OSError as err:
        return str(err)


def on_disks(root: Path, *words: str) -> list[dict[str, Any]]:
    """What became of a training on each disk."""
    if why_not():
        pytest.skip(f"no disk of its own: {why_not()}")
    path = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    script = [*OWN, sys.executable, TESTS / "full_disk.py", root / "full", *words]
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(script, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.campaign(short=6, long=25, torture=70)
def test_a_full_disk(tmp_path, campaign):
    disks = dealt(campaign, DISKS)
    found = on_disks(tmp_path, *disks)
    assert [one["disk"] for one in found] == disks
    for one in found:
        assert one["code"] == 4, one
        assert one["stderr"].startswith(f"error: {tmp_path}"), one
        assert "No space left on device" in one["stderr"], one
        assert one["stderr"].count("\n") == 1, one
        assert not one["wrong"], one


def test_half_a_write_taken_for_a_whole_one_is_found(tmp_path):
    found = on_disks(tmp_path, "--careless", "size=64k")
    assert found[0]["code"] != 4 or found[0]["wrong"], found


@pytest.mark.parametrize("limit", [64, 8_000, 100_000])
def test_a_file_that_may_not_grow(tmp_path, limit):
    """From a shell with `ulimit -f`, in a process of its own; the checkpoint does not fit in any of them."""
    bench = Bench(tmp_path, units=8000)
    words = [sys.executable, "-m", "nncli", *map(str, bench.words(tmp_path / "run"))]
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    done = subprocess.run(
        words,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard)),
    )
    assert (done.returncode, done.stdout) == (4, ""), done
    assert done.stderr.startswith(f"error: {tmp_path}/run/"), done.stderr
    assert "File too large" in done.stderr
    assert done.stderr.count("\n") == 1
    bench.ends_well(tmp_path / "run")
