"""Runs beside each other: what differs in their specs and machines, and how they ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from nncli.errors import DamagedError, MachineError, UsageError
from nncli.ledger.facts import MISSING, all_figures, leaves
from nncli.ledger.query import is_better_higher
from nncli.runs import checkpoint, rundir
from nncli.runs.documents import Json
from nncli.spec.dump import plain_spec
from nncli.sweep import reading, telling
from nncli.sweep.settings import rank
from nncli.sweep.study import metric_of
from nncli.sweep.values import number, same
from nncli.training.monitor import FALLING
from nncli.words import plural

MACHINE = ("nncli", "numpy", "python", "blas", "cpu", "platform", "threads", "engine")
IN_THE_NAME = {"name", "sweep"}
"""Keys of a spec that say nothing of the training."""
Row = list[Any]
"""A value for each run; MISSING where it has none."""


class Compared(NamedTuple):
    """A run as it is compared."""

    path: Path
    info: Json
    spec: dict[str, Any]
    """Key with dots -> value."""
    status: str
    summary: Json
    note: str = ""
    """Of when the figures are, where the run is not complete."""
    is_best: bool = False
    """Whether it is the trial that stands for its sweep."""


class Comparison(NamedTuple):
    """Runs, and what there is to say of each, in their order."""

    runs: tuple[Compared, ...]
    spec: dict[str, Row]
    """Keys that differ."""
    machine: dict[str, Row]
    """What differs of the programs and machines."""
    figures: dict[str, Row]
    """Those of the parameters that were kept; `final.` those of the last epoch, `best.` the best of each."""
    other_data: bool
    """Whether they were trained on different data."""
    left_out: tuple[str, ...]
    """Trials that cannot be compared, and why."""

    def best(self, most: int) -> Comparison:
        """At most so many of the runs, where there are more: what stands for a sweep, then the best, in this order."""
        if not most or len(self.runs) <= most:
            return self
        values = self.figures.get(self.metric, [MISSING] * len(self.runs))
        ranks = [
            (not run.is_best, rank(number(value), self.metric))
            for run, value in zip(self.runs, values, strict=True)
        ]
        chosen = sorted(range(len(ranks)), key=ranks.__getitem__)[:most]

        def cut(rows: dict[str, Row]) -> dict[str, Row]:
            return {name: [row[place] for place in chosen] for name, row in rows.items()}

        return self._replace(
            runs=tuple(self.runs[place] for place in chosen),
            spec=cut(self.spec),
            machine=cut(self.machine),
            figures=cut(self.figures),
        )

    @property
    def metric(self) -> str:
        """By what the best are chosen: as a sweep ranks its trials, by figures that all of them have."""
        have = [place for place, run in enumerate(self.runs) if run.summary["final"]]
        rows = self.figures.items()
        return metric_of({key for key, row in rows if all(row[n] is not MISSING for n in have)})

    def as_json(self) -> dict[str, Any]:
        """Values by name, one for each run; null where a run has none."""
        tables = {"spec": self.spec, "machine": self.machine, "figures": self.figures}
        told = {
            name: {
                key: [None if value is MISSING else value for value in row]
                for key, row in rows.items()
            }
            for name, rows in tables.items()
        }
        return {
            "runs": [str(run.path) for run in self.runs],
            "status": [run.status for run in self.runs],
            "notes": [run.note for run in self.runs],
            "best_of_sweeps": [str(run.path) for run in self.runs if run.is_best],
            **told,
            "other_data": self.other_data,
            "left_out": list(self.left_out),
        }


def compare(paths: Sequence[Path], every: bool = False) -> Comparison:
    """The runs in these folders, and the trials of sweeps among them: of their last commands, or `every` one.

    UsageError where there are not two, DamagedError where one that was named cannot be read; a trial that cannot be
    read is left out.
    """
    found: dict[Path, Compared] = {}
    left_out: list[str] = []
    for given in paths:
        for path, is_best in _runs_in(given, every, left_out):
            try:
                found.setdefault(path.resolve(), _open(path)._replace(is_best=is_best))
            except (DamagedError, MachineError) as err:
                if path == given:
                    raise
                left_out.append(str(err))
    runs = tuple(found.values())
    if len(runs) < 2:
        raise UsageError(
            f"{paths[0]}: is one run; to compare, name another. `nncli show` shows one"
            if runs
            else f"{paths[0]}: has no trial that could be compared. `nncli show` says more"
        )
    return Comparison(
        runs,
        spec={
            key: row
            for key, row in _rows([run.spec for run in runs]).items()
            if key not in IN_THE_NAME and _differ(row)
        },
        machine={
            key: row
            for key, row in _rows([{key: run.info[key] for key in MACHINE} for run in runs]).items()
            if _differ(row)
        },
        figures=_rows([_figures(run.summary) for run in runs]),
        other_data=len({run.info["data"]["sha256"] for run in runs}) > 1,
        left_out=tuple(left_out),
    )


def _runs_in(path: Path, every: bool, left_out: list[str]) -> list[tuple[Path, bool]]:
    """The run itself, or the trials of a sweep that have begun; and whether it stands for its sweep."""
    if not reading.is_sweep(path):
        return [(path, False)]
    study = reading.look(path, every)
    begun = [trial.path for trial in study.trials if (trial.path / rundir.RUN).is_file()]
    if missing := len(study.trials) - len(begun):
        left_out.append(f"{path}: {plural(missing, 'trial')} not begun yet")
    left_out += telling.mismatched(study)
    if more := telling.left_out(study, "compare"):
        left_out.append(more)
    return [(trial, study.best is not None and trial == study.best.path) for trial in begun]


def _open(path: Path) -> Compared:
    """A run; where it is not complete, as of its last checkpoint."""
    info, summary = rundir.open_run(path), rundir.read_summary(path)
    # through the models, so that runs of an earlier nncli have the defaults of keys that are new
    read = rundir.spec_of(info, path)
    spec, status = leaves(plain_spec(read)), rundir.status_of(info)
    if summary is not None:
        return Compared(path, info, spec, status, summary)
    saved = path / rundir.CHECKPOINT
    counted = checkpoint.read(saved)[0].records if saved.is_file() else 0
    summary = rundir.so_far(info, read, rundir.read_records(path)[:counted])
    epoch = summary["epochs"]
    note = f"as of its last checkpoint, epoch {epoch}" if epoch else "no record saved yet"
    return Compared(path, info, spec, status, summary, note)


def _figures(summary: Mapping[str, Any]) -> dict[str, Any]:
    """All of them; eta stands in the spec."""
    if not summary["final"]:
        return {}
    return all_figures(dict(summary)) | {"eta": MISSING, "final.eta": MISSING}


def _rows(columns: Sequence[Mapping[str, Any]]) -> dict[str, Row]:
    keys = dict.fromkeys(key for column in columns for key in column)
    rows = {key: [column.get(key, MISSING) for column in columns] for key in keys}
    return {key: row for key, row in rows.items() if any(value is not MISSING for value in row)}


def _differ(row: Row) -> bool:
    """Whether two runs have different values. To have none is another one: the numbers of an optimizer that only one
    of them has, a stop that only one of them makes."""
    return len({MISSING if value is MISSING else same(value) for value in row}) > 1


def best_of(name: str, row: Row) -> set[int]:
    """The places of the best values of a figure; none where all are alike, or none is better than another."""
    numbers = {place: value for place, value in enumerate(row) if isinstance(value, int | float)}
    if len(set(numbers.values())) < 2 or (
        not name.endswith(FALLING) and not is_better_higher(name)
    ):
        return set()
    best = (max if is_better_higher(name) else min)(numbers.values())
    return {place for place, value in numbers.items() if value == best}
