"""Trainings of several specs as a sweep's worker trains them, and each by itself: what they leave behind."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import bytes_of, records_of

from nncli import experiment, files, preparation
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


def alone(spec: Spec, run: Path) -> Left:
    """What a single training leaves behind."""
    with suppress(DivergedError), without_waiting():
        experiment.train(preparation.prepare(spec), run.parent, run_dir=run)
    return left_by(run)


def groups_of(specs: Sequence[Spec]) -> list[list[int]]:
    """Which of these trials one worker trains together."""
    return planner.plan(specs, workers=1)


def beside_each_other(specs: Sequence[Spec], folder: Path) -> list[Left]:
    """What each training leaves behind as a trial of a sweep on one worker, in the order of the specs."""
    folder.mkdir()
    runs = [folder / str(number) for number in range(len(specs))]
    with without_waiting():
        for group in groups_of(specs):
            run_trials([(plain_spec(specs[number]), runs[number]) for number in group])
    return [left_by(run) for run in runs]


def differences(one: Left, other: Left) -> list[str]:
    """The names of what is not the same."""
    return [name for name in one if one[name] != other[name]]


@contextmanager
def without_waiting() -> Iterator[None]:
    """What is written need not be on the disk: that takes longer than these trainings."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "SYSTEM", replace(files.SYSTEM, fsync=lambda file: None))
        yield


def write_pictures(path: Path, rng: np.random.Generator) -> None:
    """Pictures of 6 x 6 bytes in three classes, of which few are not 0; the first class has more than the others."""
    y = {"y": np.arange(33) % 3, "y_test": np.arange(12) % 3}
    y["y"][:6] = 0
    x = {}
    for name, labels in (("x", y["y"]), ("x_test", y["y_test"])):
        inked = rng.random((len(labels), 6, 6)) < 0.05
        inked |= np.arange(6) == 2 * labels[:, None, None]
        x[name] = (inked * rng.integers(1, 256, inked.shape)).astype(np.uint8)
    np.savez(path, **x, **y)
