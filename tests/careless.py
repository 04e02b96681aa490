"""Replacements of a file as they must not be done: each is found by a test, or that test proves nothing."""

from __future__ import annotations

import os
from pathlib import Path

from nncli import files


def in_place(path: Path, data: bytes) -> None:
    """The old file is gone before the new one is there."""
    _put(path, data)
    _sync(path)
    _sync(path.parent)


def without_sync_of_the_file(path: Path, data: bytes) -> None:
    """The name may be there before the bytes are."""
    temporary = path.with_suffix(".tmp")
    _put(temporary, data)
    files.SYSTEM.rename(temporary, path)
    _sync(path.parent)


def without_sync_of_the_folder(path: Path, data: bytes) -> None:
    """The name may never come."""
    temporary = path.with_suffix(".tmp")
    _put(temporary, data)
    _sync(temporary)
    files.SYSTEM.rename(temporary, path)


def _put(path: Path, data: bytes) -> None:
    descriptor = files.SYSTEM.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    files.SYSTEM.write(descriptor, data)
    files.SYSTEM.close(descriptor)


def _sync(path: Path) -> None:
    descriptor = files.SYSTEM.open(path, os.O_RDONLY)
    files.SYSTEM.fsync(descriptor)
    files.SYSTEM.close(descriptor)
