"""One process's work on a run: begun or gone on with, saved on the way, ended in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from nncli import __version__, files, limits, machine, words
from nncli.data.dataset import Dataset
from nncli.errors import DivergedError, MachineError, NncliError
from nncli.network import params as parameters
from nncli.network.params import Array
from nncli.preparation import Experiment, initial_vector
from nncli.resuming import Reopened, differences
from nncli.runs import checkpoint, lock, rundir
from nncli.runs import weights as weights_file
from nncli.runs.documents import Json
from nncli.runs.format import ARRAYS, FORMAT, STACKING
from nncli.runs.status import DIVERGED, FAILED, FINISHED, INTERRUPTED, RUNNING
from nncli.runs.weights import Meta, Weights
from nncli.spec.dump import dump_spec, plain_spec
from nncli.spec.model import Spec
from nncli.training import engines, loop
from nncli.training.baseline import recorded_baselines
from nncli.training.class_weight import class_weights
from nncli.training.evaluation import Evaluator, figure_names
from nncli.training.monitor import best_figure, keeps_best
from nncli.training.state import State
from nncli.training.trainer import Record

PROCESS = (
    "command",
    "host",
    "pid",
    "platform",
    "cpu",
    "python",
    "nncli",
    "numpy",
    "blas",
    "threads",
    "engine",
)
"""What run.json says of the process that works on a run."""
MOST_SESSIONS = 200
"""Of how many earlier processes run.json tells, so that it stays small."""


@dataclass(frozen=True)
class Result:
    """What a training left behind."""

    path: Path
    status: str
    """finished or interrupted."""
    summary: Json
    position: str
    """How far it is, in words."""


@dataclass
class Session:
    """One process's work on a run: its directory, and the training as it stands."""

    path: Path
    experiment: Experiment
    run: Json
    """run.json."""
    state: State
    records: list[Record]
    saved: str = ""
    """Where the last checkpoint stands, in words."""


@contextmanager
def begun(
    experiment: Experiment, path: Path, vector: Array, command: Sequence[str]
) -> Iterator[Session]:
    """A new run in an empty folder, locked until the end, with all that resuming it takes."""
    with lock.writing(path):
        files.remove_temporary(path)
        run = _describe(experiment, command)
        rundir.write_json(path / rundir.RUN, run)
        state = loop.start(experiment.spec, experiment.dataset, vector)
        session = Session(path, experiment, run, state, [])
        with reporting(session):
            rundir.write_spec(path, dump_spec(experiment.spec))
            rundir.start_records(path)
        yield session


def gone_on(
    experiment: Experiment,
    reopened: Reopened,
    command: Sequence[str],
    notice: Callable[[str], None],
) -> Session:
    """A run as its last checkpoint has it, or as it began where there is none. `reopened` holds its lock."""
    path = reopened.path
    state, count, saved = _restored(experiment, path)
    records, dropped = rundir.cut_records(path, count)
    _judge_best_anew(experiment, state, records)
    changed = differences(reopened.run, experiment.threads)
    if dropped:
        notice(dropped)
    if state.stopped:
        where = position(state)
        notice(f"{path}: early stopping ended it after {where}: more epochs change nothing")
    for change in changed:
        notice(f"{change}: last digits may differ from those of a run that was never stopped")
    run = _describe(experiment, command) | _history(reopened.run, changed)
    session = Session(path, experiment, run, state, records, saved)
    with reporting(session):
        files.remove(path / rundir.SUMMARY)
        # the spec first: between the two, a longer spec.yaml may be gone on with, a shorter one may not
        rundir.write_spec(path, dump_spec(experiment.spec))
        rundir.write_json(path / rundir.RUN, run)
    return session


def _restored(experiment: Experiment, path: Path) -> tuple[State, int, str]:
    """The state of the last checkpoint, the number of its records, and where it stands; or the very beginning."""
    spec, saved = experiment.spec, path / rundir.CHECKPOINT
    if not saved.is_file():
        return loop.start(spec, experiment.dataset, initial_vector(spec)), 0, ""
    vector = np.zeros(parameters.count(spec.architecture), spec.dtype)
    state = loop.start(spec, experiment.dataset, vector)
    outputs = spec.architecture[-1].output_dim
    records = checkpoint.restore(saved, state, experiment.length, outputs)
    return state, records, position(state)


def _judge_best_anew(experiment: Experiment, state: State, records: Sequence[Json]) -> None:
    """Earlier versions told the best by another figure where classes are weighted: then their records lack this one."""
    spec, dataset = experiment.spec, experiment.dataset
    monitored = best_figure(spec, figure_names(spec, dataset))
    if state.best and records and monitored not in records[-1]:
        split, _, name = monitored.partition("_")
        weights = class_weights(spec, dataset)
        judge = Evaluator(dataset, split, spec.architecture, spec.loss, spec.dtype, weights)
        best = parameters.views(state.best.vector, spec.architecture)
        state.best.value = judge.figures(best)[name]


