"""Self-checking `.npz` archives: plain NumPy files whose archive comment is the SHA-256 of all bytes before it.

`numpy.load` reads them, and so does anything that reads zip files. Nothing in one is used before its digest, its
members, and their headers have been checked; no member is ever unpickled.
"""

from __future__ import annotations

import hashlib
import math
import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import numpy as np

from nncli import files, machine
from nncli.data.files import shown
from nncli.errors import DamagedError
from nncli.network.params import Array, Arrays

_DIGEST = 64
"""Length of a SHA-256 in hexadecimal."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The date of every member: the same arrays are the same bytes, whenever they are written."""
_BAD_ZIP = (
    zipfile.BadZipFile,
    NotImplementedError,
    EOFError,
    OSError,
    RuntimeError,
    zlib.error,
    struct.error,
    ValueError,
)
"""What a damaged, encrypted or strange zip file makes of itself in zipfile."""
_BAD_HEADER = (
    ValueError,
    SyntaxError,
    TypeError,
    IndexError,
    OverflowError,
    RecursionError,
    MemoryError,  # so Python's parser says that brackets are nested too deep
    tokenize.TokenError,
)
"""What a strange array header makes of itself in NumPy's parser."""
_DTYPES = {"<f4", "<f8", "<i8", "|u1"}
_ENTRY = b"PK\x01\x02"
"""What each entry of a zip file's directory begins with."""
_LOCAL_HEADER, _LENGTHS = 30, struct.Struct("<HH")
"""Bytes before a member, the last of them how long its name is and what else stands before the content."""
_MOST_MEMBERS, _DIRECTORY = 20_000, 4 << 20
"""More than a spec can have arrays; and the bytes at the end of a file that more entries would fill."""


