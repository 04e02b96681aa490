"""Arrays of an `.npz` file: a zip archive of `.npy` files, each a header and the bytes of one array.

Read member by member into a buffer of the size that zip entry and header agree on; never a pickle.
"""

from __future__ import annotations

import difflib
import errno
import io
import math
import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.lib import format as npy

from nncli.data.arrays import Targets, inputs, targets, with_all_classes
from nncli.data.dataset import Dataset, Fingerprint, Split
from nncli.data.files import check_inflation, fill, shown, size_of_file
from nncli.data.fingerprint import combine, digest
from nncli.errors import DataError, Problem, SpecError
from nncli.network.params import Array
from nncli.spec.sources import Npz

LONGEST_HEADER = 16 * 1024
HEADER_READERS: dict[tuple[int, int], Any] = {
    (1, 0): npy.read_array_header_1_0,
    (2, 0): npy.read_array_header_2_0,
}
COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    struct.error,
    ValueError,
    TypeError,
    IndexError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
    SyntaxError,
    tokenize.TokenError,
)
"""What zipfile and NumPy's header reader raise for bytes that make no sense."""


@dataclass(frozen=True)
class NpyArray:
    """One array as it lies in the file."""

    where: str
    """`file: array` for messages."""
    values: Array
    fingerprint: Fingerprint
    """Of the uncompressed bytes of its `.npy` file."""


def load_npz(source: Npz) -> Dataset:
    """Inputs and targets by name. The fingerprint is over the digests of the `.npy` files used, in order."""
    path = Path(source.path)
    with _opened(path) as archive:
        arrays = _read_named(archive, path, source)
    xs, ys = {}, {}
    xs["train"], ys["train"] = _part(arrays["x"], arrays["y"], None)
    if "x_test" in arrays:
        xs["test"], ys["test"] = _part(arrays["x_test"], arrays["y_test"], ys["train"])
        _check_features(xs["test"], xs["train"], arrays["x_test"].where)
    ys = with_all_classes(ys)
    shape = arrays["x"].values.shape
    return Dataset(
        splits={name: Split(x, ys[name].y) for name, x in xs.items()},
        classes=ys["train"].class_names,
        labels=ys["train"].label_names,
        fingerprint=combine([array.fingerprint for array in arrays.values()]),
        scale=source.scale,
        image_shape=(shape[1], shape[2]) if len(shape) == 3 else None,
        origin=str(path),
    )


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive; what is wrong with its bytes becomes a DataError."""
    size_of_file(path)
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            yield archive
    except (*DAMAGE, OSError) as error:
        # a damaged offset makes zipfile seek before the start: the file is wrong, not the machine
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise
        reason = shown(str(error) or type(error).__name__, 60)
        raise DataError(
            f"{shown(path)}: is not an .npz file, or a damaged one ({reason})"
        ) from error


def shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """The arrays of numbers in a file and their shapes, from their headers. DataError where it is no `.npz` file."""
    found = {}
    with _opened(path) as archive:
        for info in archive.infolist():
            with archive.open(info) as member:
                head = io.BytesIO(member.read(LONGEST_HEADER))
            version = npy.read_magic(head)
            if version in HEADER_READERS:
                shape, _, dtype = _header(version, head)
                if dtype.kind in "biuf":
                    found[info.filename.removesuffix(".npy")] = shape
    return found


def read_array(path: Path, name: str) -> Array:
    """One array by its name. SpecError where there is none, DataError where it cannot be read."""
    with _opened(path) as archive:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        return read_member(archive, _member(members, path, "x", name), path).values


def _read_named(archive: zipfile.ZipFile, path: Path, source: Npz) -> dict[str, NpyArray]:
    members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    return {
        key: read_member(archive, _member(members, path, key, name), path)
        for key, name in _names(members, source).items()
    }


def _names(members: dict[str, zipfile.ZipInfo], source: Npz) -> dict[str, str]:
    """Key of the spec -> name of the array. The test set is what the spec names, else what has the default names."""
    named = {"x": source.x, "y": source.y}
    asked = source.x_test is not None or source.y_test is not None
    if asked or {"x_test", "y_test"} & members.keys():
        named |= {"x_test": source.x_test or "x_test", "y_test": source.y_test or "y_test"}
    return named


def _member(
    members: dict[str, zipfile.ZipInfo], path: Path, key: str, name: str
) -> zipfile.ZipInfo:
    if name in members:
        return members[name]
    close = difflib.get_close_matches(name, members, n=1)
    hint = f" Did you mean `{shown(close[0], 60)}`?" if close else ""
    there = shown(", ".join(sorted(members)), 200) or "nothing"
    message = f"{shown(path)} holds no array `{shown(name, 60)}`, only {there}.{hint}"
    raise SpecError([Problem(("data", key), message)])


def read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> NpyArray:
    """One array, as a view of the buffer its member was read into. DataError where the sizes disagree."""
    where = f"{shown(path)}: {shown(info.filename.removesuffix('.npy'), 60)}"
    check_sizes(info, path, where)
    data = np.empty(info.file_size, np.uint8)
    with archive.open(info) as member:
        stream = cast(zipfile.ZipExtFile, member)  # typeshed knows it as IO only
        found = fill(stream, data.data)
    if found < info.file_size:
        raise DataError(f"{where}: truncated: expected {info.file_size} bytes, found {found}")
    return NpyArray(where, parse(data, where), digest(data))


class Header(NamedTuple):
    """What the first bytes of an `.npy` file say."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]
    start: int
    """Where the values begin."""

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        return self.start + math.prod(self.shape) * self.dtype.itemsize


