"""Jobs that only tests have."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path


def blas_threads() -> list[int]:
    """How many threads each BLAS of this process was loaded with."""
    import numpy as np
    from threadpoolctl import threadpool_info

    assert np.__version__
    return [pool["num_threads"] for pool in threadpool_info()]


def die() -> None:
    """Kill the worker."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_once(mark: Path) -> str:
    """Kill the worker the first time, and then not."""
    if not mark.exists():
        mark.touch()
        die()
    return "done"


def linger() -> None:
    """Hear nothing for a minute."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(60)