def pack(arrays: Mapping[str, Array]) -> bytes:
    """The archive that holds these arrays, uncompressed; the same arrays give the same bytes."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            member = BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(array), version=(1, 0))
            info = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            info.create_system = 3  # Unix, whatever this system is
            archive.writestr(info, member.getbuffer())
        archive.comment = b"0" * _DIGEST
    body = buffer.getvalue()[:-_DIGEST]
    return body + hashlib.sha256(body).hexdigest().encode()


def read(path: Path, *, named: bool = False) -> bytes:
    """The bytes of an archive; a path that a user has `named` may be a link.

    Raises MachineError where it cannot be read, DamagedError where it is no file, or larger than the memory.
    """
    return files.read(path, machine.usable_memory(), named=named)


def has_digest(data: bytes) -> bool:
    """Whether the last bytes look like a digest of ours, right or wrong."""
    tail = data[-_DIGEST:]
    return len(tail) == _DIGEST and all(byte in b"0123456789abcdef" for byte in tail)


def unpack(data: bytes, path: Path) -> Arrays:
    """The arrays of an archive of ours; `path` is for messages.

    Raises DamagedError where the digest, a member or a header is not as `pack` writes it.
    """
    if not data:
        raise DamagedError(f"{path}: is empty")
    if not has_digest(data):
        raise DamagedError(
            f"{path}: is cut short, or was not written by nncli: its SHA-256 is missing at the end"
        )
    body, digest = data[:-_DIGEST], data[-_DIGEST:].decode()
    if hashlib.sha256(body).hexdigest() != digest:
        raise DamagedError(
            f"{path}: is damaged: its content does not match its SHA-256. Restore it from a copy."
        )
    return read_members(data, path)


def read_members(data: bytes, path: Path, *, inflated: int = 0) -> Arrays:
    """The arrays of any `.npz`, each header checked against the bytes before anything is made.

    Above 0, `inflated` also admits deflated members, as long as all together take no more bytes than that. Raises
    DamagedError.
    """
    # before zipfile makes an object of each
    if (count := data.count(_ENTRY, max(0, len(data) - _DIRECTORY))) > _MOST_MEMBERS:
        raise DamagedError(f"{path}: has {count} members, more than any network has arrays")
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            members = archive.infolist()
            _check_places(members, memoryview(data)[: archive.start_dir], path)
            _check_compression(members, path, inflated)
            arrays = {
                info.filename.removesuffix(".npy"): _member(archive, info, path) for info in members
            }
    except _BAD_ZIP as err:
        raise DamagedError(f"{path}: is not an .npz archive: {shown(err, 200)}") from err
    if len(arrays) != len(members):
        raise DamagedError(f"{path}: holds two arrays of the same name")
    return arrays


def _check_places(members: list[zipfile.ZipInfo], data: memoryview, path: Path) -> None:
    """Each member has bytes of its own, before the directory: else a small file could hold many large arrays."""
    ordered = sorted(members, key=lambda info: info.header_offset)
    ends = [*(info.header_offset for info in ordered[1:]), len(data)]
    for info, following in zip(ordered, ends, strict=True):
        name, extra = _LENGTHS.unpack_from(data, info.header_offset + _LOCAL_HEADER - _LENGTHS.size)
        begin = info.header_offset + _LOCAL_HEADER + name + extra
        if begin + info.compress_size > following:
            raise DamagedError(f"{path}: {shown(info.filename, 60)} overlaps with what follows it")


def _check_compression(members: list[zipfile.ZipInfo], path: Path, inflated: int) -> None:
    """Stored members cannot hold more than the file does; deflated ones can, a thousand times over."""
    packed = [info for info in members if info.compress_type != zipfile.ZIP_STORED]
    if packed and not inflated:
        name = shown(packed[0].filename, 60)
        raise DamagedError(f"{path}: {name} is compressed; nncli writes arrays uncompressed")
    if any(info.compress_type != zipfile.ZIP_DEFLATED for info in packed):
        raise DamagedError(f"{path}: has another compression than numpy.savez_compressed writes")
    if packed and (total := sum(info.file_size for info in members)) > inflated:
        raise DamagedError(
            f"{path}: unpacks to {total} bytes, more than the {inflated} that are read"
        )


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> Array:
    """One array, of just as many bytes as its header tells."""
    if not info.filename.endswith(".npy"):
        raise DamagedError(f"{path}: {shown(repr(info.filename), 60)} is not an array (.npy)")
    where = f"{path}: {shown(info.filename, 60)}"
    with archive.open(info) as member:
        shape, dtype = _header(member, where)
        size = math.prod(shape) * dtype.itemsize
        if info.file_size != member.tell() + size:
            raise DamagedError(
                f"{where}: {shape} of {dtype.str} takes {size} bytes, the file has "
                f"{info.file_size - member.tell()}"
            )
        content = member.read(size)
    if len(content) != size:  # the directory told of more than there is
        raise DamagedError(f"{where}: takes {size} bytes, the file has {len(content)}")
    return np.frombuffer(content, dtype).reshape(shape)


def _header(member: IO[bytes], where: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type: version 1.0, at most two sides, a plain little-endian type, C order."""
    try:
        version = np.lib.format.read_magic(member)
        # NumPy warns of a header that Python 2 wrote, Python of one that no writer has ever written
        with warnings.catch_warnings(action="ignore"):
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(member)
    except _BAD_HEADER as err:
        raise DamagedError(f"{where}: not a NumPy 1.0 array: {shown(err, 200)}") from err
    if len(shape) > 2 or not all(type(side) is int and 0 <= side < 2**40 for side in shape):
        raise DamagedError(f"{where}: has the shape {str(shape)[:60]}")
    if version != (1, 0) or fortran or dtype.str not in _DTYPES:
        order = "Fortran" if fortran else "C"
        raise DamagedError(
            f"{where}: is {shown(dtype.str, 60)} in {order} order; it must be one of "
            f"{', '.join(sorted(_DTYPES))} in C order"
        )
    return shape, dtype
