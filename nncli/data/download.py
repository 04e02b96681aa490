"""Files from mirrors into a cache: whole and verified, or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from nncli import files, limits
from nncli.data.files import shown
from nncli.data.progress import Progress
from nncli.errors import DataError, MachineError

TIMEOUT = (10.0, 30.0)
"""Seconds to connect, and between two pieces."""
LARGEST = 64 << 20
"""Bytes after which a download cannot be what was asked for."""


class Bar:
    """What pooch takes for a progress bar: passes the numbers on, and stops what does not end."""

    def __init__(self, name: str, on_progress: Progress | None) -> None:
        self.name, self.on_progress = name, on_progress
        self.total = self.done = 0

    def update(self, count: int) -> None:
        self.done += count
        if self.done > LARGEST:
            raise DataError(f"more than {LARGEST} bytes")
        if self.on_progress is not None:
            # pooch counts whole chunks, the last one too
            self.on_progress(
                f"downloading {self.name}", min(self.done, self.total or self.done), self.total
            )

    def reset(self) -> None:
        self.done = 0

    def close(self) -> None:
        """The numbers have all been passed on."""


def fetch(
    names: Sequence[str],
    mirrors: Sequence[str],
    folder: Path,
    *,
    verify: Callable[[Path, str], object],
    on_progress: Progress | None = None,
) -> None:
    """Put every file of `names` into `folder`, each from the first mirror whose copy `verify` accepts.

    `verify(path, name)` raises DataError for a wrong one. A mirror that fails is not asked again.
    MachineError if all have failed, with the reason of each, or if the folder cannot be written.
    """
    left, reasons = list(names), []
    for mirror in mirrors:
        try:
            while left:
                _fetch_one(mirror + left[0], left[0], folder, verify, on_progress)
                left.pop(0)
        except _MirrorFailed as error:
            reasons.append(f"{mirror}{left[0]}: {error}")
    if left:
        raise MachineError(f"cannot download {left[0]} ({'; '.join(reasons)})")


class _MirrorFailed(Exception):
    """One mirror did not deliver."""


def _fetch_one(
    url: str,
    name: str,
    folder: Path,
    verify: Callable[[Path, str], object],
    on_progress: Progress | None,
) -> None:
    try:
        files.make_folders(folder)
        with tempfile.TemporaryDirectory(prefix=".download-", dir=folder) as temporary:
            path = Path(temporary) / name
            _download(url, path, Bar(name, on_progress))
            verify(path, name)
            files.rename(path, folder / name)
    except DataError as error:
        reason = str(error).removeprefix(f"{shown(path)}: ")
        raise _MirrorFailed(reason) from error
    except OSError as error:
        raise limits.refusal(error, f"{shown(folder)}: cannot be written") from error


def _download(url: str, path: Path, bar: Bar) -> None:
    import pooch
    from requests.exceptions import RequestException

    try:
        pooch.HTTPDownloader(progressbar=bar, chunk_size=1 << 16, timeout=TIMEOUT)(
            url, str(path), None
        )
    except (
        RequestException,
        ValueError,
    ) as error:  # ValueError: a Content-Length that is no number
        response = getattr(error, "response", None)
        reason = type(error).__name__ if response is None else f"HTTP {response.status_code}"
        raise _MirrorFailed(reason) from error
