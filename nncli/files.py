"""Every disk effect of the project: what is replaced is replaced whole, what fails says which path and why.

Only a regular file is ever opened, and never through a link, unless a user has `named` it: DamagedError says what is
there instead (filetypes.py).
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from errno import ENOTDIR
from pathlib import Path

from nncli import limits
from nncli.errors import DamagedError
from nncli.filetypes import FILE, FOLDER, check, kind
from nncli.filetypes import refusing as _refusing
from nncli.words import size as in_words


@dataclass(frozen=True)
class System:
    """The system calls that touch a disk. A test puts others in their place: that fail, cut or kill at the N-th."""

    open: Callable[..., int] = os.open
    read: Callable[[int, int], bytes] = os.read
    write: Callable[[int, bytes | memoryview], int] = os.write
    fsync: Callable[[int], None] = os.fsync
    truncate: Callable[[int, int], None] = os.ftruncate
    close: Callable[[int], None] = os.close
    rename: Callable[[Path, Path], None] = os.replace
    mkdir: Callable[[Path], None] = os.mkdir
    unlink: Callable[[Path], None] = os.unlink
    rmdir: Callable[[Path], None] = os.rmdir


SYSTEM = System()
_NOFOLLOW, _NONBLOCK, _BINARY = (
    getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY")
)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW | _BINARY
_END = os.O_WRONLY | os.O_CREAT | os.O_APPEND
_CHUNK = 1 << 20
DOCUMENT = 1 << 20
"""Bytes that a file has at most, unless the caller knows of larger ones."""


def _open(path: str | Path, flags: int, named: bool = False) -> tuple[int, int]:
    """The descriptor of a regular file, and its bytes.

    Looked at first, since to open a device may do things, and since Windows cannot refuse links; then again, since
    by then something else may be there.
    """
    check(path, named=named)
    flags |= _NONBLOCK | _BINARY | (0 if named else _NOFOLLOW)
    descriptor = SYSTEM.open(path, flags, 0o666)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise DamagedError(f"{path}: is not {FILE}")
    return descriptor, status.st_size


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    descriptor, _ = _open(path, flags)
    try:
        yield descriptor
    finally:
        SYSTEM.close(descriptor)


@contextmanager
def _closing(path: Path, file: int) -> Iterator[None]:
    """Close a file at the end; that failing is told from failures of what is done meanwhile."""
    try:
        yield
    except BaseException:
        with suppress(OSError):
            SYSTEM.close(file)
        raise
    with _refusing(path, "written"):
        SYSTEM.close(file)


def read(path: Path, most: int = DOCUMENT, *, named: bool = False) -> bytes:
    """All bytes of a file. Raises MachineError where it cannot be read, DamagedError where it has more than `most`."""
    with _refusing(path, "read"):
        return _content(path, most, named)


def read_if_there(path: str, most: int = DOCUMENT) -> bytes | None:
    """The same by its name alone, since to make a Path of it costs as much as a read; None where there is none."""
    try:
        return _content(path, most)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as err:
        raise limits.refusal(err, f"{path}: cannot be read") from err


def _content(path: str | Path, most: int, named: bool = False) -> bytes:
    file, size = _open(path, os.O_RDONLY, named)
    try:
        _check_size(path, size, most)
        data = SYSTEM.read(file, size)
        while len(data) < size and (more := SYSTEM.read(file, size - len(data))):
            data += more  # a system gives two gigabytes at once
    finally:
        SYSTEM.close(file)
    return data


def _check_size(path: str | Path, size: int, most: int) -> None:
    if size > most:
        raise DamagedError(
            f"{path}: has {in_words(size)}, more than the {in_words(most)} that are read of such a file"
        )


def lines(path: Path, longest: int, most: int) -> Iterator[bytes]:
    """The lines of a file that have an end, without it: of one that is too long, its first `longest` + 1 bytes.

    Raises MachineError where it cannot be read, DamagedError where it has more than `most` bytes.
    """
    with _refusing(path, "read"), _opened(path, os.O_RDONLY) as file:
        _check_size(path, os.fstat(file).st_size, most)
        rest = b""
        while piece := SYSTEM.read(file, _CHUNK):
            *whole, rest = (rest + piece).split(b"\n")
            yield from (line[: longest + 1] for line in whole)
            rest = rest[: longest + 1]


def replace(path: Path, data: bytes) -> None:
    """Put `data` at `path` so that a crash at any moment leaves the old file or the new one, never a mixture."""
    with replacing(path) as write:
        write(data)


@contextmanager
def replacing(path: Path) -> Iterator[Callable[[bytes], None]]:
    """A function that writes; what it has been given stands at `path` once the block ends, whole or not at all.

    A temporary file beside it is written and synced, renamed over it, and the folder is synced. An fsync that failed is
    never tried again: the kernel may have dropped what it could not write. Raises DamagedError where no file is.
    """
    with _refusing(path, "written"):
        check(path)
        file, temporary = _temporary(path)

    def write(data: bytes) -> None:
        with _refusing(path, "written"):
            _write_all(file, data)

    try:
        with _closing(path, file):
            yield write
            with _refusing(path, "written"):
                SYSTEM.fsync(file)
        with _refusing(path, "written"):
            SYSTEM.rename(temporary, path)
            _sync_folder(path.parent)
    except BaseException:
        with suppress(OSError):
            SYSTEM.unlink(temporary)
        raise


def _temporary(path: Path) -> tuple[int, Path]:
    """A new file beside `path`, open. What lies there under its name, a link perhaps, is left alone."""
    mark = str(os.getpid())
    while True:
        temporary = path.with_name(f".{path.name}.{mark}.tmp")
        try:
            return SYSTEM.open(temporary, _NEW, 0o666), temporary
        except FileExistsError:
            mark = secrets.token_hex(8)


@contextmanager
def writing_through(path: Path, standard: int | None = None) -> Iterator[Callable[[bytes], None]]:
    """A function that writes at once into what a user has named and what is never replaced: a terminal, a pipe,
    /dev/null; with `standard` into that descriptor, where the path stands for it."""
    with _refusing(path, "written"):
        file = SYSTEM.open(path, os.O_WRONLY | _BINARY) if standard is None else os.dup(standard)

    def write(data: bytes) -> None:
        with _refusing(path, "written"):
            _write_all(file, data)

    with _closing(path, file):
        yield write


def write_scratch(path: Path, *parts: bytes | memoryview) -> None:
    """Write a new file that is of use to this command and its workers only: nothing of it need outlive a crash."""
    with _refusing(path, "written"), _opened(path, _NEW) as file:
        for part in parts:
            _write_all(file, part)


def _write_all(file: int, data: bytes | memoryview) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[SYSTEM.write(file, rest) :]


def append(path: Path, data: bytes) -> None:
    """Add `data` to the end of a file in one write."""
    with _refusing(path, "written"), _opened(path, _END) as file:
        written = SYSTEM.write(file, data)
        if written != len(data):
            raise OSError(f"only {written} of {len(data)} bytes were written")


def sync(path: Path) -> None:
    """Wait until a file's content is on the disk."""
    with _refusing(path, "written"), _opened(path, os.O_WRONLY) as file:
        SYSTEM.fsync(file)


