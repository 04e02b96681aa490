"""What may lie on a disk when the power fails: every crash state of a recorded trace of system calls.

What POSIX promises, and no more: content that was not fsynced may be as before, there in part, zeros, or whole; a name
that was made, changed or removed since the last fsync of its folder may be as before or as after, each on its own.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations, islice, product
from pathlib import Path

from faulty import Operation

Names = dict[Path, int]
"""Which file each name leads to."""
Layout = dict[Path, bytes | None]
"""What lies where; None is a folder."""
ALL_SUBSETS = 6
"""With up to so many names in the air every combination of them is tried; beyond, those that lose one or two."""
ALL_CONTENTS = 400
"""Combinations of contents tried for one set of names."""


def shared(one: bytes, other: bytes) -> int:
    """How many bytes two files begin with in common."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


@dataclass
class Content:
    """The bytes of one file: those that are safe, and those that every reader sees."""

    safe: bytes = b""
    seen: bytes = b""

    def variants(self) -> list[bytes]:
        """What a crash may leave: the seen content, or a mixture of what was and what was to come."""
        if self.safe == self.seen:
            return [self.seen]
        kept = shared(self.safe, self.seen)
        new = self.seen[kept:]
        half = len(new) // 2
        zeros = b"\0" * len(new)
        tails = [new, b"", new[:half], zeros, new[:half] + zeros[half:], zeros[:half] + new[half:]]
        return list(dict.fromkeys([*(self.seen[:kept] + tail for tail in tails), self.safe]))


@dataclass(frozen=True)
class Change:
    """One change of a folder: `file` gets the name `to`, or none, and loses the name `path`."""

    folder: Path
    path: Path | None
    to: Path | None
    file: int | None

    def apply(self, names: Names, folders: set[Path]) -> None:
        if self.path is not None:
            names.pop(self.path, None)
        if self.to is not None and self.file is None:
            folders.add(self.to)
        elif self.to is not None and self.file is not None:
            names[self.to] = self.file


