"""Which pictures there are, and where they go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from nncli import files
from nncli.data.dataset import Dataset
from nncli.errors import UsageError
from nncli.report import boundary, confusion, curves, mistakes, predicted, sweeps, weights
from nncli.report.figures import render, style
from nncli.report.subject import NotDrawnError, Subject
from nncli.report.swept import Swept
from nncli.runs import outputs
from nncli.spec.suggest import did_you_mean
from nncli.sweep import reading, telling

PLOTS: dict[str, Callable[[Subject], Figure]] = {
    "curves": lambda subject: curves.draw([subject]),
    "confusion": confusion.draw,
    "mistakes": mistakes.draw,
    "weights": weights.draw,
    "boundary": boundary.draw,
    "predicted": predicted.draw,
}
"""Name -> the picture of one run."""
SEVERAL: dict[str, Callable[[Sequence[Subject]], Figure]] = {"curves": curves.draw}
"""Name -> the picture of several runs beside each other."""
NAMES = tuple(dict.fromkeys([*PLOTS, *sweeps.PICTURES]))
FOLDER = "plots"
"""Where the pictures of a run or a sweep lie in it."""


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
        if name not in NAMES:
            hint = did_you_mean(name, NAMES)
            raise UsageError(f"--only {name}: there are {', '.join(NAMES)}.{hint}")
    return tuple(dict.fromkeys(names))


def draw(
    targets: Sequence[Path],
    *,
    names: Sequence[str] = (),
    out: Path | None = None,
    kind: str = "png",
    split: str | None = None,
    dataset: Dataset | None = None,
    every: bool = False,
) -> Drawn:
    """Draw the named pictures, or all that apply, of a run, of a sweep, or of several of them (where a sweep stands
    for its trials: those of its last command, or `every` one). `split` is for the pictures of answers; `dataset` spares
    reading the data again.

    They go to `out`, by default to `plots` in a single run or sweep and to the current folder for several. Nothing is
    written before all are drawn. Raises UsageError where a named picture, or none at all, applies.
    """
    if len(targets) == 1 and reading.is_sweep(targets[0]):
        return _of_sweep(Swept(targets[0], every), names, (out or targets[0] / FOLDER), kind)
    subjects = [Subject(run, split, dataset) for run in _runs(targets, every)]
    single = len(subjects) == 1
    folder = out or (subjects[0].path / FOLDER if single else Path())

    def picture(name: str) -> Figure:
        if name not in PLOTS:
            raise NotDrawnError("it shows a sweep")
        if not single and name not in SEVERAL:
            raise NotDrawnError("it shows one run at a time")
        return PLOTS[name](subjects[0]) if single else SEVERAL[name](subjects)

    paths, left_out = _written(picture, names, PLOTS if single else SEVERAL, folder, kind)
    if not single:
        left_out += [f"{each.path}: has no records yet" for each in subjects if not each.records]
    return Drawn(paths, tuple(left_out), _warnings(subjects))


def _of_sweep(swept: Swept, names: Sequence[str], folder: Path, kind: str) -> Drawn:
    def picture(name: str) -> Figure:
        if name not in sweeps.PICTURES:
            best = f": nncli plot {swept.study.best.path}" if swept.study.best else ""
            raise NotDrawnError(f"it shows one run at a time, such as the best trial{best}")
        return sweeps.PICTURES[name](swept)

    paths, left_out = _written(picture, names, sweeps.PICTURES, folder, kind)
    more = filter(None, [*telling.mismatched(swept.study), telling.left_out(swept.study, "plot")])
    return Drawn(paths, (*left_out, *swept.unreadable(), *more), ())


def _written(
    picture: Callable[[str], Figure],
    names: Sequence[str],
    all_names: Iterable[str],
    folder: Path,
    kind: str,
) -> tuple[tuple[Path, ...], list[str]]:
    """Draw the pictures of these names, or of all, and then write them; the files, and why others were left out."""
    pictures, left_out = {}, []
    for name in names or all_names:
        try:
            with style():
                pictures[folder / f"{name}.{kind}"] = render(picture(name), kind)
        except NotDrawnError as err:
            left_out.append(f"{name}: not drawn: {err}")
    if left_out and (names or not pictures):
        raise UsageError("; ".join(left_out))
    outputs.make_folder(folder)
    for path, data in pictures.items():
        files.replace(path, data)
    return tuple(pictures), left_out


def _runs(targets: Sequence[Path], every: bool) -> list[Path]:
    """The runs, each once; a sweep stands for those of its trials that were begun, the best first."""
    runs: list[Path] = []
    for target in targets:
        runs += _trials(target, every) if reading.is_sweep(target) else [target]
    return list(dict.fromkeys(runs))


def _trials(sweep: Path, every: bool) -> list[Path]:
    ranked = reading.look(sweep, every).ranking()
    return [trial.path for trial in ranked if trial.path.is_dir()]


def _warnings(subjects: Sequence[Subject]) -> tuple[str, ...]:
    """What opening the weights had to say, where they were opened."""
    opened = [vars(subject).get("opened") for subject in subjects]
    return tuple(warning for each in opened if each for warning in each.warnings)