def truncate(path: Path, size: int) -> None:
    """Cut a file back to its first `size` bytes."""
    with _refusing(path, "cut"), _opened(path, os.O_WRONLY) as file:
        SYSTEM.truncate(file, size)
        SYSTEM.fsync(file)


def make_folders(path: Path) -> None:
    """Make a folder and those above it, where they are missing."""
    with _refusing(path, "made"):
        for folder in reversed((path, *path.parents)):
            if not (folder.is_dir() or _make(folder) or folder.is_dir()):  # another may make it
                raise NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR))


def make_inner_folder(path: Path) -> None:
    """Make a folder in one of ours, where it is missing. Raises DamagedError where something else is there."""
    with _refusing(path, "made"):
        check(path, FOLDER)
        _make(path)


def make_new_folder(path: Path) -> bool:
    """Make a folder that was not there; False where something is there already."""
    with _refusing(path, "made"):
        return _make(path)


def _make(path: Path) -> bool:
    try:
        SYSTEM.mkdir(path)
    except FileExistsError:
        return False
    _sync_folder(path.parent)
    return True


def rename(path: Path, to: Path) -> None:
    """Give a file or folder another name beside it."""
    with _refusing(path, "renamed"):
        SYSTEM.rename(path, to)
        _sync_folder(to.parent)


def remove(path: Path) -> None:
    """Remove a file, if it is there."""
    with _refusing(path, "removed"), suppress(FileNotFoundError):
        SYSTEM.unlink(path)
        _sync_folder(path.parent)


def remove_folder(path: Path) -> None:
    """Remove a folder and the files in it, if it is there; of a link the link alone, not what it leads to."""
    with _refusing(path, "removed"), suppress(FileNotFoundError):
        if kind(path) == FOLDER:
            for file in list(path.iterdir()):
                SYSTEM.unlink(file)
            SYSTEM.rmdir(path)
        else:
            SYSTEM.unlink(path)
        _sync_folder(path.parent)


def remove_temporary(folder: Path) -> None:
    """Remove what a writer that was killed has left beside its files. Only for who holds the folder's lock."""
    for path in folder.glob(".*.tmp"):
        if kind(path) != FOLDER:  # no writer of ours makes one
            remove(path)


def _sync_folder(path: Path) -> None:
    """Make a name in a folder durable; Windows keeps names without it and cannot open a folder."""
    if os.name == "nt":
        return
    folder = SYSTEM.open(path, os.O_RDONLY, 0o666)
    try:
        SYSTEM.fsync(folder)
    finally:
        SYSTEM.close(folder)
