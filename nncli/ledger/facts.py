"""What can be asked of a run by name: any key of its spec, what run.json says of it, its figures."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from nncli.errors import KeyPath
from nncli.runs.documents import Json
from nncli.runs.listing import Listed
from nncli.runs.status import status_of
from nncli.spec.paths import key_path
from nncli.words import local_time

FACTS = (
    *("name", "status", "started", "ended", "parameters", "reason"),
    *("nncli", "numpy", "python", "blas", "cpu", "threads", "engine", "host", "platform"),
)
"""Of run.json."""
HEADS = ("name", "source", "weights")
"""The keys that a bare name stands for: `optimizer: adam` is `{name: adam}`."""
FINAL, BEST = "final.", "best."
"""Before the name of a figure: that of the last epoch, or its best value over the run, not that of what was kept."""
MOMENTS = ("started", "ended")
"""Facts that are points in time; told in local time."""
ALIASES = {"source": "data.source"}
"""Keys that are asked for by less than their whole path."""
MISSING: Any = object()
"""What a run has under a name that is not its own."""


def fact(listed: Listed, name: str) -> Any:
    """What a run has under a name: `optimizer` and `optimizer.rho` and `test_accuracy` alike; MISSING where nothing.

    What a spec leaves open, as `threads`, is what the run then had.
    """
    asked = _of_spec(listed, name)
    if asked is not MISSING and not (asked is None and name in FACTS):
        return asked
    value = _of_run(listed, name)
    return _of_figures(listed, name) if value is MISSING else value


def names(listed: Listed) -> list[str]:
    """Everything that could be asked of a run."""
    return [*leaves(listed.run["spec"]), *FACTS, *all_figures(listed.summary)]


def _of_spec(listed: Listed, name: str) -> Any:
    value: Any = listed.run["spec"]
    for part in _path(name):
        if isinstance(value, dict):
            value = value.get(part, MISSING)
        else:
            is_there = isinstance(value, list) and isinstance(part, int) and part < len(value)
            value = value[part] if is_there else MISSING
    return short(value)


@cache
def _path(name: str) -> KeyPath:
    """The parts of a name, which is asked of every run; one that no spec has where it is none."""
    return key_path(ALIASES.get(name, name)) or ("",)


def short(value: Any) -> Any:
    """A section that has a name, as its name."""
    if isinstance(value, Mapping):
        return next((value[head] for head in HEADS if head in value), value)
    return value


def _of_run(listed: Listed, name: str) -> Any:
    if name == "status":
        return status_of(listed.run)
    value = listed.run.get(name, MISSING) if name in FACTS else MISSING
    return local_time(value, "microseconds") if name in MOMENTS and value else value


def _of_figures(listed: Listed, name: str) -> Any:
    known = all_figures if name.startswith((FINAL, BEST)) else figures
    return known(listed.summary).get(name, MISSING)


def figures(summary: Json | None) -> dict[str, Any]:
    """Of the parameters that were kept; and how long the training took."""
    return {**summary["kept"], "seconds": summary["seconds"]} if summary else {}


def all_figures(summary: Json | None) -> dict[str, Any]:
    """Those, and behind them `final.` the last epoch's and `best.` the best of each."""
    if not summary:
        return {}
    final = {FINAL + name: value for name, value in summary["final"].items()}
    best = {BEST + name: one["value"] for name, one in summary["best"].items()}
    return figures(summary) | final | best


def leaves(spec: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Every key of a spec that holds no other keys, with its value: lists are whole."""
    found: dict[str, Any] = {}
    for key, value in spec.items():
        if isinstance(value, Mapping):
            found |= leaves(value, f"{above}{key}.")
        else:
            found[above + key] = value
    return found
