"""Trials whose weights an earlier nncli may have got wrong, where their sweep is gone on with.

Trials in lockstep once took their penalties from one of them, and so whether weights decay, and with `engine: numba`
whether there is an average. What trained so has `stacking` 0 in run.json.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nncli.errors import NncliError
from nncli.runs import rundir
from nncli.spec.model import Spec
from nncli.sweep import planner
from nncli.sweep.study import Study, Trial
from nncli.sweep.values import label
from nncli.training.kinds import AGREED, kind, nothing
from nncli.words import plural

SHARED: Mapping[str, Any] = {
    "regularizer.l1": lambda spec: spec.regularizer.l1,
    "regularizer.l2": lambda spec: spec.regularizer.l2,
    "regularizer.max_norm": lambda spec: spec.regularizer.max_norm,
    "optimizer.weight_decay": lambda spec: bool(getattr(spec.optimizer, "weight_decay", 0)),
    "average": lambda spec: spec.engine == "numba" and bool(spec.average),
}
"""Keys that one of the trials decided for all, and what of their values."""
NAMED = 5
"""Trials that a warning names at most."""

Old = tuple[Trial, Spec]


def warnings(study: Study) -> list[str]:
    """What to say of trials that may have been trained with the settings of another one: nothing, or a line."""
    trials: dict[str, Trial] = {}
    keys: dict[str, None] = {}
    for together in _together(study):
        swept = [
            key for key, read in SHARED.items() if len({read(spec) for _, spec in together}) > 1
        ]
        if swept:
            keys |= dict.fromkeys(swept)
            trials |= {trial.id: trial for trial, _ in together}
    if not trials:
        return []
    names = [label(trial.point) for trial in trials.values()]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return [
        f"{study.path}: an earlier nncli may have trained {plural(len(names), 'trial')} with another trial's "
        f"{', '.join(keys)}: {', '.join(names[:NAMED])}{more}. Train them anew: add --fresh"
    ]


def _together(study: Study) -> Iterator[list[Old]]:
    """The trials that an earlier nncli may have trained in one stack."""
    anything = dict.fromkeys(AGREED, nothing)
    stacks: dict[str, list[Old]] = {}
    for trial, spec in _old(study):
        if spec.gradient == "backprop" and planner.fits(spec) > 1:
            stacks.setdefault(kind(spec, anything), []).append((trial, spec))
    yield from stacks.values()


def _old(study: Study) -> Iterator[Old]:
    for trial in study.with_earlier().trials:  # a stack had them all, asked for or not
        if (trial.path / rundir.RUN).is_file():
            try:
                run = rundir.open_run(trial.path)
                if not run["stacking"]:
                    yield trial, rundir.spec_of(run, trial.path)
            except NncliError:  # said where it is run
                continue
