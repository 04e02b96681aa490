"""Every disk effect of the project: what is replaced is replaced whole, what fails says which path and why."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from nncli.errors import MachineError


@contextmanager
def _refusing(path: Path, what: str) -> Iterator[None]:
    """An OSError inside becomes one line: the path, what could not be done, and the system's reason."""
    try:
        yield
    except OSError as err:
        raise MachineError(f"{path}: cannot be {what}: {err.strerror or err}") from err


def read(path: Path) -> bytes:
    """All bytes of a file. Raises MachineError where it cannot be read."""
    with _refusing(path, "read"):
        return path.read_bytes()


def replace(path: Path, data: bytes) -> None:
    """Put `data` at `path` so that a crash at any moment leaves the old file or the new one, never a mixture.

    A temporary file beside it is written and synced, renamed over it, and the folder is synced.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with _refusing(path, "written"):
        try:
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            _sync_folder(path.parent)
        except BaseException:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise


def append(path: Path, data: bytes) -> None:
    """Add `data` to the end of a file in one write."""
    with _refusing(path, "written"), path.open("ab", buffering=0) as file:
        written = file.write(data)
        if written != len(data):
            raise OSError(f"only {written} of {len(data)} bytes were written")


def sync(path: Path) -> None:
    """Wait until a file's content is on the disk."""
    with _refusing(path, "written"), path.open("rb") as file:
        os.fsync(file.fileno())


def make_folders(path: Path) -> None:
    """Make a folder and those above it, where they are missing."""
    with _refusing(path, "made"):
        path.mkdir(parents=True, exist_ok=True)


def make_new_folder(path: Path) -> bool:
    """Make a folder that was not there; False where something is there already."""
    with _refusing(path, "made"):
        try:
            path.mkdir()
        except FileExistsError:
            return False
        _sync_folder(path.parent)
        return True


def rename(path: Path, to: Path) -> None:
    """Give a file or folder another name beside it."""
    with _refusing(path, "renamed"):
        path.rename(to)
        _sync_folder(to.parent)


def remove(path: Path) -> None:
    """Remove a file, if it is there."""
    with _refusing(path, "removed"):
        path.unlink(missing_ok=True)


def _sync_folder(path: Path) -> None:
    """Make a name in a folder durable; Windows keeps names without it and cannot open a folder."""
    if os.name == "nt":
        return
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
