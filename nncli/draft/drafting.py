"""From a path to a spec that trains on what lies there."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nncli import preparation
from nncli.data.files import shown
from nncli.draft.found import Found
from nncli.draft.idx import found_in_idx
from nncli.draft.kinds import Place, place
from nncli.draft.npz import found_in_npz
from nncli.draft.pictures import found_in_pictures
from nncli.draft.tables import found_in_table
from nncli.errors import DataError, SpecError
from nncli.preparation import Experiment
from nncli.spec.load import parse_spec
from nncli.spec.model import Spec
from nncli.spec.source import parse

Finder = Callable[[Path, str, Sequence[str]], Found]


FINDERS: dict[str, Finder] = {
    "csv": found_in_table,
    "idx": found_in_idx,
    "npz": found_in_npz,
    "images": found_in_pictures,
}
"""Kind of data -> what finds out about them, given the path, how the spec writes it, and the targets."""


@dataclass(frozen=True)
class Draft:
    """A spec that has been found to train."""

    text: str
    experiment: Experiment
    """As the spec prepares it."""
    place: Place
    facts: dict[str, str]


def beside(data: Path) -> Path:
    """Where the spec for some data belongs. UsageError or DataError where they are none."""
    there = place(data)
    return there.path.parent / f"{there.stem}.yaml"


def draft(data: Path, targets: Sequence[str], path: Path) -> Draft:
    """The spec for some data, as it has to be at `path`.

    UsageError or DataError, in one line, where nothing can be learnt from them as they are.
    """
    there = place(data)
    written = _relative(there.path, path.parent)
    found = FINDERS[there.kind](there.path, written, targets)
    text = found.text(_title(there, path))
    experiment = _proved(text, path, there.path)
    return Draft(text, experiment, there, dict(found.facts))


def _title(there: Place, path: Path) -> str:
    return (
        f"Written by `nncli init` for {shown(there.path.name, 60)}; every line is yours to change."
    )


def _relative(data: Path, folder: Path) -> str:
    """The data as a spec in `folder` names them."""
    target = data.parent.resolve() / data.name
    try:
        return Path(os.path.relpath(target, folder.resolve())).as_posix()
    except ValueError:  # on another drive
        return str(target)


def read_draft(text: str, path: Path) -> Spec:
    """The spec in a draft that will lie at `path`."""
    tree = parse(text)
    if tree.problems:
        raise SpecError([problem for _, problem in tree.problems])
    return parse_spec(tree.value, path.resolve().parent)


def _proved(text: str, path: Path, data: Path) -> Experiment:
    """What the spec trains. What the data do not allow is said of the data: nobody has seen the spec."""
    try:
        experiment = preparation.prepare(read_draft(text, path))
        preparation.initial_vector(experiment.spec)
    except SpecError as err:
        raise DataError(f"{shown(data)}: {err.problems[0].message}") from err
    return experiment
