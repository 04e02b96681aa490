"""The data of a sweep, read once: plain .npy files in the sweep's folder, which every trial maps into its memory."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from nncli import files
from nncli.data.dataset import Dataset, Fingerprint, Split
from nncli.data.encoding import TableEncoding
from nncli.data.sources import load
from nncli.errors import DamagedError, MachineError
from nncli.filetypes import check_files
from nncli.network.params import Array
from nncli.runs import rundir
from nncli.runs.documents import SHARED
from nncli.spec.model import Spec
from nncli.spec.sources import AnySource
from nncli.sweep.grid import digest

DATASET = SHARED
"""What is not an array; written last, so a folder with it is whole."""


class Offer:
    """A dataset that trials are to share, or none, until it is known where."""

    def __init__(self, spec: Spec | None = None, dataset: Dataset | None = None) -> None:
        self._spec, self._dataset = spec, dataset

    @property
    def dataset(self) -> Dataset | None:
        """What is offered, until it is on the disk."""
        return self._dataset

    @contextmanager
    def within(self, sweep: Path) -> Iterator[Path | None]:
        """The folder where the data lie while inside; None where there is nothing to share, or no room for it.

        For who holds the sweep's lock: what an earlier command that was killed has left there is removed.
        """
        _clear(sweep)
        folder = None
        if self._spec and self._dataset and not self._dataset.on_disk:
            folder = sweep / _name(self._spec, self._dataset.fingerprint)
            try:
                share(self._dataset, folder)
            except MachineError:  # a full disk, say: each worker reads the data for itself
                _clear(sweep)
                folder = None
            self._dataset = None  # from here on it is in the system's file cache, and once
        try:
            yield folder
        finally:
            _clear(sweep)


def _clear(sweep: Path) -> None:
    """What cannot be removed costs room, no more: a network disk may keep the name of a file that is in use."""
    for folder in sweep.glob(".data-*"):
        with suppress(MachineError):
            files.remove_folder(folder)


def _name(spec: Spec, fingerprint: Fingerprint) -> str:
    """What the rows of each split follow from: the data section and the data."""
    parts = [spec.data.model_dump(mode="json"), fingerprint.sha256]
    return f".data-{digest(parts)[:16]}"


def share(dataset: Dataset, folder: Path) -> None:
    """Write a dataset into a new folder so that `open_shared` maps it. Raises MachineError where the disk refuses."""
    if not files.make_new_folder(folder):
        raise MachineError(f"{folder}: is there already")
    for name, split in dataset.splits.items():
        _write(folder / f"{name}.x.npy", split.x)
        _write(folder / f"{name}.y.npy", split.y)
    about = {
        "splits": list(dataset.splits),
        "classes": dataset.classes,
        "fingerprint": asdict(dataset.fingerprint),
        "scale": dataset.scale,
        "image_shape": dataset.image_shape,
        "channels": dataset.channels,
        "origin": dataset.origin,
        "labels": dataset.labels,
        "table": None if dataset.table is None else dataset.table.model_dump(mode="json"),
    }
    files.write_scratch(folder / DATASET, json.dumps(about).encode())


def _write(path: Path, array: Array) -> None:
    """The array as np.save would write it, without a copy."""
    rows = np.ascontiguousarray(array)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, np.lib.format.header_data_from_array_1_0(rows))
    files.write_scratch(path, header.getvalue(), rows.reshape(-1).view(np.uint8).data)


def open_shared(folder: Path) -> Dataset:
    """The dataset that `share` has written: its arrays are read-only views of the files.

    Raises MachineError or DamagedError where the folder is not there, or not whole.
    """
    about: Any = rundir.read_json(folder / DATASET)
    try:
        table = about["table"]
        return Dataset(
            splits={
                name: Split(_map(folder / f"{name}.x.npy"), _map(folder / f"{name}.y.npy"))
                for name in about["splits"]
            },
            classes=_tuple(about["classes"]),
            fingerprint=Fingerprint(**about["fingerprint"]),
            scale=about["scale"],
            image_shape=_tuple(about["image_shape"]),
            channels=about["channels"],
            origin=about["origin"],
            labels=_tuple(about["labels"]),
            table=table and TableEncoding.model_validate_json(json.dumps(table)),
        )
    except (OSError, ValueError, TypeError, KeyError) as err:
        raise DamagedError(f"{folder}: is not the data of a sweep: {err}") from err


def _tuple(values: list[Any] | None) -> Any:
    return None if values is None else tuple(values)


def _map(path: Path) -> Array:
    check_files(path.parent, [path.name])
    # a plain array: np.memmap costs Python code with every slice
    return np.load(path, mmap_mode="r", allow_pickle=False).view(np.ndarray)


def dataset_for(spec: Spec, shared: Path | None = None) -> Dataset:
    """The dataset of a spec: mapped from `shared` where it lies there, otherwise read.

    Another machine may not see that folder, and another trial may have other data. Raises as `load` does.
    """
    if shared is not None:
        with suppress(MachineError, DamagedError):
            dataset = open_shared(shared)
            if shared.name == _name(spec, dataset.fingerprint):
                return dataset
    return _load(spec.data)


@lru_cache(maxsize=1)
def _load(source: AnySource) -> Dataset:
    """Trials of one worker mostly have the same data: it is read once."""
    return load(source)
