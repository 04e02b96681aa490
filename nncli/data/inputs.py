"""What people want predicted: files, folders, globs and standard input, told by content, as one stream of rows."""

from __future__ import annotations

import glob
import gzip
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np

from nncli import limits
from nncli.data import blocks
from nncli.data.csv_file import csv_stream, open_csv
from nncli.data.encoding import ImageLook, TableEncoding
from nncli.data.files import GZIP_MAGIC, Content, content, gzip_errors, shown, size_of_file
from nncli.data.table_rows import Piece, encoded, plain
from nncli.errors import DataError, UsageError
from nncli.network.params import Array

STDIN = "-"
MAGICS = {
    b"\x93NUMPY": "npy",
    b"PK\x03\x04": "npz",
    b"PK\x05\x06": "npz",
    b"\0\0": "idx",
    b"\x89PNG": "picture",
    b"\xff\xd8\xff": "picture",
    b"GIF8": "picture",
}
"""How files begin. Pictures of other formats are known, so that they are refused as such."""
SUFFIXES = {".npy": "npy", ".npz": "npz", ".png": "picture", ".jpg": "picture", ".jpeg": "picture"}
"""What a file was meant to be whose beginning says nothing."""
PICTURES = (".png", ".jpg", ".jpeg")
WORDS = {
    "csv": "a table",
    "npy": "an array",
    "npz": "arrays",
    "idx": "an IDX array",
    "picture": "a picture",
}
FILE = ""
"""What the name of a row's file is kept under among its keys: no column of a table has this name."""
_HEAD = 4096


@dataclass(frozen=True)
class Source:
    """One input."""

    path: Path | None
    """None for standard input."""
    kind: str
    """A key of `WORDS`."""

    @property
    def where(self) -> str:
        """Its name in messages."""
        return "standard input" if self.path is None else shown(self.path)

    @property
    def name(self) -> str:
        """Its name beside its rows."""
        return STDIN if self.path is None else str(self.path)


@dataclass(frozen=True)
class Takes:
    """What a network takes."""

    features: int
    """Numbers per row."""
    table: TableEncoding | None = None
    look: ImageLook | None = None
    keys: tuple[str, ...] = ()
    """Columns that every table has to have, and that come back beside the answers."""

    @property
    def names(self) -> tuple[str, ...]:
        """Columns that come back beside the answers, where inputs are tables."""
        own = self.table.keys if self.table else ()
        return tuple(dict.fromkeys((*own, *self.keys)))


def find(words: Sequence[str]) -> list[Source]:
    """Every file that is meant: globs and folders of pictures are taken apart, in the order of their names.

    UsageError for what is not there, DataError for a folder without pictures.
    """
    if words.count(STDIN) > 1:
        raise UsageError("standard input (-) can be read once only")
    return [source for word in words for source in _meant(word)]


def _meant(word: str) -> Iterator[Source]:
    path = Path(word)
    if word == STDIN:
        yield Source(None, _kind(_stdin().peek(_HEAD), ""))  # type: ignore[attr-defined]
    elif path.is_dir():
        found = sorted(one for one in path.rglob("*") if one.suffix.lower() in PICTURES)
        if not found:
            raise DataError(f"{shown(path)}: is a folder without PNG or JPEG pictures")
        yield from map(_source, found)
    elif path.exists() or not glob.has_magic(word):
        yield _source(path)
    else:
        matches = sorted(glob.glob(word, recursive=True))  # noqa: PTH207 - a pattern may be absolute
        if not matches:
            raise UsageError(f"{shown(word)}: no file matches this pattern")
        yield from (_source(Path(match)) for match in matches if not Path(match).is_dir())


def _source(path: Path) -> Source:
    with _machine_errors(path):
        if not path.exists():
            raise UsageError(f"{shown(path)}: no such file")
        size_of_file(path)  # refuses what is none
        with path.open("rb") as file:
            return Source(path, _kind(file.read(_HEAD), path.suffix.lower()))


def _kind(head: bytes, suffix: str) -> str:
    """What a file is, by its beginning, unpacked if need be; else by its name, and else a table."""
    if head.startswith(GZIP_MAGIC):
        try:
            head = zlib.decompressobj(31).decompress(head, _HEAD)
        except zlib.error:  # who reads the file says so
            head = b""
    known = (kind for magic, kind in MAGICS.items() if head.startswith(magic))
    return next(known, SUFFIXES.get(suffix, "csv"))


def needs_names(sources: Sequence[Source]) -> bool:
    """Whether the file of a row has to be told: for pictures, and where there are several files."""
    return len(sources) > 1 or any(source.kind == "picture" for source in sources)


def read(sources: Sequence[Source], takes: Takes) -> Iterator[Piece]:
    """The rows of all sources, one after another. DataError, with the place, for what a network cannot take."""
    named = needs_names(sources)
    for source in sources:
        _check_kind(source, takes)
    for source in sources:
        with _machine_errors(source.path):
            for x, keys in READERS[source.kind](source, takes):
                own = {FILE: [source.name] * len(x)} if named else {}
                absent = {name: [""] * len(x) for name in takes.names if name not in keys}
                yield Piece(x, own | keys | absent)


