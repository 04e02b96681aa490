"""A disk to be tested on: every system call of nncli counted, recorded, and refused, cut short or made the last."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

from nncli import files
from nncli.files import System


@dataclass(frozen=True)
class Operation:
    """One system call, with all that is needed to do it again."""

    name: str
    path: Path
    handle: int = 0
    """Which opening of the path it belongs to: descriptors are used again, handles are not."""
    flags: int = 0
    data: bytes = b""
    size: int = 0
    to: Path | None = None


Fault = Callable[[int, Operation], int | None]
"""Asked before operation N: raises, kills, or says how many bytes may be written (None: all)."""


def nothing(number: int, operation: Operation) -> None:
    """The fault of a disk that has none."""


@dataclass(frozen=True)
class Fails:
    """The system refuses operation `at`, and with `onward` every one after it."""

    at: int
    errno: int
    onward: bool = False

    def __call__(self, number: int, operation: Operation) -> None:
        if number == self.at or (self.onward and number > self.at):
            raise OSError(self.errno, os.strerror(self.errno), str(operation.path))


@dataclass(frozen=True)
class Shortens:
    """Write `at` puts down only half of its bytes, and with `onward` so does every one after it."""

    at: int
    onward: bool = False

    def __call__(self, number: int, operation: Operation) -> int | None:
        if number == self.at or (self.onward and number > self.at):
            return (len(operation.data) + 1) // 2
        return None


@dataclass(frozen=True)
class Kills:
    """kill -9 before operation `at`, or with `halfway` when half of its bytes are written."""

    at: int
    halfway: bool = False

    def __call__(self, number: int, operation: Operation) -> int | None:
        if number == self.at + self.halfway:
            os.kill(os.getpid(), signal.SIGKILL)
        return len(operation.data) // 2 if number == self.at and self.halfway else None


class Disk:
    """The real system calls behind a fault, and the record of what was asked of them."""

    def __init__(self, fault: Fault = nothing) -> None:
        self.fault = fault
        self.count = 0
        self.trace: list[Operation] = []
        self.refused: list[int] = []
        """Where in the trace the operations stand that failed."""
        self._opened: dict[int, tuple[Path, int]] = {}

    @property
    def system(self) -> System:
        """What takes the place of `files.SYSTEM`."""
        return System(**{field.name: getattr(self, field.name) for field in fields(System)})

    @property
    def calls(self) -> list[Operation]:
        """The operations that the fault was asked about: the N-th is the N-th here."""
        return [operation for operation in self.trace if operation.name != "kept"]

    def _asked(self, operation: Operation) -> int | None:
        self.count += 1
        self.trace.append(operation)
        try:
            return self.fault(self.count, operation)
        except OSError:
            self.refused.append(len(self.trace) - 1)
            raise

    def read(self, path: Path) -> bytes:
        self._asked(Operation("read", path))
        return path.read_bytes()

    def open(self, path: Path, flags: int, mode: int = 0o777) -> int:
        handle = self.count + 1
        self._asked(Operation("open", path, handle, flags))
        descriptor = os.open(path, flags, mode)
        self._opened[descriptor] = (path, handle)
        return descriptor

    def take(self, descriptor: int, size: int) -> bytes:
        self._asked(Operation("read", self._opened[descriptor][0]))
        return os.read(descriptor, size)

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        operation = Operation("write", *self._opened[descriptor], data=bytes(data))
        return os.write(descriptor, data[: self._asked(operation)])

    def fsync(self, descriptor: int) -> None:
        self._asked(Operation("fsync", *self._opened[descriptor]))
        os.fsync(descriptor)

    def truncate(self, descriptor: int, size: int) -> None:
        self._asked(Operation("truncate", *self._opened[descriptor], size=size))
        os.ftruncate(descriptor, size)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)  # first: a descriptor is gone even where close fails
        self._asked(Operation("close", *self._opened.pop(descriptor)))

    def rename(self, path: Path, to: Path) -> None:
        self._asked(Operation("rename", path, to=to))
        path.replace(to)

    def mkdir(self, path: Path) -> None:
        self._asked(Operation("mkdir", path))
        path.mkdir()

    def unlink(self, path: Path) -> None:
        self._asked(Operation("unlink", path))
        path.unlink()

    def rmdir(self, path: Path) -> None:
        self._asked(Operation("rmdir", path))
        path.rmdir()


@contextmanager
def using(disk: Disk) -> Iterator[Disk]:
    """Put a disk under nncli."""
    before = files.SYSTEM
    files.SYSTEM = disk.system
    try:
        yield disk
    finally:
        files.SYSTEM = before


@contextmanager
def recording(fault: Fault = nothing) -> Iterator[Disk]:
    """A disk that also writes down, as operation `kept`, each replacement that has returned: a promise made."""
    disk, replace = Disk(fault), files.replace

    def replace_and_say(path: Path, data: bytes) -> None:
        replace(path, data)
        disk.trace.append(Operation("kept", path, data=bytes(data)))

    files.replace = replace_and_say
    try:
        with using(disk):
            yield disk
    finally:
        files.replace = replace
