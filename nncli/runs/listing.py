"""The runs in a folder: run.json and summary.json of each and nothing else, so that ten thousand are soon read."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from nncli import files
from nncli.errors import DamagedError, MachineError, UsageError
from nncli.runs import rundir
from nncli.runs.documents import Json, RunFile, Summary, read


class Listed(NamedTuple):
    """A run as a list has it."""

    path: Path
    run: Json
    summary: Json | None
    """None where it is not complete."""


def list_runs(
    runs_dir: Path, wanted: Callable[[Listed], bool] = lambda listed: True
) -> tuple[list[Listed], list[Path]]:
    """The wanted runs in a folder, newest last; and what lies there but cannot be read as a run."""
    found, strange = [], []
    with _without_collection():
        for name in sorted(path.name for path in runs_dir.iterdir()) if runs_dir.is_dir() else []:
            try:
                listed = _read(runs_dir, name)
            except (DamagedError, MachineError):
                strange.append(runs_dir / name)
            else:
                if listed and wanted(listed):
                    found.append(listed)
    return sorted(found, key=lambda listed: str(listed.run["started"])), strange


@contextmanager
def _without_collection() -> Iterator[None]:
    """What is read has no circles; to look through all of it for some, again and again, takes as long as to read it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _read(runs_dir: Path, name: str) -> Listed | None:
    """The run of that name; None where there is none. DamagedError or MachineError where it cannot be read."""
    run = _document(f"{runs_dir}/{name}/{rundir.RUN}", RunFile)
    if run is None:
        return None
    return Listed(runs_dir / name, run, _document(f"{runs_dir}/{name}/{rundir.SUMMARY}", Summary))


def _document(path: str, model: type[RunFile | Summary]) -> Json | None:
    data = files.read_if_there(path)
    return None if data is None else read(rundir.parse_json(data, path), model, path)


def newest_finished(runs_dir: Path) -> Path:
    """The run that finished last. Raises UsageError where none has."""
    found, _ = list_runs(runs_dir, lambda listed: listed.summary is not None)
    if not found:
        raise UsageError(
            f"{runs_dir}: has no finished run. Train one: nncli train configs/moons.yaml"
        )
    return max((str(listed.run["ended"]), listed.path) for listed in found)[1]
