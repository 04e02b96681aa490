"""What the machine offers: cores that may really be used, memory, and names for the record."""

from __future__ import annotations

import math
import os
import platform
import socket
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nncli import limits

_CGROUP, _PROC = Path("/sys/fs/cgroup"), Path("/proc")
THREADED_PRODUCT = 2.5e7
"""Multiply-adds in the largest matrix product of a step from which a second BLAS thread pays (docs/performance.md)."""


def usable_cores() -> int:
    """Cores of this process, by affinity and by the container's quota, whichever is less."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows have no affinity
        cores = os.cpu_count() or 1
    return max(1, min(cores, _quota()))


def _quota() -> int:
    """Whole cores that the container's CPU quota allows; very many without one."""
    try:
        quota, period = (_CGROUP / "cpu.max").read_text().split()
        return math.ceil(int(quota) / int(period))
    except (OSError, ValueError):  # no cgroup v2, or "max"
        return 2**31


def usable_memory() -> int:
    """Bytes of memory that this process could have in all: what it has and what is free, within the container's limit
    and its own (`ulimit -v`)."""
    held, reserved = _taken()
    most = [total_memory(), held + _free()]
    limit = limits.soft("RLIMIT_AS")
    if limit is not None:  # it counts what is reserved, too
        most.append(held + limit - reserved)
    return max(0, min(most))


def total_memory() -> int:
    """Bytes of memory that a process could have at most: the machine's, or the container's limit."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError):
        return 2**63
    try:
        return min(total, int((_CGROUP / "memory.max").read_text()))
    except (OSError, ValueError):  # no cgroup v2, or "max"
        return total


def _taken() -> tuple[int, int]:
    """Bytes of this process that are in memory, and all that it has reserved."""
    try:
        reserved, held = (_PROC / "self/statm").read_text().split()[:2]
    except (OSError, ValueError):  # only Linux tells
        return 0, 0
    page = os.sysconf("SC_PAGE_SIZE")
    return int(held) * page, int(reserved) * page


def _free() -> int:
    """Bytes of the machine that nobody has, or that are given up at once, swap included."""
    try:
        lines = (_PROC / "meminfo").read_text().splitlines()
        kilobytes = {
            name: int(rest.split()[0]) for name, _, rest in (s.partition(":") for s in lines)
        }
        return 1024 * (kilobytes["MemAvailable"] + kilobytes["SwapFree"])
    except (OSError, ValueError, LookupError):
        return 2**63


def choose_threads(largest_product: float) -> int:
    """BLAS threads for steps whose largest matrix product takes this many multiply-adds: one where two lose."""
    return usable_cores() if largest_product >= THREADED_PRODUCT else 1


def describe() -> dict[str, Any]:
    """What a run records of the machine it ran on."""
    return {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "platform": platform.platform(),
        "cpu": _cpu_model(),
        "cores": usable_cores(),
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "blas": _blas(),
    }


def _blas() -> str:
    """NumPy's BLAS. What another package has brought along for itself, SciPy's say, takes no part."""
    from threadpoolctl import threadpool_info

    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    own = [pool for pool in pools if "numpy" in pool["filepath"]]
    names = (
        f"{pool['internal_api']} {pool['version']} ({pool.get('architecture', 'unknown')})"
        for pool in own or pools
    )
    return ", ".join(names) or "unknown"


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
