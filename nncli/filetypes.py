"""What lies at a path. A file of a run is a regular file: a run is a folder that people send each other.

A link in it may lead to any file of who has received it, and a pipe or a device may have no end.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from nncli import limits
from nncli.errors import DamagedError

FILE, FOLDER, LINK, PIPE, DEVICE = "a file", "a folder", "a link", "a pipe", "a device"
KINDS = {
    stat.S_IFREG: FILE,
    stat.S_IFDIR: FOLDER,
    stat.S_IFLNK: LINK,
    stat.S_IFIFO: PIPE,
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: DEVICE,
    stat.S_IFBLK: "a disk",
}
_NAME_SURROGATE = 0x20000000
"""In the reparse tag of what is a link on Windows: symbolic links, and junctions, which pass for folders."""


@contextmanager
def refusing(path: Path, what: str) -> Iterator[None]:
    """An OSError inside becomes one line: the path, what could not be done, and the system's reason."""
    try:
        yield
    except OSError as err:
        raise limits.refusal(err, f"{path}: cannot be {what}") from err


def kind(path: Path, *, named: bool = False) -> str:
    """What is there, in the words of `KINDS`; "" where nothing is. A path that a user has `named` may be a link: then
    what it leads to. Raises MachineError where that cannot be seen."""
    with refusing(path, "read"):
        return _kind(path, named)


def _kind(path: str | Path, named: bool) -> str:
    try:
        # by a name: to make a Path of each of ten thousand takes as long as to read them
        status = os.stat(path) if named else os.lstat(path)  # noqa: PTH116
    except (FileNotFoundError, NotADirectoryError):
        return ""
    if not named and getattr(status, "st_reparse_tag", 0) & _NAME_SURROGATE:
        return LINK
    return KINDS.get(stat.S_IFMT(status.st_mode), "something else")


def check(path: str | Path, wanted: str = FILE, named: bool = False) -> None:
    """Raise DamagedError where something else than what is wanted is there, and OSError where that cannot be seen."""
    if (found := _kind(path, named)) not in ("", wanted):
        raise DamagedError(f"{path}: is {found}, not {wanted}")


def check_files(folder: Path, names: Iterable[str]) -> None:
    """Raise DamagedError where something else than a file lies under one of these names in a folder."""
    with refusing(folder, "read"):
        for name in names:
            check(os.path.join(folder, name))  # noqa: PTH118


def check_folders(root: Path, *names: str) -> None:
    """Raise DamagedError where, going down from a folder by these names, something else than a folder lies."""
    with refusing(root, "read"):
        for depth in range(len(names)):
            check(root.joinpath(*names[: depth + 1]), FOLDER)
