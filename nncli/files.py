"""Every disk effect of the project: what is replaced is replaced whole, what fails says which path and why."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from errno import ENOTDIR
from pathlib import Path

from nncli import limits


@dataclass(frozen=True)
class System:
    """The system calls that touch a disk. A test puts others in their place: that fail, cut or kill at the N-th."""

    read: Callable[[Path], bytes] = Path.read_bytes
    open: Callable[..., int] = os.open
    write: Callable[[int, bytes | memoryview], int] = os.write
    fsync: Callable[[int], None] = os.fsync
    truncate: Callable[[int, int], None] = os.ftruncate
    close: Callable[[int], None] = os.close
    rename: Callable[[Path, Path], None] = os.replace
    mkdir: Callable[[Path], None] = os.mkdir
    unlink: Callable[[Path], None] = os.unlink
    rmdir: Callable[[Path], None] = os.rmdir


SYSTEM = System()
_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
_END = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
_THERE = os.O_WRONLY | getattr(os, "O_BINARY", 0)


@contextmanager
def _refusing(path: Path, what: str) -> Iterator[None]:
    """An OSError inside becomes one line: the path, what could not be done, and the system's reason."""
    try:
        yield
    except OSError as err:
        raise limits.refusal(err, f"{path}: cannot be {what}") from err


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    descriptor = SYSTEM.open(path, flags, 0o666)
    try:
        yield descriptor
    finally:
        SYSTEM.close(descriptor)


@contextmanager
def _refused_open(path: Path, temporary: Path) -> Iterator[int]:
    """The temporary file of `path`, open; its own failures are told from those of what is done meanwhile."""
    with _refusing(path, "written"):
        descriptor = SYSTEM.open(temporary, _NEW, 0o666)
    try:
        yield descriptor
    except BaseException:
        with suppress(OSError):
            SYSTEM.close(descriptor)
        raise
    with _refusing(path, "written"):
        SYSTEM.close(descriptor)


def read(path: Path) -> bytes:
    """All bytes of a file. Raises MachineError where it cannot be read."""
    with _refusing(path, "read"):
        return SYSTEM.read(path)


def read_if_there(path: str) -> bytes | None:
    """The same by its name alone, since to make a Path of it costs as much as a read; None where there is none."""
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as err:
        raise limits.refusal(err, f"{path}: cannot be read") from err


def replace(path: Path, data: bytes) -> None:
    """Put `data` at `path` so that a crash at any moment leaves the old file or the new one, never a mixture."""
    with replacing(path) as write:
        write(data)


@contextmanager
def replacing(path: Path) -> Iterator[Callable[[bytes], None]]:
    """A function that writes; what it has been given stands at `path` once the block ends, whole or not at all.

    A temporary file beside it is written and synced, renamed over it, and the folder is synced. An fsync that failed is
    never tried again: the kernel may have dropped what it could not write.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")

    def write(data: bytes) -> None:
        with _refusing(path, "written"):
            _write_all(file, data)

    try:
        with _refused_open(path, temporary) as file:
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


def write_scratch(path: Path, *parts: bytes | memoryview) -> None:
    """Write a file that is of use to this command and its workers only: nothing of it need outlive a crash."""
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
    with _refusing(path, "written"), _opened(path, _THERE) as file:
        SYSTEM.fsync(file)


def truncate(path: Path, size: int) -> None:
    """Cut a file back to its first `size` bytes."""
    with _refusing(path, "cut"), _opened(path, _THERE) as file:
        SYSTEM.truncate(file, size)
        SYSTEM.fsync(file)


def make_folders(path: Path) -> None:
    """Make a folder and those above it, where they are missing."""
    with _refusing(path, "made"):
        for folder in reversed((path, *path.parents)):
            if not (folder.is_dir() or _make(folder) or folder.is_dir()):  # another may make it
                raise NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR))


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
    """Remove a folder and the files in it, if it is there."""
    with _refusing(path, "removed"), suppress(FileNotFoundError):
        for file in list(path.iterdir()):
            SYSTEM.unlink(file)
        SYSTEM.rmdir(path)
        _sync_folder(path.parent)


def remove_temporary(folder: Path) -> None:
    """Remove what a writer that was killed has left beside its files. Only for who holds the folder's lock."""
    for path in folder.glob(".*.tmp"):
        remove(path)


def _sync_folder(path: Path) -> None:
    """Make a name in a folder durable; Windows keeps names without it and cannot open a folder."""
    if os.name == "nt":
        return
    with _opened(path, os.O_RDONLY) as folder:
        SYSTEM.fsync(folder)
