"""A run trained again, and whether the bytes agree: what `nncli repeat` does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from nncli import words
from nncli.errors import UsageError
from nncli.preparation import Experiment, prepare
from nncli.resuming import data_of, differences, threads_for
from nncli.runs import archive, rundir
from nncli.runs.documents import Json
from nncli.runs.rundir import AVERAGE, CHECKPOINT, METRICS, WEIGHTS
from nncli.runs.status import meaning


@dataclass(frozen=True)
class Comparison:
    """Two runs of the same spec, beside each other."""

    run: Path
    repeat: Path
    differing: tuple[str, ...]
    """What is not the same in their files; empty where every byte is, times aside."""
    causes: tuple[str, ...]
    """What was not the same around them."""

    def as_json(self) -> Json:
        """One flat object."""
        return {
            "run": str(self.run),
            "repeat": str(self.repeat),
            "same": not self.differing,
            "differing": list(self.differing),
            "causes": list(self.causes),
        }


def prepare_again(
    path: Path, threads: int | None, on_progress: Callable[[str, int, int], None] | None = None
) -> Experiment:
    """The experiment of a run that has ended, with as many BLAS threads.

    Raises UsageError where there is no such run, it has not ended, or there are fewer cores and no `threads`.
    """
    run = rundir.open_run(path)
    status = rundir.status_of(run)
    if not meaning(status).settled:
        command = words.command("resume", path)
        raise UsageError(f"{path}: is {status}, not finished. Go on with it first: {command}")
    rundir.check_split(run, path)
    threads = threads_for(run["threads"], threads)
    spec = rundir.spec_of(run, path)
    return prepare(spec, dataset=data_of(path, spec, on_progress), threads=threads, again=True)


def folder_for(path: Path) -> Path:
    """Where the repeat of a run goes: beside it, also where it is called `.`"""
    return path.parent if path.name not in ("", "..") else path.resolve().parent


def compare(path: Path, repeat: Path) -> Comparison:
    """Every file of two runs whose bytes should agree. Raises DamagedError where one cannot be read."""
    run, again = rundir.open_run(path), rundir.open_run(repeat)
    differing = [*_metrics(path, repeat)]
    for name in (WEIGHTS, AVERAGE, CHECKPOINT):
        differing += _arrays(path / name, repeat / name)
    causes = differences(run, again["threads"])
    if run["data"] != again["data"]:
        before, now = run["data"]["sha256"][:16], again["data"]["sha256"][:16]
        causes.append(f"the data's SHA-256 was {before}, is {now}")
    return Comparison(path, repeat, tuple(differing), (*run["differences"], *causes))


def _metrics(path: Path, repeat: Path) -> Iterator[str]:
    """The first record that differs, and in what; times may."""
    pairs = zip_longest(*map(rundir.read_records, (path, repeat)), fillvalue={})
    for number, (before, now) in enumerate(pairs, 1):
        keys = [key for key in before | now if key not in rundir.TIMES]
        for key in keys:
            if before.get(key) != now.get(key):
                yield f"{METRICS}:{number}: {key} was {before.get(key)}, is {now.get(key)}"
                return


def _arrays(path: Path, repeat: Path) -> Iterator[str]:
    """The arrays of two archives that differ, and by how much."""
    present = [one.is_file() for one in (path, repeat)]
    if not all(present):
        if any(present):
            yield f"{path.name}: was {'' if present[0] else 'not '}there"
        return
    before, now = archive.read(path), archive.read(repeat)
    if before == now:
        return
    one, other = archive.unpack(before, path), archive.unpack(now, repeat)
    found = [text for name in one | other for text in _array(name, one.get(name), other.get(name))]
    for text in found or ["the bytes differ, the arrays do not"]:
        yield f"{path.name}: {text}"


def _array(name: str, one: Any, other: Any) -> Iterator[str]:
    if one is None or other is None or one.shape != other.shape or one.dtype != other.dtype:
        yield f"{name} is another"
    elif (count := np.count_nonzero(one != other)) and one.dtype.kind == "f":
        most = np.abs(one - other).max()
        yield f"{count:,} of {one.size:,} numbers of {name} differ, by {most:.3g} at most"
    elif count:
        yield f"{name} differs"
