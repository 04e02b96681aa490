"""One trial, in a worker process: an ordinary run in a directory of the sweep's."""

from __future__ import annotations

import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

from nncli import experiment, preparation, resuming
from nncli.data.dataset import Dataset
from nncli.data.sources import load
from nncli.errors import DamagedError, DivergedError, NncliError
from nncli.interrupts import Stop, graceful
from nncli.runs import rundir
from nncli.spec.load import parse_spec
from nncli.spec.sources import AnySource

Outcome = dict[str, Any]
"""`status` (finished, diverged, failed, interrupted) and, where it went wrong, `reason` and `exit_code`."""


@lru_cache(maxsize=1)
def _load(source: AnySource, seed: int) -> Dataset:
    """Trials of one worker mostly share their data: it is read once."""
    return load(source, seed=seed)


def run_trial(spec: dict[str, Any], path: Path) -> Outcome:
    """Train one resolved spec into `path`, or go on with what an earlier command or a killed worker has left there.

    A refusal is an outcome, never an exception.
    """
    try:
        with graceful() as stop:
            status = _go_on(path, stop) or _begin(spec, path, stop)
    except NncliError as err:
        status = "diverged" if isinstance(err, DivergedError) else "failed"
        return {"status": status, "reason": str(err), "exit_code": err.exit_code}
    return {"status": status}


def _go_on(path: Path, stop: Stop) -> str:
    """Resume a trial; "" where there is none, or what there is cannot be read and was set aside."""
    if not (path / rundir.RUN).is_file():
        return ""
    try:
        with resuming.reopened(path) as reopened:
            if reopened.summary:
                return str(reopened.summary["status"])
            spec = reopened.spec
            prepared = reopened.prepare(dataset=_load(spec.data, spec.seed))
            return experiment.resume(prepared, reopened, command=sys.argv, stop=stop).status
    except DamagedError:
        rundir.set_aside(path)
        return ""


def _begin(spec: dict[str, Any], path: Path, stop: Stop) -> str:
    resolved = parse_spec(spec, path)
    prepared = preparation.prepare(resolved, dataset=_load(resolved.data, resolved.seed))
    result = experiment.train(prepared, path.parent, run_dir=path, command=sys.argv, stop=stop)
    return result.status