def _history(run: Json, changed: list[str]) -> Json:
    """What run.json keeps when a run goes on: when it began, and who has worked on it."""
    session = {key: run[key] for key in (*PROCESS, "ended", "status")}
    session["started"] = run["resumed"] or run["started"]
    return {
        "started": run["started"],
        "resumed": _now(),
        "stacking": run["stacking"],
        "sessions": [*run["sessions"], session][-MOST_SESSIONS:],
        "differences": list(dict.fromkeys([*run["differences"], *changed])),
    }


@contextmanager
def reporting(session: Session) -> Iterator[None]:
    """Whatever ends a training in the middle, run.json says so: no run stays `running` that nobody works on.

    Nothing more is saved of a state that may be half done, or whose record may be lost: what stands is the last
    checkpoint. Where the disk refuses, the error says how to go on from it.
    """
    try:
        with limits.refused():
            yield
    except DivergedError:  # `finish` has said so
        raise
    except MachineError as err:
        _failed(session, err)
        where = session.saved or "the start, for there is no checkpoint yet"
        raise MachineError(
            f"{err}. Mend that, then go on from {where}: {words.command('resume', session.path)}"
        ) from err
    except BaseException as err:  # of who looks on, Ctrl-C at once, or a bug
        _failed(session, err)
        raise


def _failed(session: Session, err: BaseException) -> None:
    """Say in run.json what has ended it. Of the rest what stands there stays: it goes with the spec.yaml beside it."""
    ending = {
        "status": FAILED,
        "ended": _now(),
        "reason": said(err),
        "exit_code": getattr(err, "exit_code", 130 if isinstance(err, KeyboardInterrupt) else 1),
    }
    if not (session.path / rundir.SUMMARY).exists():  # with it, the run is whole and says so
        with suppress(MachineError):
            rundir.write_json(session.path / rundir.RUN, _standing(session) | ending)


def _standing(session: Session) -> Json:
    try:
        return rundir.open_run(session.path)
    except NncliError:  # there is none yet
        return session.run


def said(err: BaseException) -> str:
    """An exception in one line: a refusal in its own words, anything else after its name."""
    if isinstance(err, NncliError):
        return str(err)
    return " ".join(f"{type(err).__name__}: {err}".split()).removesuffix(":")[:300]


def position(state: State) -> str:
    """How far a training is, in words."""
    inside = f", batch {state.batch} of the next" if state.batch else ""
    return f"epoch {state.epoch}{inside}"


def _describe(experiment: Experiment, command: Sequence[str]) -> Json:
    """What run.json holds from the first moment."""
    fingerprint = experiment.dataset.fingerprint
    return {
        "format": FORMAT,
        "name": experiment.spec.name,
        "status": RUNNING,
        "started": _now(),
        "ended": None,
        "command": [words.as_text(word) for word in command],
        "nncli": __version__,
        **machine.describe(),
        "threads": experiment.threads,
        "engine": engines.described(experiment.spec.engine),
        "data": {"sha256": fingerprint.sha256, "sampled": fingerprint.sampled},
        "parameters": parameters.count(experiment.spec.architecture),
        "stacking": STACKING,
        "spec": plain_spec(experiment.spec),
    }


def save(session: Session) -> None:
    """A checkpoint: the records that it counts are on the disk before it."""
    rundir.sync_records(session.path)
    checkpoint.write(session.path / rundir.CHECKPOINT, session.state, len(session.records))
    session.saved = position(session.state)


def finish(session: Session, done: bool, failure: DivergedError | None, why: str = "") -> Result:
    """Save the weights and the state, say in run.json how it ended, and `why` before its time; the summary of a whole
    run comes last."""
    path, spec = session.path, session.experiment.spec
    status = DIVERGED if failure else FINISHED if done else INTERRUPTED
    kept = _save_weights(path, session.experiment, session.state)
    save(session)
    ending: Json = {"status": status, "ended": _now(), "weights_epoch": kept}
    if status == INTERRUPTED:
        ending["reason"] = why
    if failure:
        ending |= {"reason": str(failure), "exit_code": failure.exit_code}
    rundir.write_json(path / rundir.RUN, session.run | ending)
    if failure:
        raise DivergedError(f"{failure}. The last good weights are in {path}") from failure
    monitor = best_figure(spec, figure_names(spec, session.experiment.dataset))
    summary = rundir.summarize(session.records, status, kept, monitor)
    summary["seconds"] = round(summary["seconds"] + session.state.seconds, 3)
    summary["baseline"] = recorded_baselines(spec, session.experiment.dataset)
    if status == FINISHED:
        rundir.write_json(path / rundir.SUMMARY, summary)
    return Result(path, status, summary, position(session.state))


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
    spec = experiment.spec
    meta = weights_meta(spec, experiment.dataset, epoch, batch)
    return Weights(parameters.views(vector, spec.architecture), meta)


def weights_meta(spec: Spec, dataset: Dataset, epoch: int, batch: int) -> Meta:
    """What saved parameters say of themselves."""
    return Meta(
        format=ARRAYS,
        architecture=spec.architecture,
        loss=spec.loss,
        preprocessing=dataset.preprocessing,
        classes=dataset.classes,
        labels=dataset.labels,
        epoch=epoch,
        batch=batch,
    )


def _now() -> str:
    """UTC to the microsecond: it sorts as text, whatever the time zone did."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
