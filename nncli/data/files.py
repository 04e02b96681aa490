"""Files as their uncompressed bytes: gzipped or not (told by the content, never by the name), sizes never trusted.

Errors of the machine (OSError) pass through; `nncli.data.sources.load` turns them into MachineError.
"""

from __future__ import annotations

import errno
import gzip
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from nncli.data import cells
from nncli.errors import DataError
from nncli.spec.base import as_written

GZIP_MAGIC = b"\x1f\x8b"
DEFLATE_RATIO = 1032
"""Deflate cannot expand its input further than this (zlib's documentation)."""
LARGEST_INFLATED = 2 << 30
"""No compressed file is expanded beyond this; an uncompressed one is as large as it is."""
CHUNK = 1 << 20


class Stream(Protocol):
    """What GzipFile, ZipExtFile and an open file have in common."""

    def read1(self, size: int, /) -> bytes: ...


def shown(text: object, most: int | None = None) -> str:
    """`text` on one line: escaped where it holds what cannot be printed, cut after `most` characters; a path by the
    name that a spec has for it."""
    return cells.shown(as_written(str(text)), most)


def size_of_file(path: Path) -> int:
    """Bytes on disk. DataError for a folder, a device or a pipe (which would never end)."""
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise DataError(f"{shown(path)}: is a folder; a file is expected")
    if not stat.S_ISREG(status.st_mode):
        raise DataError(f"{shown(path)}: is not a regular file")
    return status.st_size


def find(folder: Path, name: str) -> Path | None:
    """The file of that name in the folder, with `.gz` or without."""
    names = dict.fromkeys((name, f"{name}.gz", name.removesuffix(".gz")))
    return next((folder / each for each in names if _is_file(folder / each)), None)


def _is_file(path: Path) -> bool:
    """Whether there is one; there is none under a name that is too long."""
    try:
        return path.is_file()
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return False
        raise


def fill(stream: Stream, buffer: memoryview) -> int:
    """Read into `buffer` until it is full or the stream ends, and return the number of bytes read."""
    start = 0
    while start < len(buffer):
        try:
            # read1 hands over what is there: read would lose what came before a cut-off gzip's EOFError
            piece = stream.read1(min(CHUNK, len(buffer) - start))
        except EOFError:
            break
        if not piece:
            break
        buffer[start : start + len(piece)] = piece
        start += len(piece)
    return start


def check_inflation(declared: int, compressed: int, what: str, cure: str) -> None:
    """Refuse sizes that `compressed` bytes cannot hold, or that are too large, before anything is allocated."""
    if declared > compressed * DEFLATE_RATIO:
        raise DataError(
            f"{what}: declares {declared} bytes, but {compressed} compressed bytes cannot hold that many"
        )
    if declared > LARGEST_INFLATED:
        raise DataError(
            f"{what}: declares {declared} bytes; the limit for compressed data is {LARGEST_INFLATED}. {cure}"
        )


@dataclass(frozen=True)
class Content:
    """The uncompressed bytes of a file, read from its start."""

    path: Path
    stream: Stream
    size: int
    """Bytes on disk."""
    gzipped: bool
    piped: bool = False
    """Whether it comes through a pipe, which does not say how much there is."""

    def take(self, count: int) -> bytes:
        """The next bytes: `count` of them, or fewer at the end."""
        buffer = bytearray(count)
        return bytes(buffer[: fill(self.stream, memoryview(buffer))])

    def check_size(self, declared: int) -> None:
        """Whether the file can hold `declared` bytes: exactly, or where it is gzipped at all."""
        if self.piped:
            return
        if self.gzipped:
            check_inflation(declared, self.size, shown(self.path), "Unpack it with gunzip first")
        elif declared != self.size:
            raise DataError(f"{shown(self.path)}: expected {declared} bytes, found {self.size}")

    def check_end(self) -> None:
        """Nothing may follow; reading on also has a gzip's checksum compared."""
        if self.stream.read1(1):
            raise DataError(f"{shown(self.path)}: more bytes follow than its header declares")


@contextmanager
def content(path: Path) -> Iterator[Content]:
    """Open a file, gzipped or not; what is wrong with its gzip becomes a DataError."""
    size = size_of_file(path)
    with path.open("rb") as file:
        gzipped = file.peek(2)[:2] == GZIP_MAGIC
        if not gzipped:
            yield Content(path, file, size, gzipped)
            return
        with gzip.GzipFile(fileobj=file) as stream, gzip_errors(shown(path)):
            yield Content(path, stream, size, gzipped)


@contextmanager
def gzip_errors(where: str) -> Iterator[None]:
    """What is wrong with the gzip that is read inside becomes a DataError about `where`."""
    try:
        yield
    except EOFError as error:
        raise DataError(f"{where}: truncated: the gzip stream has no end") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        # its first two bytes were right, so "not a gzipped file" can only be what follows the stream
        garbage = str(error).startswith("Not a gzipped file")
        fault = "garbage follows the gzip stream" if garbage else f"damaged gzip file ({error})"
        raise DataError(f"{where}: {fault}") from error
