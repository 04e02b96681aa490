"""From the `data:` section of a spec to a dataset."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nncli import limits
from nncli.data import digits, idx, images, mnist, npy, npz, table, toys
from nncli.data.dataset import Dataset
from nncli.data.encoding import Fitted
from nncli.data.files import shown
from nncli.data.progress import Progress
from nncli.data.splits import divide
from nncli.errors import Problem, SpecError
from nncli.spec.base import unset_in
from nncli.spec.sources import AnySource

MOST_NAMED = 10
"""Classes that are named in a line."""
Loader = Callable[[Any, Progress | None], Dataset]

LOADERS: dict[str, Loader] = {
    "mnist": mnist.load_mnist,
    "idx": lambda source, _: idx.load_idx(source),
    "digits": lambda source, _: digits.load_digits(),
    "moons": lambda source, _: toys.load_moons(source),
    "circles": lambda source, _: toys.load_circles(source),
    "spirals": lambda source, _: toys.load_spirals(source),
    "npz": lambda source, _: npz.load_npz(source),
    "npy": lambda source, _: npy.load_npy(source),
    "images": images.load_images,
}
"""Name of a source -> what reads it: `train` with all its rows, and `test` where it has one of its own."""
PATHS = {"npy": ("path", "y", "x_test", "y_test")}
"""Keys that may hold paths, where they are others than most sources have."""
DIVIDED: dict[str, Callable[..., Dataset]] = {"csv": table.load_csv}
"""The same for sources that divide their rows themselves, since they learn from training rows how to encode them."""


def load(
    source: AnySource,
    *,
    fitted: Fitted | None = None,
    on_progress: Progress | None = None,
) -> Dataset:
    """Read a source and split it.

    A table is encoded as `fitted` says, if it is given, otherwise as its training rows suggest.

    SpecError or DataError (2) for what is wrong with spec or data, MachineError (4) for what cannot be read or fetched.
    """
    with _machine_errors():
        for key in PATHS.get(source.source, ("path", "test", "validation")):
            _check_path(key, getattr(source, key, None))
        if source.source in DIVIDED:
            found = DIVIDED[source.source](source, fitted=fitted, on_progress=on_progress)
        else:
            whole = LOADERS[source.source](source, on_progress)
            splits = divide(whole.splits, source, classes=whole.classes)
            found = dataclasses.replace(whole, splits=splits)
        return dataclasses.replace(found, notes=(*found.notes, *_untrained(found)))


def _untrained(dataset: Dataset) -> Iterator[str]:
    """A line where there are classes that no training row has."""
    if names := dataset.untrained:
        few = ", ".join(f"`{shown(name, 40)}`" for name in names[:MOST_NAMED])
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        yield f"no training row is of class {few}{more}: the network cannot learn it"


def _check_path(key: str, path: object) -> None:
    """Whether there is something, where the key holds a path."""
    try:
        if isinstance(path, str):
            Path(path).stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        message = f"there is no file or folder {shown(path)}{unset_in(str(path))}"
        raise SpecError([Problem(("data", key), message)]) from error


@contextmanager
def _machine_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        place = "" if error.filename is None else f"{shown(error.filename)}: "
        raise limits.refusal(error, f"{place}cannot be read") from error
    except MemoryError as error:
        raise limits.refusal(error, "the data do not fit") from error
