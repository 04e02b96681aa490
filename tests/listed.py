"""Sweeps that nobody has run: a sweep.json, and where it is asked for the runs of its trials."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple


class Told(NamedTuple):
    """A trial as sweep.json tells it."""

    point: dict[str, Any]
    value: float | None = None
    """Of the metric, after the last epoch; None for a trial without figures."""
    status: str = "finished"
    epochs: int = 3


def figures(told: Told, metric: str, epoch: int) -> dict[str, Any]:
    """The record of an epoch: from half of the last one's figure to all of it."""
    value = told.value * (1 + epoch / told.epochs) / 2 if told.value is not None else None
    return {"epoch": epoch, "train_loss": 1.0, metric: value, "eta": 0.1, "seconds": 0.1}


def write_sweep(
    path: Path, trials: Sequence[Told], *, metric: str = "test_accuracy", like: Path | None = None
) -> Path:
    """A sweep of these trials; with `like`, a run, each that has figures or has begun is a run too."""
    listed = []
    for number, told in enumerate(trials):
        last = None if told.value is None else figures(told, metric, told.epochs)
        run = f"trials/t{number}"
        listed.append(
            {"id": f"t{number}", "point": told.point, "status": told.status, "run": run}
            | {"reason": "", "exit_code": 0, "figures": last}
        )
        if like and told.status != "waiting":
            shutil.copytree(like, path / run)
            info = json.loads((like / "run.json").read_text())
            (path / run / "run.json").write_text(json.dumps(info | {"status": told.status}))
            records = [figures(told, metric, epoch + 1) for epoch in range(told.epochs)]
            lines = [json.dumps(record) + "\n" for record in records if told.value is not None]
            (path / run / "metrics.jsonl").write_text("".join(lines))
    path.mkdir(parents=True, exist_ok=True)
    (path / "sweep.json").write_text(json.dumps({"format": 1, "trials": listed}))
    return path
