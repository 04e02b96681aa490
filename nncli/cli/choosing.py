"""Which run is meant, said where it was not named."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from nncli.runs.listing import newest_finished
from nncli.sweep.reading import best_trial, is_sweep
from nncli.sweep.values import label


def newest(runs_dir: Path, console: Console) -> Path:
    """The run that finished last."""
    path = newest_finished(runs_dir)
    console.print(f"the newest finished run: {path}")
    return path


def best_of(path: Path, console: Console) -> Path:
    """The best trial, where it is a sweep; otherwise the run itself."""
    if not is_sweep(path):
        return path
    best = best_trial(path)
    console.print(f"the best trial of {path}: {label(best.point)}  {best.path}")
    return best.path
