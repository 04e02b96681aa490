"""A sweep as its directory tells it, for those who look at what has been run. Nothing here trains, locks or writes."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nncli.errors import DamagedError, MachineError, UsageError
from nncli.filetypes import check_folders
from nncli.runs import documents, rundir
from nncli.runs.documents import ListedTrial, SweepFile
from nncli.runs.listing import sweep_folders
from nncli.runs.status import FAILED, RUNNING, STATUSES, STOPPED, meaning
from nncli.sweep.agreement import checked
from nncli.sweep.study import SWEEP, Study, Trial, observe, read_specs
from nncli.sweep.values import same


def is_sweep(path: Path) -> bool:
    """Whether a folder is a sweep's."""
    return (path / SWEEP).is_file()


def open_sweep(path: Path, every: bool = False) -> Study:
    """The sweep in a folder, from sweep.json alone: what its last command asked for, or `every` trial there is. Raises
    UsageError where there is none, DamagedError where it cannot be read."""
    if not path.is_dir():
        raise UsageError(f"{path}: no such sweep. `nncli runs` lists the sweeps there are.")
    file = path / SWEEP
    if not file.is_file():
        raise UsageError(f"{path}: is not a sweep: it has no {SWEEP}")
    listing = documents.checked(rundir.read_json(file), SweepFile, file)
    asked, earlier = (
        tuple(_trial(path, listed) for listed in each) for each in (listing.trials, listing.earlier)
    )
    study = Study(path, asked, earlier, tuple(listing.command))
    return study.with_earlier() if every else study


def look(path: Path, every: bool = False) -> Study:
    """The sweep in a folder as it stands now: every trial as its own directory shows it, and `mismatched` where that
    is not what the sweep asks for."""
    study, specs = open_sweep(path, every), read_specs(path)
    return checked(study.mapped(lambda trial: _seen(replace(trial, asked=specs.get(trial.id)))))


def _seen(listed: Trial) -> Trial:
    """A trial as its directory shows it. That it was stopped by halving, or failed in a worker, stands in sweep.json
    alone, and is so until somebody has gone on with it."""
    seen = observe(listed)
    if listed.status not in (STOPPED, FAILED) or seen.meaning.settled or seen.status == RUNNING:
        return seen
    return replace(seen, status=listed.status, reason=listed.reason, exit_code=listed.exit_code)


def _trial(path: Path, listed: ListedTrial) -> Trial:
    if ".." in Path(listed.run).parts:
        raise DamagedError(f"{path / SWEEP}: is damaged: {listed.run} is not in the sweep")
    check_folders(path, *Path(listed.run).parts)
    return Trial(
        listed.id,
        listed.point,
        path / listed.run,
        status=listed.status,
        reason=listed.reason,
        exit_code=listed.exit_code,
        figures=listed.figures,
    )


def list_sweeps(runs_dir: Path) -> tuple[list[Study], list[Path]]:
    """Each sweep in a folder, the one that has changed last at the end; and what cannot be read as one. Reads one
    file for each."""
    found, strange = [], []
    for path in sweep_folders(runs_dir):
        try:
            found.append(((path / SWEEP).stat().st_mtime_ns, open_sweep(path)))
        except (DamagedError, MachineError):
            strange.append(path)
    return [study for _, study in sorted(found, key=lambda item: item[0])], strange


def best_trial(study: Study) -> Trial:
    """The trial that stands for a sweep. Raises UsageError where none has finished."""
    if study.best is None:
        counts = ", ".join(f"{count} {status}" for status, count in statuses(study).items())
        path = study.path
        raise UsageError(f"{path}: no trial has finished: {counts}. `nncli show {path}` says more.")
    return study.best


def statuses(study: Study) -> dict[str, int]:
    """How many trials stand how."""
    counts = Counter(trial.status for trial in study.trials)
    return {status: counts[status] for status in (*STATUSES, *sorted(counts)) if counts[status]}


def swept(study: Study) -> dict[str, list[Any]]:
    """Key -> its values: numbers from small to large, whatever else there is behind them."""
    keys = dict.fromkeys(key for trial in study.trials for key in trial.point)
    return {key: distinct([t.point[key] for t in study.trials if key in t.point]) for key in keys}


def distinct(values: list[Any]) -> list[Any]:
    """Each value once: numbers from small to large, then the others in their order."""
    once = {same(value): value for value in values}
    numbers = sorted(key for key in once if isinstance(key, float))
    return [once[key] for key in numbers] + [once[key] for key in once if isinstance(key, str)]


def going_on(study: Study) -> str | None:
    """The command that trains what is missing, as it was last given; None where nothing is, or a process is at it."""
    counts = statuses(study)
    if RUNNING in counts or not any(meaning(status).again for status in counts):
        return None
    command = last_command(study)
    if not all(map(_is_plain, command)) or not command:
        return "the same `nncli sweep` command"
    return shlex.join(word for word in command if word != "--fresh")


def _is_plain(word: str) -> bool:
    """Whether a word may be offered to be copied: anybody may have written it. It says what it does, and leads to no
    other machine."""
    return word.isprintable() and "://" not in word


def last_command(study: Study) -> list[str]:
    """`nncli sweep ...` as it was last given; for a sweep of an earlier version, what its newest trial was trained by.
    Empty where nothing tells."""
    if study.command[1:2] == ("sweep",):
        return ["nncli", *study.command[1:]]
    begun = [run for trial in study.trials for run in [_run(trial)] if run]
    commands = [run["command"] for run in sorted(begun, key=lambda run: str(run["started"]))]
    swept_by = [words[1:] for words in commands if words[1:2] == ["sweep"]]
    return ["nncli", *swept_by[-1]] if swept_by else []


def _run(trial: Trial) -> Mapping[str, Any] | None:
    """What run.json says of a trial; None where it says nothing."""
    try:
        return rundir.open_run(trial.path)
    except (DamagedError, UsageError):
        return None


def as_json(study: Study) -> dict[str, Any]:
    """All that there is to say of a sweep."""
    told = study.as_json()
    trials = {key: told.pop(key) for key in ("trials", "earlier")}
    facts = {"swept": swept(study), "statuses": statuses(study), "go_on": going_on(study)}
    return {**told, **facts, **trials}


def in_short(study: Study) -> dict[str, Any]:
    """A line of a list of sweeps: what has been trained, and the best of it."""
    best, metric, setting = study.best, study.metric, study.best_setting
    return {
        "sweep": str(study.path),
        "trials": len(study.trials),
        "done": sum(trial.meaning.settled for trial in study.trials),
        "statuses": statuses(study),
        "metric": metric,
        "best": best
        and {
            "run": str(best.path),
            "point": best.point,
            "value": (best.figures or {}).get(metric),
        },
        "setting": setting.as_json([metric]) if setting and study.has_seeds else None,
    }
