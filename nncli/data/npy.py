"""The `npy` source: inputs and targets each in an `.npy` file of its own; large inputs stay on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nncli.data.arrays import Targets, inputs, targets, with_all_classes
from nncli.data.dataset import Dataset, Fingerprint, Split
from nncli.data.disk import DiskRows
from nncli.data.files import shown, size_of_file
from nncli.data.fingerprint import combine, digest, digest_file
from nncli.data.npz import DAMAGE, LONGEST_HEADER, Header, parse, read_header
from nncli.errors import DataError, Problem, SpecError
from nncli.network.params import Array
from nncli.spec.sources import Npy


def load_npy(source: Npy) -> Dataset:
    """Inputs of more than `in_memory` bytes, all files together, stay on disk. The fingerprint is over the digests of
    the files, in the order x, y, x_test, y_test."""
    if (source.x_test is None) != (source.y_test is None):
        key = "y_test" if source.y_test is None else "x_test"
        raise SpecError([Problem(("data", key), "is missing: inputs and targets go together")])
    xs = {"train": Path(source.path)} | ({"test": Path(source.x_test)} if source.x_test else {})
    ys = {"train": Path(source.y)} | ({"test": Path(source.y_test)} if source.y_test else {})
    on_disk = sum(size_of_file(path) for path in xs.values()) > source.in_memory
    rows: dict[str, Array] = {}
    wanted: dict[str, Targets] = {}
    digests: list[Fingerprint] = []
    for name, path in xs.items():
        x, shape, sha_x = _inputs(path, on_disk)
        values, sha_y = _values(ys[name])
        wanted[name] = targets(values, shown(ys[name]), wanted.get("train"))
        if len(x) != len(values):
            raise DataError(
                f"{shown(path)}: has {len(x)} rows, but {shown(ys[name])} has {len(values)}"
            )
        if name == "test" and x.shape[1] != rows["train"].shape[1]:
            raise DataError(f"{shown(path)}: has other columns than {shown(xs['train'])}")
        rows[name] = x
        digests += [sha_x, sha_y]
    wanted = with_all_classes(wanted)
    return Dataset(
        splits={name: Split(x, wanted[name].y) for name, x in rows.items()},
        classes=wanted["train"].class_names,
        labels=wanted["train"].label_names,
        fingerprint=combine(digests),
        scale=source.scale,
        image_shape=(shape[1], shape[2]) if len(shape) == 3 else None,
        origin=shown(source.path),
    )


def _inputs(path: Path, on_disk: bool) -> tuple[Array, tuple[int, ...], Fingerprint]:
    """Rows of inputs, in memory or on disk, the shape that the file declares, and its fingerprint."""
    header = _header(path)
    if not on_disk:
        values, sha = _values(path)
        return inputs(values, shown(path)), header.shape, sha
    if header.fortran or len(header.shape) < 2:
        raise DataError(
            f"{shown(path)}: lies column by column; rows can only stay on disk where they lie row by row"
        )
    rows, features = header.shape[0], int(np.prod(header.shape[1:]))
    large: Array = DiskRows(path, header.start, header.dtype, (rows, features))  # type: ignore[assignment]
    return large, header.shape, digest_file(path)


def _header(path: Path) -> Header:
    size = size_of_file(path)
    where = shown(path)
    try:
        with path.open("rb") as file:
            header = read_header(file.read(LONGEST_HEADER), where)
    except DAMAGE as error:
        raise DataError(f"{where}: is not an .npy file, or a damaged one") from error
    if header.size != size:
        raise DataError(
            f"{where}: expected {header.size} bytes for shape {header.shape}, found {size}"
        )
    return header


def _values(path: Path) -> tuple[Array, Fingerprint]:
    """A whole file."""
    _header(path)
    data = np.fromfile(path, np.uint8)
    return parse(data, shown(path)), digest(data)
