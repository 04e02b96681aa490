"""numba's compiled code on disk: used only where it is whole. A cache may be damaged, or its disk full: then what is
missing is compiled anew, and nothing ends."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba.core.caching import FunctionCache, IndexDataCacheFile

_MARK = 32
"""Bytes of a SHA-256, after what it is of."""


class KeptCode(FunctionCache):  # type: ignore[misc]
    """The cache of one function. Raises RuntimeError where there is no folder for it."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._cache_file.__class__ = _WholeFiles

    def save_overload(self, *compiled: Any) -> None:
        """What cannot be kept is compiled the next time, too."""
        with suppress(OSError):
            super().save_overload(*compiled)


class _WholeFiles(IndexDataCacheFile):  # type: ignore[misc]
    """An index and the files that it names, each with a SHA-256 at its end: machine code of which a bit is another
    would be run."""

    def _dump(self, value: Any) -> bytes:
        data: bytes = super()._dump(value)
        return data + sha256(data).digest()

    def _load_data(self, name: str) -> Any:
        with suppress(Exception):  # numba's reader may raise anything at all
            if _is_whole(Path(self._data_path(name))):
                return super()._load_data(name)
        return None

    def _save_index(self, files: dict[Any, str]) -> None:
        self._save_data(self._index_name, (self._version, self._source_stamp, files))

    def _load_index(self) -> dict[Any, str]:
        found = self._load_data(self._index_name)
        if found is None or found[:2] != (self._version, self._source_stamp):
            return {}
        files: dict[Any, str] = found[2]
        return files


def _is_whole(path: Path) -> bool:
    data = path.read_bytes()
    return sha256(data[:-_MARK]).digest() == data[-_MARK:]
