"""Where the weights of a run are, and which of them are meant."""

from __future__ import annotations

from pathlib import Path

from nncli.data.dataset import Dataset
from nncli.errors import DamagedError, UsageError
from nncli.network.params import Architecture, Array, count, views
from nncli.runs import checkpoint, rundir
from nncli.runs import weights as weights_file
from nncli.runs.documents import Json
from nncli.runs.status import meaning
from nncli.runs.weights import Weights
from nncli.session import weights_meta
from nncli.spec.model import Spec
from nncli.training.monitor import keeps_best


def locate(target: Path) -> tuple[Path, Json]:
    """The weights file of a run (before its first end there is only a checkpoint beside where that will be) or of
    itself, and what run.json says, if there is one."""
    if not target.exists():
        raise UsageError(
            f"{target}: no such run or weights file. `nncli runs` lists the runs there are."
        )
    if not target.is_dir():
        has_run = (target.parent / rundir.RUN).is_file()
        return target, rundir.open_run(target.parent) if has_run else {}
    run, path = rundir.open_run(target), target / rundir.WEIGHTS
    if not path.is_file() and not path.with_name(rundir.CHECKPOINT).is_file():
        status = rundir.status_of(run)
        raise DamagedError(f"{target}: has no weights yet; the run is {status} and has saved none.")
    return path, run


def pick(path: Path, weights: Weights, which: str | None) -> Weights:
    """The parameters that were asked for. Raises UsageError where the run has not kept such."""
    if which is None:
        return weights
    if not (path.parent / rundir.RUN).is_file():
        raise UsageError(
            f"--weights {which}: {path} is not in a run; a bare file holds one set of weights"
        )
    if which == "average":
        average = path.with_name(rundir.AVERAGE)
        if not average.is_file():
            raise UsageError(
                f"--weights average: {path.parent} has none; its spec sets no `average`"
            )
        return weights_file.read(average)
    vector, epoch, batch = _saved(
        path.with_name(rundir.CHECKPOINT), which, weights.meta.architecture
    )
    meta = weights.meta.model_copy(update={"epoch": epoch, "batch": batch})
    return Weights(views(vector, meta.architecture), meta)


def not_ended(path: Path, run: Json, weights: Weights, which: str | None) -> tuple[str, ...]:
    """A note where the parameters are those of a checkpoint, or from before the run was gone on with."""
    status = rundir.status_of(run)
    where = f"epoch {weights.meta.epoch}, batch {weights.meta.batch}"
    if not path.is_file():
        return (f"the run is {status}; its last checkpoint is of {where}",)
    if not meaning(status).in_order and which is None:
        gone_on = f"the run has gone on since its last end, and is {status}"
        return (f"{gone_on}; {path.name} is of {where}. Newer: --weights last",)
    return ()


def of_checkpoint(path: Path, spec: Spec, dataset: Dataset, which: str | None) -> Weights:
    """The parameters in the checkpoint of a run that has not ended yet: those it would keep now, or `which`."""
    if which is None:
        position, _ = checkpoint.read(path)
        which = "best" if keeps_best(spec) and position.best else "last"
    vector, epoch, batch = _saved(path, which, spec.architecture)
    meta = weights_meta(spec, dataset, epoch, batch)
    return Weights(views(vector, spec.architecture), meta)


def _saved(path: Path, which: str, architecture: Architecture) -> tuple[Array, int, int]:
    """The last, best or average parameters in a checkpoint, with the epoch and batch that they are of.

    Raises UsageError where it has not kept such, DamagedError where they are those of another network.
    """
    position, arrays = checkpoint.read(path)
    vector = arrays.get({"last": "vector"}.get(which, which))
    if vector is None:
        raise UsageError(
            f"--weights {which}: {path.parent} has none: its spec keeps none, or it ended before a record"
        )
    if vector.shape != (count(architecture),) or vector.dtype.kind != "f":
        raise DamagedError(f"{path}: does not hold the parameters of this network")
    best = position.best if which == "best" else None
    return (vector, best.epoch, 0) if best else (vector, position.epoch, position.batch)
