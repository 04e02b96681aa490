"""A sweep from its first trial to the ranking: its directory, what is missing in it, and what came out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from nncli.errors import DamagedError, UsageError
from nncli.filetypes import check_folders, kind
from nncli.runs import documents, rundir
from nncli.runs.documents import SPECS as SPECS
from nncli.runs.documents import SWEEP as SWEEP
from nncli.runs.documents import SWEEP_SPEC as SWEEP_SPEC
from nncli.runs.documents import SweepFile
from nncli.runs.format import FORMAT
from nncli.runs.status import FAILED, WAITING, Meaning, meaning
from nncli.spec.dump import plain_spec
from nncli.spec.load import read_source
from nncli.spec.model import Spec
from nncli.sweep.grid import Point, sweep_id, trial_id
from nncli.sweep.settings import Setting, are_tied, settings_of
from nncli.sweep.specs import trial_specs
from nncli.training.records import column
from nncli.words import as_text

TRIALS = "trials"


@dataclass(frozen=True)
class Trial:
    """One point of a sweep and how it stands."""

    id: str
    point: Point
    path: Path
    spec: Spec | None = None
    """None for a trial of an earlier command that this one does not ask for."""
    status: str = WAITING
    reason: str = ""
    exit_code: int = 0
    figures: Mapping[str, Any] | None = None
    """The record of the epoch whose weights are kept; while it runs, the last."""
    asked: Mapping[str, Any] | None = None
    """The spec that the sweep asks for, in plain values; None where nothing tells."""
    run: Mapping[str, Any] | None = None
    """run.json as it was last read."""
    last_epoch: int | None = None
    """The epoch of its last record."""

    @property
    def meaning(self) -> Meaning:
        """What its status means."""
        return meaning(self.status)

    @property
    def to_run(self) -> bool:
        """Whether this command still has to train it."""
        return self.spec is not None and self.meaning.again


@dataclass(frozen=True)
class Study:
    """A sweep's directory, and the trials that its last command asked for: these are ranked, counted and drawn."""

    path: Path
    trials: tuple[Trial, ...]
    earlier: tuple[Trial, ...] = ()
    """Trials of earlier commands that the last one did not ask for: they stay, should they be asked for again."""
    command: tuple[str, ...] = ()
    """The last command; empty for a sweep of an earlier version."""

    def with_earlier(self) -> Study:
        """The study of all trials in the directory, whichever command asked for them."""
        return replace(self, trials=(*self.trials, *self.earlier), earlier=())

    def trial(self, identity: str) -> Trial:
        """The trial of this id."""
        return next(trial for trial in self.trials if trial.id == identity)

    def mapped(self, change: Callable[[Trial], Trial]) -> Study:
        """The study with each trial changed."""
        return replace(self, trials=tuple(map(change, self.trials)))

    def replaced(self, trial: Trial) -> Study:
        """The study with one trial as it stands now."""
        return self.mapped(lambda old: trial if old.id == trial.id else old)

    @cached_property
    def metric(self) -> str:
        """What is ranked by, of the figures that all trials have: those of validation, else of test, else of train."""
        records = [set(trial.figures) for trial in self.trials if trial.figures]
        return metric_of(set.intersection(*records) if records else ())

    @cached_property
    def settings(self) -> list[Setting]:
        """The trials by what they have in common but for their seeds, the best mean first; settings that are level in
        the metric by their loss on the same split."""
        return settings_of(self.trials, self.metric)

    @property
    def has_seeds(self) -> bool:
        """Whether settings were repeated with other seeds."""
        return any(len(setting.trials) > 1 for setting in self.settings)

    def ranking(self) -> list[Trial]:
        """The trials, those of the best setting first."""
        return [trial for setting in self.settings for trial in setting.trials]

    @property
    def figure_keys(self) -> list[str]:
        """The figures that trials have, in the order of a record."""
        records = [trial.figures for trial in self.trials if trial.figures]
        keys = max(records, key=len, default={})
        return [key for key in keys if key.startswith(("train_", "validation_", "test_"))]

    @property
    def best_setting(self) -> Setting | None:
        """What is called the best wherever a sweep is looked at: the first setting, if a trial of it finished."""
        first = self.settings[0]
        return first if first.finished else None

    @property
    def best(self) -> Trial | None:
        """The trial that stands for the sweep: of the best setting, the best seed."""
        return self.best_setting.trials[0] if self.best_setting else None

    def tied(self) -> list[Setting]:
        """The settings that the metric does not tell apart from the best (`are_tied`), where as many seeds finished."""
        best, *others = self.settings
        return [
            other
            for other in others
            if other.is_whole == best.is_whole and are_tied(best, other, self.metric)
        ]

    def as_json(self) -> dict[str, Any]:
        """The whole study, best first."""
        best, settings = self.best, self.settings if self.has_seeds else []
        return {
            "format": FORMAT,
            "sweep": str(self.path),
            "command": self.command,
            "metric": self.metric,
            "best": best.id if best else None,
            "tied": [setting.trials[0].id for setting in self.tied()],
            "settings": [setting.as_json(self.figure_keys) for setting in settings],
            "trials": [_trial_json(trial) for trial in self.ranking()],
            "earlier": [_trial_json(trial) for trial in self.earlier],
        }