def _check_kind(source: Source, takes: Takes) -> None:
    """Refuse what a network cannot take, before anything is read."""
    what = f"{source.where}: holds {WORDS[source.kind]}"
    if takes.table and source.kind != "csv":
        names = [column.name for column in takes.table.columns]
        listed = shown(", ".join(names), 200)
        raise DataError(
            f"{what}, but the network was trained on a table. Give it a CSV file with the columns {listed}"
        )
    if source.kind == "picture" and takes.look is None:
        raise DataError(
            f"{what}, but the network was trained on rows of {takes.features} numbers that are none, as far as its "
            "weights say. Give it such rows as CSV, NPY or IDX"
        )
    if takes.keys and source.kind != "csv":
        raise UsageError(f"--key {shown(takes.keys[0], 40)}: {source.where} has no columns")


def _csv(source: Source, takes: Takes) -> Iterator[Piece]:
    if source.path is None:
        tables: Any = _standing(csv_stream(_stdin(), source.where))
    else:
        tables = open_csv(source.path)
    with tables as table:
        if takes.table:
            yield from encoded(table, takes.table, takes.names, takes.keys)
        else:
            yield from plain(table, takes.features, takes.keys)


def _arrays(reader: Callable[[Content, str, int], Iterator[Array]]) -> Reader:
    def read(source: Source, takes: Takes) -> Iterator[Piece]:
        with _content(source) as opened:
            for x in reader(opened, source.where, takes.features):
                yield Piece(x, {})

    return read


def _npz(source: Source, takes: Takes) -> Iterator[Piece]:
    if source.path is None:
        raise DataError(
            "standard input: holds a zip archive, which cannot be read from a pipe. Name the .npz file"
        )
    for x in blocks.npz_blocks(source.path, source.where, takes.features):
        yield Piece(x, {})


def _picture(source: Source, takes: Takes) -> Iterator[Piece]:
    from nncli.data.seeing import as_row, see  # its codecs are an extra

    look = cast(ImageLook, takes.look)  # the kind was checked
    given = source.path or _stdin().read()
    yield Piece(as_row(see(given, look), look), {})


Reader = Callable[[Source, Takes], Iterator[Piece]]
READERS: dict[str, Reader] = {
    "csv": _csv,
    "npy": _arrays(blocks.npy_blocks),
    "npz": _npz,
    "idx": _arrays(blocks.idx_blocks),
    "picture": _picture,
}


def _stdin() -> BinaryIO:
    if sys.stdin is None:
        raise UsageError("standard input (-) is closed")
    return sys.stdin.buffer


@contextmanager
def _standing(value: Any) -> Iterator[Any]:
    """What is not ours to close."""
    yield value


@contextmanager
def _content(source: Source) -> Iterator[Content]:
    """Its uncompressed bytes."""
    if source.path is not None:
        with content(source.path) as opened:
            yield opened
        return
    stream: Any = _stdin()
    gzipped = stream.peek(2)[:2] == GZIP_MAGIC
    with gzip_errors(source.where):
        unpacked = gzip.GzipFile(fileobj=stream) if gzipped else stream
        yield Content(Path(source.where), unpacked, 0, gzipped, piped=True)


@contextmanager
def _machine_errors(path: Path | None) -> Iterator[None]:
    where = "standard input" if path is None else shown(path)
    try:
        yield
    except OSError as error:
        raise limits.refusal(error, f"{where}: cannot be read") from error
    except MemoryError as error:
        raise limits.refusal(error, f"{where}: does not fit") from error


def regrouped(pieces: Iterator[Piece], rows: int) -> Iterator[Piece]:
    """The same rows, `rows` of them at a time; the last piece may be shorter.

    A network then sees the same chunks whatever the files are, as `eval` gives it.
    """
    held: list[Piece] = []
    count = 0
    for piece in pieces:
        held.append(piece)
        count += len(piece.x)
        while count >= rows:
            whole = _joined(held)
            yield _part(whole, slice(0, rows))
            held = [_part(whole, slice(rows, count))]
            count -= rows
    if count:
        yield _joined(held)


def _joined(pieces: Sequence[Piece]) -> Piece:
    if len(pieces) == 1:
        return pieces[0]
    pieces = [piece for piece in pieces if len(piece.x)]
    keys = {
        name: [cell for piece in pieces for cell in piece.keys[name]] for name in pieces[0].keys
    }
    return Piece(np.concatenate([piece.x for piece in pieces]), keys)


def _part(piece: Piece, rows: slice) -> Piece:
    if rows == slice(0, len(piece.x)):
        return piece
    return Piece(piece.x[rows], {name: cells[rows] for name, cells in piece.keys.items()})
