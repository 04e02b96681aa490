"""One writer at a time: a kernel lock on a folder, freed when the process ends, however it ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from nncli import limits
from nncli.errors import LockedError
from nncli.filetypes import check_files

LOCK = ".lock"


@contextmanager
def writing(folder: Path, holder: str = "another process") -> Iterator[None]:
    """Hold the lock of a folder. Raises LockedError at once where another process has it; readers never wait.

    Raises DamagedError where something else than a file is in the place of the lock.
    """
    check_files(folder, [LOCK])
    # The soft fallback (a file that only exists) would outlive a killed process.
    lock = FileLock(folder / LOCK, timeout=0, fallback_to_soft=False)
    try:
        lock.acquire()
    except Timeout as err:
        raise LockedError(f"{folder}: {holder} is writing this. Wait for it, or stop it.") from err
    except OSError as err:
        raise limits.refusal(err, f"{folder / LOCK}: cannot be locked") from err
    try:
        yield
    finally:
        lock.release()
