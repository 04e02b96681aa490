"""The runs in a folder: run.json and summary.json of each and nothing else, so that ten thousand are soon read."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from nncli import files
from nncli.errors import DamagedError, MachineError, UsageError
from nncli.runs.documents import LISTED_RUN, LISTED_SUMMARY, RUN, SUMMARY, SWEEP, Json
from nncli.runs.summary import completed


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
        for name in _names_in(runs_dir):
            try:
                listed = _read(runs_dir, name)
            except (ValidationError, DamagedError, MachineError):
                strange.append(runs_dir / name)
            else:
                if listed and wanted(listed):
                    found.append(listed)
    return sorted(found, key=lambda listed: str(listed.run["started"])), strange


def _names_in(folder: Path) -> list[str]:
    """What lies in a folder, in order. As names: to make a Path of each takes as long as to read it."""
    return sorted(os.listdir(folder)) if folder.is_dir() else []  # noqa: PTH208


@contextmanager
def _without_collection() -> Iterator[None]:
    """What is read has no circles; to look through all of it for some, again and again, takes as long as to read it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.freeze()  # or the first collection afterwards would look through all of it after all
            gc.enable()


def _read(runs_dir: Path, name: str) -> Listed | None:
    """The run of that name; None where there is none. ValidationError, MachineError or DamagedError where it cannot be
    read."""
    run = _document(f"{runs_dir}/{name}/{RUN}", LISTED_RUN)
    if run is None:
        return None
    path = runs_dir / name
    summary = _document(f"{path}/{SUMMARY}", LISTED_SUMMARY)
    return Listed(path, run, summary and completed(summary, lambda: _records(path)))


def _records(path: Path) -> Sequence[Json]:
    from nncli.runs import rundir  # which makes all models of a spec, for runs of earlier versions

    return rundir.read_records(path)


def _document(path: str, kind: TypeAdapter[Any]) -> Json | None:
    """A file from its bytes to what is asked of it in one go: no value is made that nobody looks at."""
    data = files.read_if_there(path)
    return None if data is None else dict(kind.validate_json(data))


def sweep_folders(runs_dir: Path) -> list[Path]:
    """The folders that are those of sweeps, by their names; among ten thousand others in no time."""
    places = ((name, f"{runs_dir}/{name}/{SWEEP}") for name in _names_in(runs_dir))
    return [runs_dir / name for name, file in places if os.path.isfile(file)]  # noqa: PTH113


def newest_finished(runs_dir: Path) -> Path:
    """The run that finished last. Raises UsageError where none has."""
    found, _ = list_runs(runs_dir, lambda listed: listed.summary is not None)
    if not found:
        raise UsageError(
            f"{runs_dir}: has no finished run. Train one: nncli train configs/moons.yaml"
        )
    return max((str(listed.run["ended"]), listed.path) for listed in found)[1]
