"""What a process may have at most: memory, open files, threads; and what is said where one of them is used up."""

from __future__ import annotations

import errno
import mmap
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from nncli.errors import MachineError
from nncli.words import size

try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None  # type: ignore[assignment]

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
"""What a BLAS reads as it is loaded: later, the memory for its threads is already taken."""
LEAST = 224 * 2**20
"""Address space without which NumPy, its BLAS and a training are not loaded, measured: what a BLAS says is not ours."""
THREAD = 128 * 2**20
"""Address space that a thread of a BLAS reserves: its stack, its buffer, and its part of the heap."""
_LIMITS: dict[str, tuple[str, str, Callable[[int], str]]] = {
    "memory": ("RLIMIT_AS", "ulimit -v", size),
    "files": ("RLIMIT_NOFILE", "ulimit -n", str),
    "threads": ("RLIMIT_NPROC", "ulimit -u", str),
}
_LESS = "take less data, a smaller network or batch, or fewer workers"
_MESSAGES = {
    "memory": ("out of memory", ("memory",), f"Raise the limit, or {_LESS}"),
    "files": ("too many open files", ("files",), "Raise the limit"),
    "threads": (
        "no further process or thread can be started",
        ("threads", "memory"),
        "Raise the limit, or ask for fewer: --workers 1, threads: 1",
    ),
}
"""What has come to an end -> what is said, the limits that may be why, and what to do."""
_ERRNO = {
    errno.ENOMEM: "memory",
    errno.EMFILE: "files",
    errno.ENFILE: "files",
    errno.EAGAIN: "threads",
}
_IN_IMPORTS = {
    "failed to map segment": "memory",
    "cannot allocate memory": "memory",
    "too many open files": "files",
}
"""What the loader of libraries says, in lower case."""


def reached(error: BaseException | None) -> str | None:
    """The line for an error that says that a limit of the process or the machine is reached; None for any other one."""
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        if kind := _kind(error):
            return _line(kind, error)
        seen.append(error)
        error = error.__cause__ or error.__context__
    return None


def refusal(error: BaseException, what: str) -> MachineError:
    """What is said of an error of the machine: that a limit is reached, whatever was being done, or what could not be
    done and the system's reason."""
    reason = getattr(error, "strerror", None) or error
    line = reached(error)
    if isinstance(error, MemoryError):
        return MachineError(f"{what}: {line}")
    return MachineError(line or f"{what}: {reason}")


def too_little(needed: int, available: int) -> MachineError:
    """What is said before so much memory is asked for in vain."""
    return MachineError(
        f"training needs about {size(needed)} of memory, {size(available)} can be had now{told('memory')}. "
        f"End what else takes memory, raise the limit, or {_LESS}"
    )


def _kind(error: BaseException) -> str | None:
    if isinstance(error, MemoryError):
        return "memory"
    if isinstance(error, OSError):
        # a write to a pipe that is full, and that nobody may wait for, has the number of a thread that cannot start
        written = hasattr(error, "characters_written")
        return None if written else _ERRNO.get(error.errno or 0)
    if isinstance(error, RuntimeError):
        return "threads" if "start new thread" in str(error) else None
    if isinstance(error, SystemError):  # what C code makes of memory that it did not get
        return None if soft("RLIMIT_AS") is None else "memory"
    if isinstance(error, ImportError):
        said = str(error).lower()
        return next((kind for words, kind in _IN_IMPORTS.items() if words in said), None)
    return None


def _line(kind: str, error: BaseException) -> str:
    what, limits, cure = _MESSAGES[kind]
    detail = str(error) if isinstance(error, MemoryError) else ""
    what = ": ".join(filter(None, (what, " ".join(detail.split()))))
    return f"{what}{told(*limits)}. {cure}"


def told(*names: str) -> str:
    """Limits as a shell sets them: " (ulimit -v: 400 MB)"; "" where there are none."""
    known = (
        (soft(constant), shell, unit) for constant, shell, unit in (_LIMITS[name] for name in names)
    )
    told = ", ".join(f"{shell}: {unit(limit)}" for limit, shell, unit in known if limit is not None)
    return f" ({told})" if told else ""


def soft(constant: str) -> int | None:
    """A limit of this process; None where it has none."""
    number = getattr(resource, constant, None)
    if number is None:
        return None
    limit: int = resource.getrlimit(number)[0]
    return None if limit == resource.RLIM_INFINITY else limit


@contextmanager
def refused() -> Iterator[None]:
    """An error inside that says that a limit is reached becomes a MachineError, in one line."""
    try:
        yield
    except MachineError:
        raise
    except Exception as error:
        if line := reached(error):
            raise MachineError(line) from error
        raise


def prepare() -> None:
    """Before NumPy is loaded: its BLAS ends the process, with words of its own, where it cannot have what it wants.

    It gets one thread where more may not be had, and where memory is limited, takes its own now. Raises MachineError
    where there is not enough for that.
    """
    limit = soft("RLIMIT_AS")
    if limit is not None and limit < LEAST:
        raise MachineError(
            f"nncli needs about {size(LEAST)} of address space, this shell gives a process {size(limit)} (ulimit -v). "
            "Raise the limit"
        )
    others = (os.cpu_count() or 1) - 1
    if not may_start(others) or not may_have(LEAST + others * THREAD):
        for name, count in ONE_THREAD.items():
            os.environ.setdefault(name, count)
    if limit is not None:
        import numpy as np

        np.ones((256, 256)) @ np.ones((256, 256))


def check_threads(count: int) -> None:
    """Before a BLAS is given so many threads: it waits for ever for those that could not be started.

    Raises MachineError where they cannot.
    """
    if count > 1 and not (may_start(count - 1) and may_have((count - 1) * THREAD)):
        raise MachineError(
            f"{count} threads cannot be started{told('threads', 'memory')}. "
            "Raise the limit, or ask for fewer: threads: 1"
        )


def may_have(size: int) -> bool:
    """Whether so much more address space may be had."""
    if soft("RLIMIT_AS") is None:
        return True
    with suppress(OSError, MemoryError), mmap.mmap(-1, size):
        return True
    return False


def may_start(count: int) -> bool:
    """Whether so many threads may be had beside this one, all at a time."""
    done = threading.Event()
    started: list[threading.Thread] = []
    try:
        for _ in range(count):
            thread = threading.Thread(target=done.wait, daemon=True)
            thread.start()
            started.append(thread)
    except (RuntimeError, MemoryError):
        return False
    finally:
        done.set()
        for thread in started:
            thread.join()
    return True
