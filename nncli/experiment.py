"""Where spec, data, network, loop and run directory meet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from nncli import session as sessions
from nncli.blas import blas_threads
from nncli.errors import DivergedError, NncliError
from nncli.preparation import Experiment, initial_vector
from nncli.resuming import Reopened
from nncli.runs import rundir
from nncli.session import Result, Session
from nncli.training import cadence, loop
from nncli.training.loop import Progress
from nncli.training.state import State
from nncli.training.trainer import Record, Trainer


class Watcher(Protocol):
    """Who looks on while a network trains."""

    def started(
        self, experiment: Experiment, path: Path, state: State, records: Sequence[Record]
    ) -> None:
        """Training begins, or goes on from a state and the records so far."""

    def progress(self, progress: Progress) -> None: ...
    def recorded(self, record: Record) -> None: ...


class Nobody:
    """A watcher that looks away."""

    def started(
        self, experiment: Experiment, path: Path, state: State, records: Sequence[Record]
    ) -> None: ...
    def progress(self, progress: Progress) -> None: ...
    def recorded(self, record: Record) -> None: ...


class Several:
    """Watchers beside each other, called in their order."""

    def __init__(self, *watchers: Watcher) -> None:
        self._watchers = watchers

    def started(
        self, experiment: Experiment, path: Path, state: State, records: Sequence[Record]
    ) -> None:
        for each in self._watchers:
            each.started(experiment, path, state, records)

    def progress(self, progress: Progress) -> None:
        for each in self._watchers:
            each.progress(progress)

    def recorded(self, record: Record) -> None:
        for each in self._watchers:
            each.recorded(record)


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
    vector = initial_vector(experiment.spec)
    path = rundir.create_at(run_dir) if run_dir else rundir.create(runs_dir, experiment.spec.name)
    with sessions.begun(experiment, path, vector, command) as session:
        return _go_on(session, watcher or Nobody(), stop)


def resume(
    experiment: Experiment,
    reopened: Reopened,
    *,
    command: Sequence[str] = (),
    watcher: Watcher | None = None,
    stop: Callable[[], bool] = lambda: False,
    notice: Callable[[str], None] = lambda message: None,
) -> Result:
    """Go on with a run from its last checkpoint, or from its beginning where it has none; to the bytes of a run that
    was never stopped.

    `notice` hears what was dropped of the metrics, and what on this machine is not as before. Raises as `train` does,
    and DamagedError where the checkpoint or the metrics are damaged.
    """
    session = sessions.gone_on(experiment, reopened, command, notice)
    return _go_on(session, watcher or Nobody(), stop)


def _go_on(session: Session, watcher: Watcher, stop: Callable[[], bool]) -> Result:
    """Train to the end or until `stop()`, with checkpoints on the way."""
    experiment, state = session.experiment, session.state
    failure, broken = None, None
    with blas_threads(experiment.threads), sessions.reporting(session):
        watcher.started(experiment, session.path, state, session.records)
        trainer = Trainer.of(experiment.spec, experiment.dataset, state)
        try:
            while not (trainer.done or stop()):
                _to_the_next_checkpoint(session, trainer, watcher, stop)
                if not (trainer.done or stop()):
                    sessions.save(session)
        except DivergedError as err:
            failure = err
        except _WatcherError as err:
            broken = err.__cause__
        why = sessions.said(broken) if broken else ""
        result = sessions.finish(session, trainer.done, failure, why)
    if broken:
        raise broken
    return result


class _WatcherError(BaseException):
    """Who looks on has raised something, its cause, when it saw a record: the state is whole, and can be saved."""


def _to_the_next_checkpoint(
    session: Session, trainer: Trainer, watcher: Watcher, stop: Callable[[], bool]
) -> None:
    """Train until a checkpoint is due, to the end, or until `stop()`; each record is kept at once."""
    every = session.experiment.spec.checkpoint
    due = cadence.of(every, trainer.length.batches, lambda: trainer.steps)
    for record in loop.train(trainer, watch=watcher.progress, pause=lambda: stop() or due()):
        rundir.append_record(session.path, record)
        session.records.append(record)
        try:
            watcher.recorded(record)
        except NncliError:  # the disk refused its file: as where it refuses the run's
            raise
        except BaseException as err:
            raise _WatcherError from err
