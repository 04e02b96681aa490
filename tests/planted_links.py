"""What a stranger may put in the place of a file: one of every kind, and a victim that links lead to."""

from __future__ import annotations

import os
import signal
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nncli.filetypes import FILE, KINDS

PRECIOUS = b'{"epoch": 1}\nprecious\n'
ENDLESS = os.makedev(1, 5)
"""/dev/zero."""


def _socket(path: Path, victim: Path) -> None:
    before = Path.cwd()
    os.chdir(path.parent)  # its name may have 107 bytes
    try:
        with socket.socket(socket.AF_UNIX) as end:
            end.bind(path.name)
    finally:
        os.chdir(before)


def _node(kind: int) -> Callable[[Path, Path], None]:
    def plant(path: Path, victim: Path) -> None:
        try:
            os.mknod(path, kind | 0o666, ENDLESS)
        except PermissionError:
            pytest.skip("only an administrator makes devices")

    return plant


PLANTED: dict[str, Callable[[Path, Path], None]] = {
    "a link": lambda path, victim: path.symlink_to(victim / "file"),
    "a link to a folder": lambda path, victim: path.symlink_to(victim),
    "a link to nothing": lambda path, victim: path.symlink_to(victim / "new"),
    "a link to itself": lambda path, victim: path.symlink_to(path),
    "a link to a device": lambda path, victim: path.symlink_to("/dev/zero"),
    "a folder": lambda path, victim: path.mkdir(),
    "a pipe": lambda path, victim: os.mkfifo(path),
    "a socket": _socket,
    "a device": _node(stat.S_IFCHR),
    "a disk": _node(stat.S_IFBLK),
}
"""What is there -> puts it there; the first words are those of `KINDS`."""
FOLLOWED = [what for what in PLANTED if what.startswith("a link")]


def kind_of(what: str) -> str:
    """The kind that the message must name."""
    return what.partition(" to ")[0]


def test_every_kind_can_be_planted():
    assert set(map(kind_of, PLANTED)) == set(KINDS.values()) - {FILE}


@contextmanager
def victim_in(folder: Path) -> Iterator[Path]:
    """A folder with a file in it, where nothing may change meanwhile."""
    victim = folder / "victim"
    victim.mkdir()
    (victim / "file").write_bytes(PRECIOUS)
    yield victim
    assert [path.name for path in victim.iterdir()] == ["file"], "something was made or removed"
    assert (victim / "file").read_bytes() == PRECIOUS


@contextmanager
def not_waiting(seconds: int = 30) -> Iterator[None]:
    """Fail where a pipe is waited for, or a device read to an end that it has not."""

    def late(number: int, frame: object) -> None:
        pytest.fail("waits, or reads without an end")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def look(path: Path) -> tuple[int, str]:
    """What stands at a path, so that it can be told whether it still does."""
    status = path.lstat()
    return status.st_mode, str(path.readlink()) if path.is_symlink() else ""
