"""Where spec, data, network, loop and run directory meet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import numpy as np

from nncli import __version__, fit, machine
from nncli.data.dataset import Dataset
from nncli.data.sources import load
from nncli.errors import DivergedError, KeyPath, MachineError, NncliError, Problem, SpecError
from nncli.network import params as parameters
from nncli.network.initializers import init_params
from nncli.network.params import Array, Arrays
from nncli.runs import checkpoint, lock, rundir
from nncli.runs import weights as weights_file
from nncli.runs.documents import Json
from nncli.runs.format import FORMAT
from nncli.runs.weights import Meta, Preprocessing, Weights
from nncli.spec.dump import dump_spec, plain_spec
from nncli.spec.model import Spec
from nncli.streams import Purpose, stream
from nncli.training import loop
from nncli.training.evaluation import tracked
from nncli.training.length import Length
from nncli.training.loop import Progress
from nncli.training.monitor import keeps_best
from nncli.training.state import State
from nncli.training.trainer import Record


class Watcher(Protocol):
    """Who looks on while a network trains."""

    def started(self, experiment: Experiment, path: Path) -> None: ...
    def progress(self, progress: Progress) -> None: ...
    def recorded(self, record: Record) -> None: ...


class Nobody:
    """A watcher that looks away."""

    def started(self, experiment: Experiment, path: Path) -> None: ...
    def progress(self, progress: Progress) -> None: ...
    def recorded(self, record: Record) -> None: ...


@dataclass(frozen=True)
class Experiment:
    """A spec with its data read, found fit to be trained."""

    spec: Spec
    dataset: Dataset
    threads: int
    warnings: tuple[str, ...]

    @property
    def length(self) -> Length:
        """Rows, batches and epochs."""
        return Length.of(self.spec, len(self.dataset.splits["train"]))


@dataclass(frozen=True)
class Result:
    """What a training left behind."""

    path: Path
    status: str
    """finished, interrupted or diverged."""
    summary: Json


def prepare(
    spec: Spec,
    on_progress: Callable[[str, int, int], None] | None = None,
    *,
    dataset: Dataset | None = None,
) -> Experiment:
    """Read the data of a spec, unless it is given, and make sure that it can be trained.

    Raises SpecError for everything in which spec, data and machine do not agree, DataError for bad data.
    """
    fit.check_memory(fit.parameter_memory(spec), spec)
    dataset = dataset or load(spec.data, seed=spec.seed, on_progress=on_progress)
    fit.check(spec, dataset)
    tracked(spec, dataset)
    fit.check_memory(fit.memory(spec, dataset), spec)
    return Experiment(spec, dataset, threads_of(spec, dataset), fit.warnings(spec, dataset))


def threads_of(spec: Spec, dataset: Dataset) -> int:
    """BLAS threads: the spec's, or as many as its largest matrix product can use."""
    batch = Length.of(spec, len(dataset.splits["train"])).batch_size
    largest = max(layer.input_dim * layer.output_dim for layer in spec.architecture)
    return spec.threads or machine.choose_threads(batch * largest)


@contextmanager
def blas_threads(count: int) -> Iterator[None]:
    """So many threads for NumPy's matrix products."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(count, user_api="blas"):
        yield


def initial_params(spec: Spec) -> Arrays:
    """The parameters that training starts from: drawn, or those of `init_from`.

    Raises UsageError or DamagedError where `init_from` cannot be used.
    """
    if spec.init_from is None:
        settings = spec.initializer.model_dump()
        rng = stream(spec.seed, Purpose.INITIAL_WEIGHTS)
        return init_params(spec.architecture, **settings, rng=rng)
    path = Path(spec.init_from)
    path = path / rundir.WEIGHTS if path.is_dir() else path
    if not path.is_file():
        raise SpecError([Problem(("init_from",), f"there is no weights file {path}.")])
    return weights_file.read_params(path, spec.architecture)


def initial_vector(spec: Spec) -> Array:
    """The first parameters in the network's type. Raises SpecError where that type cannot hold them."""
    with np.errstate(over="ignore"):
        vector = parameters.flatten(initial_params(spec), spec.architecture, spec.dtype)
    if np.isfinite(vector).all():
        return vector
    key: KeyPath = ("init_from",) if spec.init_from else ("initializer", "std")
    raise SpecError([Problem(key, f"gives parameters that are too large for {spec.dtype}.")])


