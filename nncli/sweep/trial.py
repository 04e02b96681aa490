"""Trials, in a worker process: ordinary runs in directories of the sweep's, several of them in lockstep."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from typing import Any

from nncli import lockstep, preparation, resuming, session
from nncli.data.dataset import Dataset
from nncli.data.sources import load
from nncli.errors import DamagedError, DivergedError, NncliError
from nncli.interrupts import graceful
from nncli.preparation import initial_vector
from nncli.runs import rundir
from nncli.session import Result, Session
from nncli.spec.load import parse_spec
from nncli.spec.sources import AnySource

Outcome = dict[str, Any]
"""`status` (finished, diverged, failed, interrupted) and, where it went wrong, `reason` and `exit_code`."""
Plain = dict[str, Any]


@lru_cache(maxsize=1)
def _load(source: AnySource, seed: int) -> Dataset:
    """Trials of one worker mostly share their data: it is read once."""
    return load(source, seed=seed)


def run_trials(trials: Sequence[tuple[Plain, Path]], until: int | None = None) -> list[Outcome]:
    """Train resolved specs into directories, or go on with what an earlier command or a killed worker has left there:
    to their ends, or for `until` epochs in all.

    Several must be of one kind (planner.py). A refusal is an outcome, never an exception.
    """
    outcomes: dict[Path, Outcome] = {}
    with graceful() as stop, ExitStack() as locks:
        opened = [run for trial in trials if (run := _open(*trial, locks, outcomes))]
        for run, outcome in lockstep.train(opened, stop, until):
            outcomes[run.path] = _outcome(outcome)
    return [outcomes[path] for _, path in trials]


def _open(
    spec: Plain, path: Path, locks: ExitStack, outcomes: dict[Path, Outcome]
) -> Session | None:
    """A trial ready to be trained, locked until `locks` are released; None where it already has an outcome."""
    try:
        if (path / rundir.RUN).is_file():
            try:
                return _go_on(path, locks, outcomes)
            except DamagedError:
                rundir.set_aside(path)
        return _begin(spec, path, locks)
    except NncliError as err:
        outcomes[path] = _outcome(err)
        return None


def _go_on(path: Path, locks: ExitStack, outcomes: dict[Path, Outcome]) -> Session | None:
    with ExitStack() as own:
        reopened = own.enter_context(resuming.reopened(path))
        if reopened.summary:
            outcomes[path] = {"status": reopened.summary["status"]}
            return None
        spec = reopened.spec
        prepared = reopened.prepare(dataset=_load(spec.data, spec.seed))
        run = session.gone_on(prepared, reopened, sys.argv, notice=lambda message: None)
        locks.push(own.pop_all())
        return run


def _begin(spec: Plain, path: Path, locks: ExitStack) -> Session:
    resolved = parse_spec(spec, path)
    prepared = preparation.prepare(resolved, dataset=_load(resolved.data, resolved.seed))
    vector = initial_vector(resolved)
    place = rundir.create_at(path)
    return locks.enter_context(session.begun(prepared, place, vector, sys.argv))


def _outcome(outcome: Result | NncliError) -> Outcome:
    if isinstance(outcome, Result):
        return {"status": outcome.status}
    status = "diverged" if isinstance(outcome, DivergedError) else "failed"
    return {"status": status, "reason": str(outcome), "exit_code": outcome.exit_code}
