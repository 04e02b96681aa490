"""Rows of arrays in pieces, from NPY, NPZ and IDX files of any length: what is in memory is one piece."""

from __future__ import annotations

import errno
import math
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np

from nncli.data import idx, npz
from nncli.data.arrays import inputs
from nncli.data.batches import chunks
from nncli.data.files import Content, Stream, fill, shown
from nncli.errors import DataError
from nncli.network.params import Array

ROWS = 1000
"""Rows of a piece."""
COLUMN_ROWS = 8192
"""Rows of a piece whose columns lie one after the other: each is read by itself."""
Read = Callable[[slice], Array]
"""Rows from here to there -> their values, as they lie in the file."""


def npy_blocks(source: Content, where: str, features: int) -> Iterator[Array]:
    """The rows of an `.npy` file, (rows, features), in order. DataError for what is none, or has other rows."""
    with _damage(where):
        plain = source.path if not (source.gzipped or source.piped) else None
        yield from _npy(source.stream, where, features, source.check_size, plain)


def npz_blocks(path: Path, where: str, features: int) -> Iterator[Array]:
    """The rows of the array `x` of an `.npz` file, or of the only array in it."""
    with _damage(where), path.open("rb") as file, zipfile.ZipFile(file) as archive:
        info = _only(archive, where)
        name = shown(info.filename.removesuffix(".npy"), 60)
        npz.check_sizes(info, path, f"{where}: {name}")
        with archive.open(info) as member:
            stream = cast(zipfile.ZipExtFile, member)  # typeshed knows it as IO only
            check = partial(_check_member, info, f"{where}: {name}")
            yield from _npy(stream, f"{where}: {name}", features, check, None)


def idx_blocks(source: Content, where: str, features: int) -> Iterator[Array]:
    """The rows of an IDX file."""
    header, shape = idx.read_header(source)
    rows = _count(shape, features, where)
    source.check_size(len(header) + math.prod(shape))
    read = _following(source.stream, features, np.dtype(np.uint8), where)
    yield from _blocks(read, rows, ROWS, where)
    source.check_end()


def _only(archive: zipfile.ZipFile, where: str) -> zipfile.ZipInfo:
    members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    if "x" in members:
        return members["x"]
    if len(members) != 1:
        there = shown(", ".join(sorted(members)), 200) or "nothing"
        raise DataError(
            f"{where}: holds no array `x`, only {there}. Rows to predict are called `x`, or are the only array"
        )
    return next(iter(members.values()))


def _check_member(info: zipfile.ZipInfo, where: str, declared: int) -> None:
    if info.file_size != declared:
        raise DataError(f"{where}: expected {declared} bytes, found {info.file_size}")


def _npy(
    stream: Stream, where: str, features: int, check: Callable[[int], None], path: Path | None
) -> Iterator[Array]:
    """`check` is told how many bytes the header declares; `path` is the file as it lies on disk, if it does."""
    start = bytearray(npz.LONGEST_HEADER)
    start = start[: fill(stream, memoryview(start))]
    header = npz.read_header(bytes(start), where)
    rows = _count(header.shape, features, where)
    check(header.size)
    rest = _Prefixed(bytes(start[header.start :]), stream)
    if not header.fortran or len(header.shape) < 2:
        read = _following(rest, features, header.dtype, where)
        yield from _blocks(read, rows, ROWS, where)
        if rest.read1(1):
            raise DataError(f"{where}: more bytes follow than its header declares")
    elif path is not None and rows == header.shape[0]:
        yield from _blocks(_by_columns(path, header), rows, COLUMN_ROWS, where)
    else:  # the first row ends where the file does
        whole = _following(rest, math.prod(header.shape), header.dtype, where)(slice(0, 1))
        shaped = whole.reshape(header.shape, order="F").reshape(rows, features)
        yield from _blocks(lambda chunk: shaped[chunk], rows, ROWS, where)


def _blocks(read: Read, rows: int, size: int, where: str) -> Iterator[Array]:
    for chunk in chunks(rows, size):
        yield inputs(read(chunk), where, chunk.start)


def _following(stream: Stream, features: int, dtype: np.dtype[Any], where: str) -> Read:
    """Rows that lie one after the other."""

    def read(chunk: slice) -> Array:
        block = np.empty((chunk.stop - chunk.start, features), dtype)
        found = fill(stream, block.reshape(-1).view(np.uint8).data)
        if found < block.nbytes:
            row = chunk.start + found // (features * dtype.itemsize)
            raise DataError(f"{where}: truncated: it ends in row {row}")
        return block.astype(dtype.newbyteorder("="), copy=False)

    return read


def _by_columns(path: Path, header: npz.Header) -> Read:
    """Rows of a file in Fortran's order, in which columns lie one after the other."""
    total, item = header.shape[0], header.dtype.itemsize
    columns = math.prod(header.shape[1:])

    def read(chunk: slice) -> Array:
        rows = chunk.stop - chunk.start
        block = np.empty((columns, rows), header.dtype)
        with path.open("rb", buffering=0) as file:
            for number, column in enumerate(block):
                file.seek(header.start + (number * total + chunk.start) * item)
                if file.readinto(column.view(np.uint8).data) != rows * item:
                    raise DataError(f"{shown(path)}: truncated while it was read")
        values = block.astype(header.dtype.newbyteorder("="), copy=False).reshape(-1)
        return values.reshape((rows, *header.shape[1:]), order="F")

    return read


def _count(shape: tuple[int, ...], features: int, where: str) -> int:
    """How many rows there are: one, where the whole array is as large as a row. DataError where rows do not fit."""
    if shape and math.prod(shape[1:]) == features:
        return shape[0]
    if shape and math.prod(shape) == features:
        return 1
    each = math.prod(shape[1:])
    raise DataError(
        f"{where}: has rows of {each} numbers (shape {shape}), but the network takes {features}"
    )


class _Prefixed:
    """A stream, after bytes that were taken from it before."""

    def __init__(self, prefix: bytes, stream: Stream) -> None:
        self._prefix, self._stream = prefix, stream

    def read1(self, size: int, /) -> bytes:
        """What is there, `size` bytes at most."""
        if self._prefix:
            piece, self._prefix = self._prefix[:size], self._prefix[size:]
            return piece
        return self._stream.read1(size)


@contextmanager
def _damage(where: str) -> Iterator[None]:
    """What zipfile and NumPy say of bytes that make no sense becomes a DataError."""
    try:
        yield
    except (*npz.DAMAGE, OSError) as error:
        # a damaged offset makes zipfile seek before the start: the file is wrong, not the machine
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise
        reason = shown(str(error) or type(error).__name__, 60)
        raise DataError(f"{where}: is not an array file, or a damaged one ({reason})") from error
