"""The spec of each trial: the base with one point's keys; what it refuses is said of the trial, before any runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from nncli.errors import KeyPath, Problem, SpecError, dotted
from nncli.spec.base import is_whole
from nncli.spec.load import Document, Source
from nncli.spec.model import Spec
from nncli.spec.overrides import COMMAND_LINE
from nncli.spec.page import Mark
from nncli.spec.paths import key_path
from nncli.spec.sweeps import RangeSpec
from nncli.sweep.grid import Point
from nncli.sweep.values import label

WITHOUT_SWEEP = ("threads=1", "sweep=null")
"""A trial has one BLAS thread and no sweep of its own."""


def trial_specs(source: Source, points: Sequence[Point]) -> Iterator[tuple[Point, Spec]]:
    """Each point with its spec. Raises SpecError naming the first trial that the spec refuses, and where in the spec
    file its value stands."""
    document = source.document()
    base = source.changed(WITHOUT_SWEEP)
    layers = len(document.spec.architecture)
    for point in points:
        try:
            yield point, base.changed([*_settings(point, layers)]).document().spec
        except SpecError as err:
            problems = [_of_trial(one, point, document) for one in err.problems]
            raise SpecError(problems) from err


def _settings(point: Point, layers: int) -> Iterator[str]:
    """The point as `--set` takes it. What a layer puts out, the next one takes in: it need not be swept too."""
    paths = {key: key_path(key) or () for key in point}
    for key, value in point.items():
        yield f"{key}={json.dumps(value)}"
        match paths[key]:
            case ("architecture", int(i), "output_dim") if i + 1 < layers and is_whole(value, 1):
                above: KeyPath = ("architecture", i + 1, "input_dim")
                if not any(path == above[: len(path)] for path in paths.values()):
                    yield f"{dotted(above)}={value}"


def _of_trial(problem: Problem, point: Point, document: Document) -> Problem:
    """The problem under the name of its trial, at the place of the value that it is about."""
    trial = f"trial {label(point)}"
    mark = _mark(problem.path, point, document)
    if mark in (None, COMMAND_LINE):
        return replace(problem, place=trial, excerpt="")
    placed = document.page.placed(problem, mark)
    return replace(placed, place=f"{placed.place}: {trial}")


def _mark(path: KeyPath, point: Point, document: Document) -> Mark | None:
    """Where the file lists the value that a problem is about; None where that is no swept key's."""
    about = [key for key in point if path[: len(own := key_path(key) or ())] == own]
    if not about or document.spec.sweep is None:
        return None
    key = max(about, key=len)
    values = document.spec.sweep.keys.get(key, [])
    here: KeyPath = ("sweep", key)
    if not isinstance(values, RangeSpec):
        here += tuple(i for i, value in enumerate(values) if value is point[key])[:1]
    return document.marks.get(here)
