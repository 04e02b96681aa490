"""One trial, in a worker process: an ordinary run in a directory of the sweep's."""

from __future__ import annotations

import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

from nncli import experiment, preparation
from nncli.data.dataset import Dataset
from nncli.data.sources import load
from nncli.errors import DivergedError, NncliError
from nncli.interrupts import graceful
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
    """Train one resolved spec into `path`. A refusal is an outcome, never an exception."""
    try:
        rundir.set_aside(path)
        resolved = parse_spec(spec, path)
        prepared = preparation.prepare(resolved, dataset=_load(resolved.data, resolved.seed))
        with graceful() as stop:
            result = experiment.train(
                prepared, path.parent, run_dir=path, command=sys.argv, stop=stop
            )
    except NncliError as err:
        status = "diverged" if isinstance(err, DivergedError) else "failed"
        return {"status": status, "reason": str(err), "exit_code": err.exit_code}
    return {"status": result.status}
