"""Which pictures there are, and where they go."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from nncli import files
from nncli.data.dataset import Dataset
from nncli.errors import DamagedError, UsageError
from nncli.report import boundary, confusion, curves, mistakes, weights
from nncli.report.figures import render, style
from nncli.report.subject import NotDrawnError, Subject
from nncli.spec.suggest import did_you_mean
from nncli.sweep.study import SWEEP

PLOTS: dict[str, Callable[[Subject], Figure]] = {
    "curves": lambda subject: curves.draw([subject]),
    "confusion": confusion.draw,
    "mistakes": mistakes.draw,
    "weights": weights.draw,
    "boundary": boundary.draw,
}
"""Name -> the picture of one run."""
SEVERAL: dict[str, Callable[[Sequence[Subject]], Figure]] = {"curves": curves.draw}
"""Name -> the picture of several runs beside each other."""
FOLDER = "plots"
"""Where a run's pictures lie in it."""


@dataclass(frozen=True)
class Drawn:
    """What came of it."""

    paths: tuple[Path, ...]
    left_out: tuple[str, ...]
    """Why each of the other pictures was not drawn."""
    warnings: tuple[str, ...]


def chosen(only: str) -> tuple[str, ...]:
    """`curves,confusion` -> the names in it. Raises UsageError for one that is no picture's."""
    names = [name.strip() for name in only.split(",")]
    for name in names:
        if name not in PLOTS:
            hint = did_you_mean(name, PLOTS)
            raise UsageError(f"--only {name}: there are {', '.join(PLOTS)}.{hint}")
    return tuple(dict.fromkeys(names))


def draw(
    targets: Sequence[Path],
    *,
    names: Sequence[str] = (),
    out: Path | None = None,
    kind: str = "png",
    split: str | None = None,
    dataset: Dataset | None = None,
) -> Drawn:
    """Draw the named pictures, or all that apply, of runs (for a sweep: of its trials). `split` is for the pictures
    of answers; `dataset` spares reading the data again.

    They go to `out`, by default to `plots` in a single run and to the current folder for several. Nothing is written
    before all are drawn. Raises UsageError where a named picture, or none at all, applies.
    """
    subjects = [Subject(run, split, dataset) for run in _runs(targets)]
    single = len(subjects) == 1
    folder = out or (subjects[0].path / FOLDER if single else Path())
    pictures, left_out = {}, []
    for name in names or (PLOTS if single else SEVERAL):
        try:
            pictures[folder / f"{name}.{kind}"] = _render(name, subjects, kind)
        except NotDrawnError as err:
            left_out.append(f"{name}: not drawn: {err}")
    if left_out and (names or not pictures):
        raise UsageError("; ".join(left_out))
    if not single:
        left_out += [f"{each.path}: has no records yet" for each in subjects if not each.records]
    files.make_folders(folder)
    for path, data in pictures.items():
        files.replace(path, data)
    return Drawn(tuple(pictures), tuple(left_out), _warnings(subjects))


def _runs(targets: Sequence[Path]) -> list[Path]:
    """The runs, each once; a sweep stands for those of its trials that were begun, the best first."""
    runs: list[Path] = []
    for target in targets:
        runs += _trials(target) if (target / SWEEP).is_file() else [target]
    return list(dict.fromkeys(runs))


def _trials(sweep: Path) -> list[Path]:
    try:
        paths = [sweep / trial["run"] for trial in json.loads(files.read(sweep / SWEEP))["trials"]]
    except (ValueError, KeyError, TypeError) as err:
        raise DamagedError(f"{sweep / SWEEP}: is damaged") from err
    return [path for path in paths if path.is_dir()]


def _render(name: str, subjects: Sequence[Subject], kind: str) -> bytes:
    with style():
        if len(subjects) == 1:
            return render(PLOTS[name](subjects[0]), kind)
        if name not in SEVERAL:
            raise NotDrawnError("it shows one run at a time")
        return render(SEVERAL[name](subjects), kind)


def _warnings(subjects: Sequence[Subject]) -> tuple[str, ...]:
    """What opening the weights had to say, where they were opened."""
    opened = [vars(subject).get("opened") for subject in subjects]
    return tuple(warning for each in opened if each for warning in each.warnings)