@dataclass
class Volume:
    """A disk in the middle of a trace."""

    root: Path
    contents: list[Content] = field(default_factory=list)
    names: Names = field(default_factory=dict)
    safe_names: Names = field(default_factory=dict)
    folders: set[Path] = field(default_factory=set)
    changes: list[Change] = field(default_factory=list)
    """Changes of names that no fsync of their folder has followed."""
    kept: dict[Path, list[bytes]] = field(default_factory=dict)
    """What each path was replaced by, as far as the replacement had returned."""
    _opened: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Of each opening, the file and the position."""

    @classmethod
    def of(cls, root: Path) -> Volume:
        """A disk on which all that lies under a folder is safe."""
        volume = cls(root, folders={root, *(path for path in root.rglob("*") if path.is_dir())})
        for path in (path for path in root.rglob("*") if path.is_file()):
            data = path.read_bytes()
            volume.safe_names[path] = len(volume.contents)
            volume.contents.append(Content(data, data))
            volume.kept[path] = [data]
        volume.names = dict(volume.safe_names)
        return volume

    def apply(self, op: Operation) -> None:
        """Let one operation happen."""
        getattr(self, f"_{op.name}")(op)

    def _change(self, path: Path | None, to: Path | None, file: int | None) -> None:
        where = to or path
        assert where is not None
        self.changes.append(Change(where.parent, path, to, file))
        self.changes[-1].apply(self.names, set())

    def _open(self, op: Operation) -> None:
        if op.path not in self.names:
            if not op.flags & os.O_CREAT:
                return  # a folder
            self.contents.append(Content())
            self._change(None, op.path, len(self.contents) - 1)
        file = self.names[op.path]
        if op.flags & os.O_TRUNC:
            self.contents[file].seen = b""
        end = len(self.contents[file].seen) if op.flags & os.O_APPEND else 0
        self._opened[op.handle] = (file, end)

    def _write(self, op: Operation) -> None:
        file, at = self._opened[op.handle]
        content, end = self.contents[file], at + len(op.data)
        content.seen = content.seen[:at] + op.data + content.seen[end:]
        self._opened[op.handle] = (file, end)

    def _truncate(self, op: Operation) -> None:
        content = self.contents[self._opened[op.handle][0]]
        content.seen = content.seen[: op.size].ljust(op.size, b"\0")

    def _fsync(self, op: Operation) -> None:
        if op.handle in self._opened:
            content = self.contents[self._opened[op.handle][0]]
            content.safe = content.seen
            return
        for change in self.changes:
            if change.folder == op.path:
                change.apply(self.safe_names, self.folders)
        self.changes = [change for change in self.changes if change.folder != op.path]

    def _rename(self, op: Operation) -> None:
        self._change(op.path, op.to, self.names[op.path])

    def _unlink(self, op: Operation) -> None:
        if op.path in self.names:
            self._change(op.path, None, None)
            self.kept.pop(op.path, None)

    def _mkdir(self, op: Operation) -> None:
        self._change(None, op.path, None)

    def _kept(self, op: Operation) -> None:
        self.kept.setdefault(op.path, []).append(op.data)

    def _nothing(self, op: Operation) -> None:
        """What leaves no trace on the disk."""

    _read = _close = _nothing

    def layouts(self) -> Iterator[Layout]:
        """Everything that the disk may hold if the power fails now."""
        for changes in subsets(self.changes):
            names, folders = dict(self.safe_names), set(self.folders)
            for change in changes:
                change.apply(names, folders)
            there = {path: file for path, file in names.items() if self._is_reached(path, folders)}
            yield from self._filled(there, {f for f in folders if self._is_reached(f, folders)})

    def _is_reached(self, path: Path, folders: set[Path]) -> bool:
        """Whether every folder above a path is there."""
        return path == self.root or (
            path.parent in folders and self._is_reached(path.parent, folders)
        )

    def _filled(self, names: Names, folders: set[Path]) -> Iterator[Layout]:
        """One set of names with every content. What a temporary file holds nobody reads: one stands for all."""
        choices = [
            self.contents[file].variants()[: 1 if path.suffix == ".tmp" else None]
            for path, file in names.items()
        ]
        for chosen in islice(product(*choices), ALL_CONTENTS):
            yield {**dict.fromkeys(folders), **dict(zip(names, chosen, strict=True))}


def subsets(changes: list[Change]) -> Iterator[tuple[Change, ...]]:
    """Which of the changes in the air came down."""
    count = len(changes)
    sizes = range(count + 1) if count <= ALL_SUBSETS else (0, 1, count - 2, count - 1, count)
    for size in sizes:
        yield from combinations(changes, size)


@dataclass(frozen=True)
class CrashState:
    """What one crash leaves, after how many operations, and what had been promised by then."""

    after: int
    layout: Layout
    kept: dict[Path, list[bytes]]


def crash_states(trace: list[Operation], volume: Volume) -> Iterator[CrashState]:
    """Every state in which a crash during the trace may leave the disk, each once for the same promises."""
    tried = set()
    for number in range(len(trace) + 1):
        kept = {path: list(versions) for path, versions in volume.kept.items()}
        promised = tuple((path, len(versions)) for path, versions in sorted(kept.items()))
        for layout in volume.layouts():
            key = (promised, tuple(sorted(layout.items())))
            if key not in tried:
                tried.add(key)
                yield CrashState(number, layout, kept)
        if number < len(trace):
            volume.apply(trace[number])


class Ground:
    """A folder in which layouts are laid out, one after the other; only what differs is written."""

    def __init__(self, recorded: Path, root: Path) -> None:
        self.recorded, self.root = recorded, root
        self._lies: Layout = {}
        root.mkdir()

    def lay(self, layout: Layout) -> None:
        """Make the folder look like this."""
        wanted = {self.place(path): data for path, data in layout.items() if path != self.recorded}
        for path in sorted(self._lies.keys() - wanted.keys(), reverse=True):
            path.rmdir() if self._lies[path] is None else path.unlink()
        for path, data in sorted(wanted.items()):
            if path in self._lies and self._lies[path] == data:
                continue
            path.mkdir() if data is None else path.write_bytes(data)
        self._lies = wanted

    def clear(self) -> None:
        """Forget everything: someone has worked here."""
        shutil.rmtree(self.root)
        self.root.mkdir()
        self._lies = {}

    def place(self, path: Path) -> Path:
        """Where a path of the trace lies here."""
        return self.root / path.relative_to(self.recorded)
