"""Whether the runs in a sweep's folder are what the sweep asks for: the same spec and length, and one set of data.

A trial is an ordinary run: it can be resumed for longer, replaced, or come from data that have changed since. Such a
trial is `mismatched`: whoever ranks trials asks `checked` first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nncli.data.dataset import Dataset
from nncli.errors import DamagedError, DataError, KeyPath, SpecError, dotted
from nncli.resuming import MAY_CHANGE, changes
from nncli.runs.documents import Json
from nncli.runs.status import MISMATCHED
from nncli.spec.dump import plain_spec
from nncli.spec.earlier import updated
from nncli.spec.load import parse_spec
from nncli.spec.model import Spec
from nncli.sweep.study import Study, Trial

NAMED = 3
"""Keys that a reason names at most."""
ADVICE = "It is not ranked; the sweep's command keeps it under another name and trains it anew"


def checked(study: Study) -> Study:
    """The study with each trial `mismatched` whose run is not what the sweep asks for. Of trials of one data section,
    the data of the one that was begun first are the sweep's."""
    data = _data(study.with_earlier().trials)

    def judged(trial: Trial) -> Trial:
        reason = _reason(trial, data)
        if not reason:
            return trial
        return replace(
            trial,
            status=MISMATCHED,
            reason=f"{trial.path}: {reason}. {ADVICE}",
            exit_code=DamagedError.exit_code,
        )

    earlier = tuple(map(judged, study.earlier))
    return replace(study, trials=tuple(map(judged, study.trials)), earlier=earlier)


def check_data(study: Study, spec: Spec, dataset: Dataset) -> None:
    """Raise DataError where trials of a sweep were trained on other data than what lies there now."""
    before = _data(study.with_earlier().trials).get(_section(plain_spec(spec)))
    now = dataset.fingerprint.sha256
    if before not in (None, now):
        raise DataError(
            f"{spec.data.source}: the data has changed since {study.path} began: SHA-256 {str(before)[:16]} then, "
            f"{now[:16]} now. Put it back, or start another sweep beside this: add --fresh"
        )


def _data(trials: Iterable[Trial]) -> dict[str, str]:
    """Data section -> the SHA-256 of the data of the first trial that was begun with it."""
    runs = [trial.run for trial in trials if trial.run]
    newest_first = sorted(runs, key=lambda run: str(run["started"]), reverse=True)
    return {_section(run["spec"]): run["data"]["sha256"] for run in newest_first}


def _section(spec: Mapping[str, Any]) -> str:
    """What the data of a spec follow from: its data section, wherever the files lie."""
    data = spec.get("data")
    section = {key: data[key] for key in data if key != "path"} if isinstance(data, dict) else data
    return json.dumps(section, sort_keys=True)


def _reason(trial: Trial, data: Mapping[str, str]) -> str:
    """In what the run of a trial is not what its sweep asks for; "" where it is, or has not begun."""
    if trial.run is None:
        return ""
    spec, sha256 = trial.run["spec"], trial.run["data"]["sha256"]
    if trial.asked and (found := differences(trial.asked, spec, trial.path)):
        return f"was trained with {_told(found)}"
    first = data[_section(spec)]
    if sha256 != first:
        return f"was trained on data of SHA-256 {sha256[:16]}, the trials before it on {first[:16]}"
    return _wrong_length(trial, spec)


def _wrong_length(trial: Trial, spec: Mapping[str, Any]) -> str:
    """That the figures of a trial that finished are not those of so many epochs."""
    epochs, last = spec.get("epochs"), trial.last_epoch
    if not trial.meaning.ranked or epochs is None or last is None or last == epochs:
        return ""
    if last < epochs and spec.get("early_stopping"):
        return ""
    return f"has figures up to epoch {last}, of {epochs} epochs"


def differences(asked: Mapping[str, Any], had: Json, path: Path) -> dict[KeyPath, tuple[Any, Any]]:
    """Where the spec that a run had is not the one that was asked for, apart from what no byte depends on and what its
    data have filled in: key -> (asked, had)."""
    found = _essential(asked, had)
    if not found:
        return {}
    try:  # perhaps an earlier version wrote one of them, without what was added since
        return _essential(*(plain_spec(parse_spec(updated(one), path)) for one in (asked, had)))
    except SpecError:
        return found


def _essential(asked: Mapping[str, Any], had: Mapping[str, Any]) -> dict[KeyPath, tuple[Any, Any]]:
    return {
        key: (old, new)
        for key, (old, new) in changes(asked, had).items()
        if not (key[:1] in MAY_CHANGE or key in MAY_CHANGE or _filled_in(key, old, new))
    }


def _filled_in(key: KeyPath, asked: Any, had: Any) -> bool:
    """Whether a value is what the data make of a spec that leaves it open (fit.py)."""
    match key:
        case ("architecture", _, "input_dim" | "output_dim"):
            return bool(asked == "auto")
        case ("sampling",):
            return asked is None
        case ("track",):
            return bool(asked is not None and had == ["validation", *asked])
    return False


def _told(found: Mapping[KeyPath, tuple[Any, Any]]) -> str:
    """ "epochs 500, this sweep asks for 5"."""
    parts = [
        f"{dotted(key)} {_shown(had)}, this sweep asks for {_shown(asked)}"
        for key, (asked, had) in found.items()
    ]
    more = f"; and {len(parts) - NAMED} keys more" if len(parts) > NAMED else ""
    return "; ".join(parts[:NAMED]) + more


def _shown(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value)[:60]
