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
_BEFORE: list[tuple[Any, int]] = []
"""Each BLAS and what it had before the first of them."""


@contextmanager
def blas_threads(count: int) -> Iterator[None]:
    """So many threads for matrix products while inside, and afterwards as many as before.

    The number is the process's. Where several are open in threads of one process, the newest holds, and the last one
    that ends gives back what the first one found. Raises MachineError where they cannot be started.
    """
    limits.check_threads(count)
    own = object()
    with _LOCK:
        if not _WANTED:
            _BEFORE[:] = [(library, library.num_threads) for library in _libraries()]
        _WANTED[own] = count
        _set_all()
    try:
        yield
    finally:
        with _LOCK:
            del _WANTED[own]
            _set_all()


def _libraries() -> list[Any]:
    from threadpoolctl import ThreadpoolController

    return list(ThreadpoolController().select(user_api="blas").lib_controllers)


def _set_all() -> None:
    """Let the newest hold; where there is none, what was before."""
    newest = [*_WANTED.values()][-1:]
    for library, before in _BEFORE:
        # threadpoolctl 3.8 ignores, without a word, every thread but the one that was first to set a number
        really = getattr(library, "_real_set_num_threads", library.set_num_threads)
        really(*newest or (before,))
