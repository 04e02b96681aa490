"""A run that is to go on: opened for writing, with the spec that it was trained with, and what may change of that."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nncli import __version__, files, machine, words
from nncli.data.dataset import Dataset
from nncli.data.encoding import Fitted
from nncli.data.sources import load
from nncli.errors import DamagedError, DataError, KeyPath, Problem, SpecError, UsageError, dotted
from nncli.preparation import Experiment, prepare
from nncli.runs import checkpoint, lock, rundir
from nncli.runs import weights as weights_file
from nncli.runs.documents import Json
from nncli.spec.dump import plain_spec
from nncli.spec.load import load_spec, parse_spec
from nncli.spec.model import Spec
from nncli.training import engines

MAY_CHANGE = {("name",), ("checkpoint",), ("sweep",), ("data", "path")}
"""Keys that no byte of a result depends on; what lies at the path is known by its fingerprint."""
DECIDES_BYTES = ("nncli", "numpy", "cpu", "blas", "threads", "engine")
"""What run.json holds of a machine that can change the last bits of a result."""


@dataclass(frozen=True)
class Reopened:
    """A run that this process may write until it is closed."""

    path: Path
    run: Json
    """run.json."""
    spec: Spec
    threads: int
    summary: Json | None
    """summary.json, where there is nothing left to do."""

    def prepare(
        self,
        on_progress: Callable[[str, int, int], None] | None = None,
        *,
        dataset: Dataset | None = None,
    ) -> Experiment:
        """The run's experiment; its data is read, unless it is given.

        Raises DataError where the data is not what the run began with.
        """
        dataset = dataset or data_of(self.path, self.spec, on_progress)
        before, now = self.run["data"]["sha256"], dataset.fingerprint.sha256
        if before != now:
            raise DataError(
                f"{self.spec.data.source}: the data has changed since {self.path} began: SHA-256 {before[:16]} "
                f"then, {now[:16]} now. Put it back, or train anew: {words.command('train', self.path / rundir.SPEC)}"
            )
        return prepare(self.spec, dataset=dataset, threads=self.threads, again=True)


def data_of(
    path: Path, spec: Spec, on_progress: Callable[[str, int, int], None] | None = None
) -> Dataset:
    """The data of a run, read as its weights say, if it has some: earlier versions read cells and class numbers
    otherwise. Raises as `load` does."""
    try:
        meta = weights_file.read(path / rundir.WEIGHTS).meta
    except (UsageError, DamagedError):  # none yet, or one that the end of this training replaces
        return load(spec.data, on_progress=on_progress)
    table = meta.preprocessing.table
    fitted = Fitted(table, meta.classes) if table else None
    dataset = load(spec.data, fitted=fitted, on_progress=on_progress)
    return dataset.with_classes(meta.classes)


@contextmanager
def reopened(
    path: Path, *, epochs: int | None = None, threads: int | None = None
) -> Iterator[Reopened]:
    """Open a run for writing: with `epochs`, to train it for longer than its spec says.

    Raises UsageError where there is no such run or what was asked for cannot be, SpecError where spec.yaml is no longer
    what was trained, LockedError where another process writes the run, DamagedError.
    """
    holder = rundir.writer(rundir.open_run(path))
    with lock.writing(path, holder):
        files.remove_temporary(path)
        run = rundir.open_run(
            path
        )  # again: until the lock was free, another process may have written it
        before = rundir.spec_of(run, path)
        rundir.check_split(run, path)
        now = _spec_now(path, before, epochs)
        summary = rundir.read_summary(path)
        if now.epochs != before.epochs:
            _check_longer(path, before, now)
            summary = None
        count = run["threads"] if summary else threads_for(run["threads"], threads)
        yield Reopened(path, run, now, count, summary)


def differences(run: Mapping[str, Any], threads: int) -> list[str]:
    """What decides the last bits of a result and is not as it was in run.json: "numpy was 2.3.4, is 2.4.0"."""
    now = {"nncli": __version__, **machine.describe(), "threads": threads}
    now["engine"] = engines.described(run["engine"].partition(" ")[0])
    return [f"{key} was {run[key]}, is {now[key]}" for key in DECIDES_BYTES if run[key] != now[key]]


def _spec_now(path: Path, before: Spec, epochs: int | None) -> Spec:
    """The spec to go on with. Raises SpecError naming each key of spec.yaml that was changed and may not be."""
    now = before
    if (path / rundir.SPEC).is_file():
        document = load_spec(path / rundir.SPEC)
        now = document.spec
        with document.places():
            _check_unchanged(plain_spec(before), plain_spec(now))
    if epochs is None:
        return now
    if now.epochs is None:
        raise UsageError(f"--epochs: {path} counts iterations, not epochs")
    if before.epochs is not None and epochs < before.epochs:
        raise UsageError(
            f"--epochs {epochs}: {path} has {before.epochs}. It can only become longer."
        )
    return parse_spec(plain_spec(now) | {"epochs": epochs}, path)


def _check_unchanged(before: Json, now: Json) -> None:
    problems = []
    for key, (old, new) in changes(before, now).items():
        longer = key == ("epochs",) and None not in (old, new) and new > old
        if key[:1] in MAY_CHANGE or key in MAY_CHANGE or longer:
            continue
        advice = "Put it back, or train anew with this spec."
        problems.append(Problem(key, f"is {_shown(new)}, but was {_shown(old)} so far. {advice}"))
    if problems:
        raise SpecError(problems)


def changes(before: Any, now: Any, key: KeyPath = ()) -> dict[KeyPath, tuple[Any, Any]]:
    """Where two plain specs differ, and how: {("eta",): (0.1, 0.5)}; None stands for a key that is not there."""
    if isinstance(before, dict) and isinstance(now, dict):
        pairs = {name: (before.get(name), now.get(name)) for name in before | now}
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        pairs = dict(enumerate(zip(before, now, strict=True)))
    else:
        return {} if before == now else {key: (before, now)}
    found: dict[KeyPath, tuple[Any, Any]] = {}
    for name, (old, new) in pairs.items():
        found |= changes(old, new, (*key, name))
    return found


def _shown(value: Any) -> str:
    return "not set" if value is None else repr(value)[:60]


def _check_longer(path: Path, before: Spec, now: Spec) -> None:
    """Raise UsageError where a run of more epochs from the start would have other bytes."""
    for key, why in _depends_on_the_length(path, before):
        raise UsageError(
            f"--epochs {now.epochs}: {dotted(key)}: {why}, so going on would not be the same as {now.epochs} epochs "
            f"from the start. Train anew: {words.command('train', path / rundir.SPEC)} --set epochs={now.epochs}"
        )


def _depends_on_the_length(path: Path, spec: Spec) -> Iterator[tuple[KeyPath, str]]:
    if spec.schedule.name in ("cosine", "linear"):
        yield ("schedule",), f"{spec.schedule.name} goes down over the whole training"
    if 0 < spec.warmup < 1:
        yield ("warmup",), f"{spec.warmup:g} is a share of the whole training"
    epochs = spec.epochs or 0
    if epochs % spec.record_every and _epoch_of(path) == epochs:
        yield ("record_every",), f"{spec.record_every} does not divide the {epochs} epochs done"


def _epoch_of(path: Path) -> int:
    """Whole epochs in the checkpoint of a run; 0 where there is none yet."""
    saved = path / rundir.CHECKPOINT
    return checkpoint.read(saved)[0].epoch if saved.is_file() else 0


def threads_for(before: int, wanted: int | None) -> int:
    """BLAS threads: those of before, for the same bytes. Raises UsageError where there are not so many cores."""
    cores = machine.usable_cores()
    if (wanted or before) <= cores:
        return wanted or before
    if wanted:
        raise UsageError(f"--threads {wanted}: this process may use {cores}")
    raise UsageError(
        f"the run used {before} threads, but this process may use {cores}. Add --threads {cores}: it goes on, but "
        "its last digits may differ from those of a run that was never stopped."
    )
