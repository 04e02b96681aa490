"""Trainings of several specs as a sweep's worker trains them, and each by itself: what they leave behind."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from support import bytes_of, records_of

from nncli import experiment, preparation
from nncli.data.dataset import Dataset
from nncli.errors import DivergedError
from nncli.spec.dump import plain_spec
from nncli.spec.model import Spec
from nncli.sweep import planner
from nncli.sweep.trial import run_trials

Left = dict[str, Any]


def left_by(run: Path) -> Left:
    """All of a run that does not depend on the time: its parameters, its state, its records, how it ended."""
    names = ("weights.npz", "average.npz", "checkpoint.npz")
    ended = json.loads((run / "run.json").read_text())
    return {
        **{name: bytes_of(run / name) for name in names},
        "metrics.jsonl": records_of(run),
        "ended": [ended.get(key) for key in ("status", "reason", "weights_epoch")],
    }


def alone(spec: Spec, run: Path, dataset: Dataset | None = None) -> Left:
    """What a single training leaves behind."""
    with suppress(DivergedError):
        prepared = preparation.prepare(spec, dataset=dataset)
        experiment.train(prepared, run.parent, run_dir=run)
    return left_by(run)


def groups_of(specs: Sequence[Spec]) -> list[list[int]]:
    """Which of these trials one worker trains together."""
    return planner.plan(specs, workers=1)


def beside_each_other(specs: Sequence[Spec], folder: Path) -> list[Left]:
    """What each training leaves behind as a trial of a sweep on one worker, in the order of the specs."""
    folder.mkdir()
    runs = [folder / str(number) for number in range(len(specs))]
    for group in groups_of(specs):
        run_trials([(plain_spec(specs[number]), runs[number]) for number in group])
    return [left_by(run) for run in runs]


def differences(one: Left, other: Left) -> list[str]:
    """The names of what is not the same."""
    return [name for name in one if one[name] != other[name]]
