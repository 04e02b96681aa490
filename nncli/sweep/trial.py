"""Trials, in a worker process: ordinary runs in directories of the sweep's, several of them in lockstep."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from nncli import limits, lockstep, preparation, resuming, session
from nncli.errors import DamagedError, DivergedError, LockedError, MachineError, NncliError
from nncli.interrupts import Stop, graceful
from nncli.preparation import initial_vector
from nncli.runs import rundir
from nncli.runs.status import DIVERGED, FAILED, INTERRUPTED
from nncli.session import Result, Session
from nncli.spec.load import parse_spec
from nncli.sweep.sharing import dataset_for

Outcome = dict[str, Any]
"""`status` (finished, diverged, failed, interrupted) and, where it went wrong, `reason` and `exit_code`."""
Plain = dict[str, Any]
PATIENCE = 10.0
"""Seconds that a worker which is ending may still take to save a trial that another one is to go on with."""


def run_trials(
    trials: Sequence[tuple[Plain, Path]], shared: Path | None = None, until: int | None = None
) -> list[Outcome]:
    """Train resolved specs into directories, or go on with what an earlier command or a killed worker has left there:
    to their ends, or for `until` epochs in all. Their data lie in `shared`, if they are shared.

    Several must be of one kind (planner.py). A refusal is an outcome, never an exception.
    """
    outcomes: dict[Path, Outcome] = {}
    with graceful() as stop, ExitStack() as locks:
        opened = [
            run
            for spec, path in trials
            if (run := _Opening(spec, path, shared, locks, outcomes).opened(stop))
        ]
        for run, outcome in lockstep.train(opened, stop, until):
            outcomes[run.path] = _outcome(outcome)
    return [outcomes[path] for _, path in trials]


class _Opening:
    """A trial on its way to be trained, locked until `locks` are released."""

    def __init__(
        self,
        spec: Plain,
        path: Path,
        shared: Path | None,
        locks: ExitStack,
        outcomes: dict[Path, Outcome],
    ) -> None:
        self.spec, self.path, self.shared = spec, path, shared
        self.locks, self.outcomes = locks, outcomes

    def opened(self, stop: Stop) -> Session | None:
        """The trial, ready; None where it already has an outcome. Where another process is writing it, wait a little
        until that is done."""
        end = time.monotonic() + PATIENCE
        try:
            with limits.refused():
                _check_shared(self.path.parent)
                while not stop():
                    try:
                        return self._begun_or_gone_on()
                    except LockedError:
                        if time.monotonic() > end:
                            raise
                        time.sleep(0.2)
            self.outcomes[self.path] = {"status": INTERRUPTED}
        except NncliError as err:
            self.outcomes[self.path] = _outcome(err)
        return None

    def _begun_or_gone_on(self) -> Session | None:
        if (self.path / rundir.RUN).is_file():
            try:
                return self._gone_on()
            except DamagedError:
                rundir.set_aside(self.path)
        return self._begun()

    def _gone_on(self) -> Session | None:
        with ExitStack() as own:
            reopened = own.enter_context(resuming.reopened(self.path))
            if reopened.summary:
                self.outcomes[self.path] = {"status": reopened.summary["status"]}
                return None
            prepared = reopened.prepare(dataset=dataset_for(reopened.spec, self.shared))
            run = session.gone_on(prepared, reopened, sys.argv, notice=lambda message: None)
            self.locks.push(own.pop_all())
            return run

    def _begun(self) -> Session:
        resolved = parse_spec(self.spec, self.path)
        dataset = dataset_for(resolved, self.shared)
        prepared = preparation.prepare(resolved, dataset=dataset, compared=True)
        vector = initial_vector(prepared.spec)
        place = rundir.create_at(self.path)
        return self.locks.enter_context(session.begun(prepared, place, vector, sys.argv))


def _check_shared(folder: Path) -> None:
    """Raise MachineError where this machine does not see the folder that the sweep has made."""
    if not folder.is_dir():
        raise MachineError(
            f"{folder}: is not there on {socket.gethostname()}: every worker must see the runs folder"
        )


def _outcome(outcome: Result | NncliError) -> Outcome:
    if isinstance(outcome, Result):
        return {"status": outcome.status}
    status = DIVERGED if isinstance(outcome, DivergedError) else FAILED
    return {"status": status, "reason": str(outcome), "exit_code": outcome.exit_code}
