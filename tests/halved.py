"""Halving sweeps that are disturbed and given again: what has to be the same as undisturbed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from support import SPEC, TIMES, same_bytes

HALVED = SPEC.replace("epochs: 3", "epochs: 5\nschedule: cosine\ncheckpoint: {epochs: 1}")
"""A checkpoint at every epoch, so that a trial may die past a rung with a checkpoint of it."""


def words(folder: Path, *more: object) -> list[object]:
    """The command: the same each time."""
    grid = ("--grid", "eta=0.001,0.01,0.1,0.5,1000", "--halving", "1,3", "--keep", "0.34")
    where = ("--runs-dir", folder / "runs", "--json", "--workers", "2")
    return ["sweep", folder / "spec.yaml", *grid, *where, *more]


def make(folder: Path, spec: str = HALVED) -> Path:
    """A folder with the spec."""
    folder.mkdir()
    (folder / "spec.yaml").write_text(spec)
    return folder


def listing(folder: Path) -> dict[str, Any]:
    """The sweep that lies in a folder."""
    (path,) = folder.glob("runs/*/sweep.json")
    return json.loads(path.read_text())


def same_sweep(folder: Path, other: Path) -> None:
    """Fail unless two sweeps have come to the same table and bytes."""
    assert table(listing(folder)) == table(listing(other))
    one, two = (sorted(each.glob("runs/*/trials/*")) for each in (folder, other))
    assert [path.name for path in one] == [path.name for path in two]
    for path, twin in zip(one, two, strict=True):
        same_bytes(path, twin)


def drop_stale(folder: Path) -> None:
    """Without the runs that were set aside."""
    for path in folder.glob("runs/*/trials/*.stale-*"):
        shutil.rmtree(path)


def table(told: dict[str, Any]) -> list[Any]:
    """The ranking, without times and folders."""
    trials = [
        [trial[key] for key in ("id", "point", "status", "exit_code")]
        + [trial["reason"] if trial["status"] == "stopped" else ""]
        + [{key: value for key, value in (trial["figures"] or {}).items() if key not in TIMES}]
        for trial in told["trials"]
    ]
    return [told["metric"], told["best"], told["tied"], trials]
