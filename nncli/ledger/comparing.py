"""Runs beside each other: what differs in their specs and machines, and how they ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from nncli.errors import UsageError
from nncli.ledger.facts import MISSING, figures, leaves
from nncli.ledger.query import is_better_higher
from nncli.runs import rundir
from nncli.runs.listing import Listed
from nncli.sweep import reading
from nncli.sweep.values import same

MACHINE = ("nncli", "numpy", "python", "blas", "cpu", "platform", "threads")
IN_THE_NAME = {"name", "sweep"}
"""Keys of a spec that say nothing of the training."""
LOWER_IS_BETTER = ("loss", "rmse", "mae")

Row = list[Any]
"""A value for each run; MISSING where it has none."""


class Comparison(NamedTuple):
    """Runs, and what there is to say of each, in their order."""

    runs: tuple[Listed, ...]
    spec: dict[str, Row]
    """Keys that differ."""
    machine: dict[str, Row]
    """What differs of the programs and machines."""
    figures: dict[str, Row]
    """How the last records stand, and the best figures."""
    other_data: bool
    """Whether they were trained on different data."""

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
        status = [rundir.status_of(listed.run) for listed in self.runs]
        runs = [str(listed.path) for listed in self.runs]
        return {"runs": runs, "status": status, **told, "other_data": self.other_data}


def compare(paths: Sequence[Path]) -> Comparison:
    """The runs in these folders, and the trials of sweeps among them.

    UsageError where there are not two, DamagedError where one cannot be read.
    """
    runs = tuple(map(_open, dict.fromkeys(path for given in paths for path in _runs_in(given))))
    if len(runs) < 2:
        raise UsageError(
            f"{paths[0]}: is one run; to compare, name another. `nncli show` shows one"
        )
    specs = [leaves(listed.run["spec"]) for listed in runs]
    told = [_figures(listed) for listed in runs]
    return Comparison(
        runs,
        spec={
            key: row for key, row in _rows(specs).items() if key not in IN_THE_NAME and _differ(row)
        },
        machine={
            key: row
            for key, row in _rows([{key: one.run[key] for key in MACHINE} for one in runs]).items()
            if _differ(row)
        },
        figures=_rows(told),
        other_data=len({listed.run["data"]["sha256"] for listed in runs}) > 1,
    )


def _runs_in(path: Path) -> list[Path]:
    """The run itself, or the trials of a sweep that have begun."""
    if not reading.is_sweep(path):
        return [path]
    trials = [trial.path for trial in reading.look(path).trials]
    return [trial for trial in trials if (trial / rundir.RUN).is_file()]


def _open(path: Path) -> Listed:
    """A run; where it is not complete, with what its records say so far."""
    run, summary = rundir.open_run(path), rundir.read_summary(path)
    if summary is None:
        summary = rundir.summarize(rundir.read_records(path), rundir.status_of(run))
    return Listed(path, run, summary)


def _figures(listed: Listed) -> dict[str, Any]:
    """eta stands in the spec."""
    assert listed.summary is not None, "opened with one"
    best = {f"best_{name}": one["value"] for name, one in listed.summary["best"].items()}
    return {**figures(listed.summary), **best} | {"eta": MISSING}


def _rows(columns: Sequence[Mapping[str, Any]]) -> dict[str, Row]:
    keys = dict.fromkeys(key for column in columns for key in column)
    rows = {key: [column.get(key, MISSING) for column in columns] for key in keys}
    return {key: row for key, row in rows.items() if any(value is not MISSING for value in row)}


def _differ(row: Row) -> bool:
    """Whether two runs have different values. What only some of them have follows from what differs elsewhere: the
    numbers of an optimizer from its name."""
    return len({same(value) for value in row if value is not MISSING}) > 1


def best_of(name: str, row: Row) -> set[int]:
    """The places of the best values of a figure; none where all are alike, or none is better than another."""
    numbers = {place: value for place, value in enumerate(row) if isinstance(value, int | float)}
    if len(set(numbers.values())) < 2 or (
        not name.endswith(LOWER_IS_BETTER) and not is_better_higher(name)
    ):
        return set()
    best = (max if is_better_higher(name) else min)(numbers.values())
    return {place for place, value in numbers.items() if value == best}