def read_header(start: bytes, where: str) -> Header:
    """The header of an `.npy` file, from its first `LONGEST_HEADER` bytes. DataError for what holds no numbers, one of
    DAMAGE for what makes no sense."""
    head = io.BytesIO(start)
    version = npy.read_magic(head)
    if version not in HEADER_READERS:
        raise DataError(f"{where}: .npy version {version}; expected plain arrays of numbers")
    shape, fortran, dtype = _header(version, head)
    if dtype.kind not in "biuf":
        raise DataError(f"{where}: holds {shown(dtype, 60)}; expected numbers")
    if any(length < 0 for length in shape):
        raise DataError(f"{where}: declares fewer than no bytes for shape {shown(shape, 60)}")
    return Header(shape, fortran, dtype, head.tell())


def parse(data: Array, where: str) -> Array:
    """The array in the bytes of an `.npy` file (numpy.lib.format), without a copy where its layout allows that."""
    header = read_header(data[:LONGEST_HEADER].tobytes(), where)
    if header.size != len(data):
        raise DataError(
            f"{where}: expected {header.size} bytes for shape {header.shape}, found {len(data)}"
        )
    order: Any = "F" if header.fortran else "C"
    values = data[header.start :].view(header.dtype).reshape(header.shape, order=order)
    return np.require(values, header.dtype.newbyteorder("="), ["C", "A"])


def _header(version: tuple[int, int], head: io.BytesIO) -> Any:
    """Shape, order and type. NumPy warns of a header that Python 2 wrote, Python of what looks like a mistake."""
    try:
        with warnings.catch_warnings(action="ignore"):
            return HEADER_READERS[version](head)
    except MemoryError as error:  # so Python's parser says that brackets are nested too deep
        raise ValueError("a header that nothing can read") from error


def check_sizes(info: zipfile.ZipInfo, path: Path, where: str) -> None:
    """DataError where what a member declares cannot be, or is too large."""
    if info.compress_type not in COMPRESSIONS:
        raise DataError(f"{where}: another compression than numpy.savez writes")
    if info.compress_size > path.stat().st_size:
        raise DataError(f"{where}: declares {info.compress_size} bytes, more than the file has")
    if info.compress_type == zipfile.ZIP_DEFLATED:
        cure = "numpy.savez writes the same arrays uncompressed"
        check_inflation(info.file_size, info.compress_size, where, cure)
    elif info.file_size != info.compress_size:
        raise DataError(f"{where}: expected {info.file_size} bytes, found {info.compress_size}")


def _part(x: NpyArray, y: NpyArray, like: Targets | None) -> tuple[Array, Targets]:
    """Inputs and targets of the same length; a test set's targets are of the kind of the training set's."""
    rows, wanted = inputs(x.values, x.where), targets(y.values, y.where, like)
    if len(rows) != len(wanted.y):
        raise DataError(f"{x.where}: has {len(rows)} rows, but {y.where} {len(wanted.y)}")
    return rows, wanted


def _check_features(test: Array, train: Array, where: str) -> None:
    if train.shape[1] != test.shape[1]:
        raise DataError(f"{where}: has {test.shape[1]} features, training has {train.shape[1]}")
