"""How many threads NumPy's matrix products have: a number of the whole process, which several trainings may want."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nncli import limits

_LOCK = threading.Lock()
_WANTED: dict[object, int] = {}
"""What each `blas_threads` that is open wants, the newest last."""
_BEFORE: list[Any] = []
"""What was there before the first of them; empty where none is open."""


@contextmanager
def blas_threads(count: int) -> Iterator[None]:
    """So many threads for matrix products while inside, and afterwards as many as before.

    The number is the process's. Where several are open in threads of one process, the newest holds, and the last one
    that ends gives back what the first one found. Raises MachineError where they cannot be started.
    """
    limits.check_threads(count)
    own = object()
    with _LOCK:
        _WANTED[own] = count
        _set()
    try:
        yield
    finally:
        with _LOCK:
            del _WANTED[own]
            _set()


def _set() -> None:
    """Let the newest hold; where there is none, what was before."""
    from threadpoolctl import threadpool_limits

    if not _WANTED:
        _BEFORE.pop().restore_original_limits()
        return
    before = threadpool_limits([*_WANTED.values()][-1], user_api="blas")
    if not _BEFORE:
        _BEFORE.append(before)