def metric_of(keys: Container[str]) -> str:
    """Of the figures that there are, the one by which networks are ranked."""
    for split in ("validation", "test", "train"):
        for name in ("accuracy", "r2", "loss"):
            if f"{split}_{name}" in keys:
                return f"{split}_{name}"
    return "train_loss"


def plan(
    spec_path: Path,
    overrides: Sequence[str],
    points: Sequence[Point],
    runs_dir: Path,
    *,
    fresh: bool = False,
) -> Study:
    """The sweep of these points, with what earlier commands have already done of it.

    Raises SpecError naming the trial whose value the spec refuses.
    """
    source = read_source(spec_path).changed(overrides)
    base = source.document().spec
    name = f"{base.name}-sweep-{sweep_id(plain_spec(base, expanded=True))}"
    path = _unused(runs_dir, name) if fresh else runs_dir / name
    trials = [
        Trial(trial_id(point), point, path / TRIALS / trial_id(point), spec, asked=plain_spec(spec))
        for point, spec in trial_specs(source, points)
    ]
    asked = {trial.id for trial in trials}
    listing = _listing(path)
    listed = [*listing.trials, *listing.earlier] if listing else []
    specs = read_specs(path)
    points_before = {trial_id(one.point): one.point for one in listed}
    earlier = [
        Trial(identity, point, path / TRIALS / identity, asked=specs.get(identity))
        for identity, point in points_before.items()
        if identity not in asked
    ]
    check_folders(path, TRIALS)
    for trial in (*trials, *earlier):
        check_folders(path / TRIALS, trial.id)
    words = (*map(as_text, sys.argv),)
    return Study(path, (*map(observe, trials),), (*map(observe, earlier),), words)


def _listing(path: Path) -> SweepFile | None:
    """What an earlier command has written of the sweep in sweep.json."""
    file = path / SWEEP
    return documents.checked(rundir.read_json(file), SweepFile, file) if file.is_file() else None


def read_specs(path: Path) -> Mapping[str, Any]:
    """What the sweep in a folder asks of each trial, by its id; empty where an earlier version has written it.

    Raises DamagedError where specs.json cannot be read.
    """
    file = path / SPECS
    specs = rundir.read_json(file) if kind(file) else {}
    if not isinstance(specs, dict) or not all(isinstance(one, dict) for one in specs.values()):
        raise DamagedError(f"{file}: is damaged: not a mapping of specs")
    return specs


def write_specs(study: Study) -> None:
    """Replace specs.json."""
    trials = study.with_earlier().trials
    rundir.write_json(study.path / SPECS, {one.id: one.asked for one in trials if one.asked})


def _unused(runs_dir: Path, name: str) -> Path:
    """`name`, or `name-2`, `name-3`, ...: the first that is not there."""
    number = 1
    while (path := runs_dir / (name if number == 1 else f"{name}-{number}")).exists():
        number += 1
    return path


def observe(trial: Trial) -> Trial:
    """The trial as its directory shows it now."""
    if not (trial.path / rundir.RUN).is_file():
        return trial
    try:
        info, records = rundir.open_run(trial.path), rundir.read_records(trial.path)
    except (DamagedError, UsageError) as err:
        return replace(trial, status=FAILED, reason=str(err), exit_code=err.exit_code)
    return replace(
        trial,
        run=info,
        last_epoch=records[-1]["epoch"] if records else None,
        status=rundir.status_of(info),
        reason=info["reason"],
        exit_code=info["exit_code"],
        figures=_kept(records, info["weights_epoch"]),
    )


def _kept(records: Sequence[dict[str, Any]], epoch: int | None) -> dict[str, Any] | None:
    """The record of an epoch, or the last one."""
    epochs = column(records, "epoch")
    if epoch in epochs:
        return records[epochs.index(epoch)]
    return records[-1] if records else None


def _trial_json(trial: Trial) -> dict[str, Any]:
    return {
        "id": trial.id,
        "point": trial.point,
        "status": trial.status,
        "reason": trial.reason,
        "exit_code": trial.exit_code,
        "run": str(Path(TRIALS) / trial.id),
        "figures": dict(trial.figures) if trial.figures else None,
    }
