"""How far something that may take long has come."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with what is done ("downloading t10k-labels-idx1-ubyte.gz"), the bytes done and the bytes in all (0 where that
is not known)."""