def train(
    experiment: Experiment,
    runs_dir: Path,
    *,
    run_dir: Path | None = None,
    command: Sequence[str] = (),
    watcher: Watcher | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Result:
    """Train and keep everything in a new run directory: `run_dir`, or a fresh one in `runs_dir`.

    Raises DivergedError once the last finite weights are saved, MachineError where the disk refuses.
    """
    spec, watcher = experiment.spec, watcher or Nobody()
    vector = initial_vector(spec)
    path = rundir.create_at(run_dir) if run_dir else rundir.create(runs_dir, spec.name)
    with lock.writing(path), blas_threads(experiment.threads):
        run = _describe(experiment, command)
        rundir.write_spec(path, dump_spec(spec))
        rundir.write_json(path / rundir.RUN, run)
        rundir.start_records(path)
        watcher.started(experiment, path)
        state, records = loop.start(spec, experiment.dataset, vector), []
        failure: NncliError | None = None
        try:
            for record in loop.train(
                spec, experiment.dataset, state, watch=watcher.progress, stop=stop
            ):
                rundir.append_record(path, record)
                records.append(record)
                watcher.recorded(record)
        except (DivergedError, MachineError) as err:
            failure = err
        return _finish(path, experiment, state, run, records, failure)


def _describe(experiment: Experiment, command: Sequence[str]) -> Json:
    """What run.json holds from the first moment."""
    fingerprint = experiment.dataset.fingerprint
    return {
        "format": FORMAT,
        "name": experiment.spec.name,
        "status": "running",
        "started": _now(),
        "ended": None,
        "command": list(command),
        "nncli": __version__,
        **machine.describe(),
        "threads": experiment.threads,
        "data": {"sha256": fingerprint.sha256, "sampled": fingerprint.sampled},
        "parameters": parameters.count(experiment.spec.architecture),
        "spec": plain_spec(experiment.spec),
    }


def _finish(
    path: Path,
    experiment: Experiment,
    state: State,
    run: Json,
    records: list[Record],
    failure: NncliError | None,
) -> Result:
    """Save the weights and the state, say in run.json how it ended; the summary of a whole run comes last.

    After a failure of the disk the same is tried, and what is raised is the failure.
    """
    status = _status(state, failure)
    kept = _save_weights(path, experiment, state)
    rundir.sync_records(path)
    checkpoint.write(path / rundir.CHECKPOINT, state, len(records))
    ending: Json = {"status": status, "ended": _now(), "weights_epoch": kept}
    if failure:
        ending |= {"reason": str(failure), "exit_code": failure.exit_code}
    rundir.write_json(path / rundir.RUN, run | ending)
    if failure:
        raise type(failure)(f"{failure}. The last good weights are in {path}") from failure
    summary = rundir.summarize(records, status) | {"weights_epoch": kept}
    if status == "finished":
        rundir.write_json(path / rundir.SUMMARY, summary)
    return Result(path, status, summary)


def _status(state: State, failure: NncliError | None) -> str:
    if failure:
        return "diverged" if isinstance(failure, DivergedError) else "failed"
    return "finished" if state.done else "interrupted"


def _save_weights(path: Path, experiment: Experiment, state: State) -> int:
    """Save the parameters that the spec keeps, and beside them their average where there is one; the record's
    epoch of what is kept."""
    vector, epoch, batch = state.vector, state.epoch, state.batch
    if keeps_best(experiment.spec) and state.best:
        vector, epoch, batch = state.best.vector, state.best.epoch, 0
    weights_file.write(path / rundir.WEIGHTS, _weights(experiment, vector, epoch, batch))
    if state.average is not None:
        average = _weights(experiment, state.average, state.epoch, state.batch)
        weights_file.write(path / rundir.AVERAGE, average)
    return epoch + (batch > 0)


def _weights(experiment: Experiment, vector: Array, epoch: int, batch: int) -> Weights:
    spec, dataset = experiment.spec, experiment.dataset
    meta = Meta(
        format=FORMAT,
        architecture=spec.architecture,
        loss=spec.loss,
        preprocessing=Preprocessing(scale=dataset.scale),
        classes=dataset.classes,
        epoch=epoch,
        batch=batch,
    )
    return Weights(parameters.views(vector, spec.architecture), meta)


def _now() -> str:
    """UTC to the microsecond: it sorts as text, whatever the time zone did."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
