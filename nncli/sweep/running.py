"""A sweep is run: what is missing, in jobs for workers, round by round where it is halved."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nncli import files, limits
from nncli.errors import MachineError
from nncli.runs import lock, rundir
from nncli.runs.status import FAILED, INTERRUPTED, MISMATCHED, WAITING
from nncli.spec.dump import plain_spec
from nncli.spec.sweeps import HalvingSpec
from nncli.sweep import halving, planner
from nncli.sweep.agreement import checked
from nncli.sweep.executors import Job, Workers
from nncli.sweep.sharing import Offer
from nncli.sweep.study import SWEEP, SWEEP_SPEC, TRIALS, Study, Trial, observe, write_specs
from nncli.sweep.trial import run_trials

Group = tuple[str, ...]
"""The trials of a job."""


@dataclass(frozen=True)
class Watching:
    """Who looks on, and who may end it."""

    stop: Callable[[], bool]
    tick: Callable[[Study], None]
    """Sees the study a few times a second."""
    ended: Callable[[Trial], None]
    """Sees each trial that ends."""


def run(
    study: Study,
    source: bytes,
    *,
    workers: Workers[Group],
    data: Offer,
    watching: Watching,
    halved: HalvingSpec | None = None,
) -> Study:
    """Run what is missing; `source` is the spec file as written, `data` what its trials share.

    Raises LockedError where another process runs the same sweep.
    """
    files.make_folders(study.path)
    files.make_inner_folder(study.path / TRIALS)
    with lock.writing(study.path, "another sweep"), data.within(study.path.absolute()) as shared:
        files.replace(study.path / SWEEP_SPEC, source)
        write_specs(study)
        # observed again: another sweep may have gone on with it until the lock was free
        study = checked(study.mapped(observe)).mapped(_ready)
        _save(study, halved)
        for rung in halving.rungs(study, halved):
            study = checked(_train(study, workers, shared, watching, until=rung, halved=halved))
            if rung is None or watching.stop():
                break
            if not all(halving.has_reached(one, rung) for one in study.trials):
                break  # a worker was told to end: no rung is decided without a trial on its way there
            study = halving.halve(study, rung, halved.keep if halved else 1.0, watching.ended)
            _save(study, halved)
        _save(study, halved)
    return study


def _train(
    study: Study,
    workers: Workers[Group],
    shared: Path | None,
    watching: Watching,
    until: int | None,
    halved: HalvingSpec | None,
) -> Study:
    """The study once its trials have ended, or have come to the rung `until`."""

    def refresh() -> None:
        watching.tick(study.mapped(lambda t: t if t.meaning.over else observe(t)))

    jobs = _jobs(study, workers.slots, shared, until)
    for identities, outcome in workers.run(jobs, watching.stop, refresh):
        each = outcome if isinstance(outcome, list) else [outcome] * len(identities)
        for identity, own in zip(identities, each, strict=True):
            trial = _ended(study.trial(identity), own)
            study = study.replaced(trial)
            if until is None or not halving.has_reached(trial, until):
                watching.ended(trial)
        _save(study, halved)
    # those that an earlier command has brought so far
    return study.mapped(lambda trial: observe(trial) if trial.status == WAITING else trial)


def _jobs(study: Study, slots: int, shared: Path | None, until: int | None) -> list[Job[Group]]:
    """What is to be trained, in groups that train in lockstep."""
    todo = [
        (trial, trial.spec)
        for trial in study.trials
        if trial.spec and not trial.meaning.over
        if until is None or not halving.has_reached(trial, until)
    ]
    jobs: list[Job[Group]] = []
    for group in planner.plan([spec for _, spec in todo], slots):
        trials = [todo[number] for number in group]
        calls = [(plain_spec(spec), trial.path.absolute()) for trial, spec in trials]
        jobs.append((tuple(trial.id for trial, _ in trials), run_trials, (calls, shared, until)))
    return jobs


def _ready(trial: Trial) -> Trial:
    """A trial that is still to be run forgets how an earlier one ended."""
    if not trial.to_run:
        return trial
    if trial.status == MISMATCHED:
        rundir.set_aside(trial.path)
        trial = replace(trial, run=None, last_epoch=None)
    if trial.meaning.in_order:
        return replace(trial, reason="", exit_code=0)
    return replace(trial, status=WAITING, reason="", exit_code=0, figures=None)


def _ended(trial: Trial, outcome: Any) -> Trial:
    """A trial with what its worker said of it; the exception that the worker died of, or None where it was stopped."""
    if outcome is None:
        began = (trial.path / rundir.RUN).is_file()
        return replace(observe(trial), status=INTERRUPTED if began else WAITING)
    if isinstance(outcome, BrokenExecutor):
        return replace(trial, status=FAILED, reason=str(outcome), exit_code=1)
    refused = isinstance(outcome, MachineError)
    line = (
        str(outcome)
        if refused
        else limits.reached(outcome)
        if isinstance(outcome, BaseException)
        else ""
    )
    if line:
        return replace(trial, status=FAILED, reason=line, exit_code=MachineError.exit_code)
    if isinstance(outcome, BaseException):
        reason = f"a bug in nncli: {type(outcome).__name__}: {outcome}"
        return replace(trial, status=FAILED, reason=reason, exit_code=1)
    seen = observe(trial)
    begun = (trial.path / rundir.RUN).is_file()
    return replace(
        seen,
        status=outcome["status"] if begun or outcome["status"] != INTERRUPTED else WAITING,
        reason=outcome.get("reason", ""),
        exit_code=outcome.get("exit_code", 0),
    )


def _save(study: Study, halved: HalvingSpec | None) -> None:
    by = {"halving": halved.model_dump(mode="json") if halved else None}
    rundir.write_json(study.path / SWEEP, study.as_json() | by)
