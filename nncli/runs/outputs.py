"""Where users have things written: what may be replaced, what is written into as it is, and what is never touched."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from nncli import files
from nncli.errors import UsageError
from nncli.filetypes import DEVICE, FILE, LINK, PIPE, kind
from nncli.runs.documents import SWEEP, SWEEP_SPEC
from nncli.runs.lock import LOCK
from nncli.runs.rundir import FILES, RUN

STREAMS = (DEVICE, PIPE)
"""What is written into: /dev/null, a terminal, what another program reads."""
OWN = {RUN: (*FILES, LOCK), SWEEP: (SWEEP, SWEEP_SPEC, LOCK)}
"""What a folder with such a file in it is: a run, a sweep; and of which files it consists."""


def check(out: Path) -> None:
    """Raise UsageError where nothing should be written: a folder, a disk, a file of a run, a link in one."""
    found = kind(out, named=True)
    if found not in ("", FILE, *STREAMS):
        raise UsageError(
            f"{out}: is {found}, not a file that can be replaced. Choose another --out"
        )
    folder = _run_of(out)
    if folder and kind(out) == LINK:
        raise UsageError(f"{out}: is a link in {folder}. Choose another --out")
    target = _target(out)
    folder = _run_of(target)
    if folder and target.name.lower() in {name for names in OWN.values() for name in names}:
        raise UsageError(f"{out}: is a file of {folder} itself. Choose another --out")


def write(out: Path, data: bytes) -> None:
    """Put `data` at `out`, whole or not at all. Raises as `check` does, and MachineError."""
    with writing(out) as put:
        put(data)


@contextmanager
def writing(out: Path) -> Iterator[Callable[[bytes], None]]:
    """A function that writes; what it has been given stands at `out` once the block ends, whole or not at all. Of a
    link the file is replaced that it leads to; into a device or a pipe all goes at once."""
    check(out)
    if is_stream(out):
        with files.writing_through(out, _standard(out)) as put:
            yield put
    else:
        with files.replacing(_target(out)) as put:
            yield put


def make_folder(path: Path) -> None:
    """Make a folder for files, and those above it; in a run it is one of the run's own, and so no link."""
    if _run_of(path):
        files.make_inner_folder(path)
    else:
        files.make_folders(path)


def is_stream(out: Path) -> bool:
    """Whether what is written there goes somewhere at once: so it does to /dev/stdout, also where that is a file."""
    return kind(out, named=True) in STREAMS or _standard(out) is not None


def _standard(out: Path) -> int | None:
    """The number of stdout or stderr, where the path leads there. To open such a path anew would write from its
    beginning over what is there."""
    for number in (1, 2):
        with suppress(OSError):
            if os.path.samestat(out.stat(), os.fstat(number)):
                return number
    return None


def _target(out: Path) -> Path:
    return out.resolve() if kind(out) == LINK else out


def _run_of(path: Path) -> Path | None:
    """The run or the sweep in whose folder a file lies."""
    folder = path.parent
    return folder if any(kind(folder / head) for head in OWN) else None
