"""Rules about `sweep`: its keys, its ranges, its halving. Like those of rules.py they read plain values."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from nncli.errors import KeyPath, Problem, dotted
from nncli.spec.base import is_whole
from nncli.spec.paths import key_path
from nncli.spec.shape import fields_at, is_key, keys_of, models_at, names_in, number_types
from nncli.spec.suggest import did_you_mean
from nncli.spec.sweeps import SETTINGS

Plain = dict[str, Any]
NEVER_SWEPT = ("sweep", "name", "threads", "checkpoint")
KINDS = ("log", "linear")


def _mapping(value: Any) -> Plain:
    return value if isinstance(value, dict) else {}


def _keys(value: Plain) -> Plain:
    """The swept keys, less the settings of the sweep itself."""
    return {key: one for key, one in _mapping(value.get("sweep")).items() if key not in SETTINGS}


def sweep_goes_over_something(value: Plain) -> Iterator[Problem]:
    """A sweep has a key."""
    sweep = value.get("sweep")
    if sweep == {}:
        yield Problem(("sweep",), "is empty, must hold at least one element")
    elif isinstance(sweep, dict) and not _keys(value):
        yield Problem(("sweep",), "has no key to go over. Add one, such as eta: [0.1, 1, 3].")


def sweep_knows_its_keys(value: Plain) -> Iterator[Problem]:
    """A swept key is a key of the spec; its values are checked trial by trial."""
    for key in _keys(value):
        path = key_path(key) or ("",)
        known = is_key(path)
        if known and path[0] not in NEVER_SWEPT:
            yield from _follows(key, path)
            continue
        settings = SETTINGS if len(path) == 1 else ()
        cure = (
            ""
            if known
            else did_you_mean(str(path[-1]), [*settings, *keys_of(models_at(path[:-1]))])
        )
        yield Problem(
            ("sweep", key),
            f"is not a key that can be swept.{cure} Write it as in eta or optimizer.name.",
        )


def _follows(key: str, path: KeyPath) -> Iterator[Problem]:
    """What a layer takes in is what the one below puts out."""
    if len(path) == 3 and path[0] == "architecture" and path[2] == "input_dim" and path[1]:
        below = dotted((path[0], int(path[1]) - 1, "output_dim"))
        yield Problem(
            ("sweep", key), f"follows from the layer below. Sweep {below}: this goes with it."
        )


def swept_keys_are_apart(value: Plain) -> Iterator[Problem]:
    """Which of a key and a part of it is set last would be an accident."""
    paths = {key: path for key in _keys(value) if (path := key_path(key)) and is_key(path)}
    owners: dict[KeyPath, str] = {}
    for key, path in paths.items():
        owner = owners.setdefault(path, key)
        if owner != key:
            yield _twice(key, "is the same key as", owner)
    for key, path in paths.items():
        outer = (owners[path[:i]] for i in range(1, len(path)) if path[:i] in owners)
        if owner := next(outer, ""):
            yield _twice(key, "is a part of", owner)


def _twice(key: str, what: str, other: str) -> Problem:
    return Problem(("sweep", key), f"{what} {other}, which is swept too. Keep one of them.")


def ranges_are_whole(value: Plain) -> Iterator[Problem]:
    """A range has two ends that rise, of numbers that its key takes, and says how many values it has."""
    sampled = _mapping(value.get("sweep")).get("samples") is not None
    for key, values in _keys(value).items():
        if not isinstance(values, dict):
            continue
        kinds = [kind for kind in KINDS if values.get(kind) is not None]
        if len(kinds) == 1:
            yield from _range_problems(key, kinds[0], values, sampled)
        elif not values.keys() - {*KINDS, "steps"}:
            said = "both log and linear" if kinds else "neither log nor linear"
            yield Problem(
                ("sweep", key),
                f"says {said}. Write a range as {{log: [0.001, 10], steps: 9}}, or with linear.",
            )


def _range_problems(key: str, kind: str, values: Plain, sampled: bool) -> Iterator[Problem]:
    ends = values[kind]
    if not (isinstance(ends, list) and len(ends) == 2 and all(map(_is_number, ends))):
        return
    yield from _number_problems(key, kind, ends)
    here = ("sweep", key, kind)
    first, last = ends
    if kind == "log" and first <= 0:
        yield Problem(
            (*here, 0),
            f"is {first}, must be above 0 for equal factors. Use linear, or begin above 0.",
        )
    elif first == last:
        yield Problem(here, f"begins and ends at {first}. Write a list: [{first}].")
    elif first > last:
        yield Problem(here, f"falls from {first} to {last}. Write [{last}, {first}].")
    steps = values.get("steps")
    if sampled and steps is not None:
        yield Problem(
            ("sweep", key, "steps"),
            "stands beside samples, which draws the values at random. Keep one of them.",
        )
    elif steps is None and not (sampled or values.keys() - {*KINDS, "steps"}):
        written = f"{kind}: [{first}, {last}], steps: 9"
        yield Problem(
            ("sweep", key),
            f"has no steps. Write {{{written}}}, or samples: 40 beside the keys to draw values.",
        )


def _number_problems(key: str, kind: str, ends: list[Any]) -> Iterator[Problem]:
    """The key takes numbers, and the ends are whole where it takes no others."""
    fields = fields_at(key_path(key) or ())
    types = {one for field in fields for one in number_types(field.annotation)}
    if fields and not types:
        names = [name for field in fields for name in names_in(field.annotation)][:3]
        listed = f"Write a list: [{', '.join(names) or '..., ...'}]."
        yield Problem(("sweep", key), f"is a range, but {key} takes no numbers. {listed}")
    for i, end in enumerate(ends):
        if types == {int} and type(end) is float:
            cure = f" Write {int(end)}." if end.is_integer() and abs(end) < 1e15 else ""
            yield Problem(
                ("sweep", key, kind, i), f"is {end}, but {key} takes whole numbers only.{cure}"
            )


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def halving_fits(value: Plain) -> Iterator[Problem]:
    """Rungs are epochs that the spec has."""
    halving = _mapping(value.get("sweep")).get("halving")
    if halving is None:
        return
    here: KeyPath = ("sweep", "halving")
    for key in _keys(value):
        if key in ("epochs", "iterations"):
            yield Problem(
                ("sweep", key), "cannot be swept beside halving, which says how long a trial is."
            )
    if value.get("iterations") is not None:
        yield Problem(here, "counts epochs, but the spec has iterations. Write epochs instead.")
    rungs = _mapping(halving).get("rungs")
    if not (isinstance(rungs, list) and rungs and all(is_whole(rung, 1) for rung in rungs)):
        return
    for i, (before, rung) in enumerate(pairwise(rungs), 1):
        if rung <= before:
            yield Problem(
                (*here, "rungs", i), f"is {rung}, but {before} stands before it: rungs must rise."
            )
    every = value.get("record_every", 1)
    for i, rung in enumerate(rungs):
        if is_whole(every, 1) and rung % every:
            yield Problem(
                (*here, "rungs", i),
                f"is {rung}, but figures are recorded every {every} epochs. Use such epochs, or set record_every.",
            )
    epochs = value.get("epochs")
    if is_whole(epochs, 1) and rungs[-1] > epochs:
        yield Problem(
            (*here, "rungs", len(rungs) - 1),
            f"is {rungs[-1]}, but the spec has {epochs} epochs. Set it to {epochs} at most.",
        )


SWEEP_RULES = (
    sweep_goes_over_something,
    sweep_knows_its_keys,
    swept_keys_are_apart,
    ranges_are_whole,
    halving_fits,
)
