"""One writer at a time: a kernel lock on a folder, freed when the process ends, however it ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from nncli import limits
from nncli.errors import LockedError

LOCK = ".lock"


@contextmanager
def writing(folder: Path, holder: str = "another process") -> Iterator[None]:
    """Hold the lock of a folder. Raises LockedError at once where another process has it; readers never wait."""
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
