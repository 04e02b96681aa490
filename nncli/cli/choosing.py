"""Which run is meant, said where it was not named."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from nncli.runs.listing import newest_finished
from nncli.sweep import telling
from nncli.sweep.reading import best_trial, is_sweep, look


def newest(runs_dir: Path, console: Console) -> Path:
    """The run that finished last."""
    path = newest_finished(runs_dir)
    console.print(f"the newest finished run: {path}")
    return path


def best_of(path: Path, console: Console) -> Path:
    """The trial that stands for a sweep, where it is one; otherwise the run itself."""
    if not is_sweep(path):
        return path
    study = look(path)
    best = best_trial(study)
    for line in filter(
        None, (telling.chosen(study, best), telling.on_test(study), *telling.mismatched(study))
    ):
        console.print(line)
    return best.path
