"""Tables as text: CSV files, read in pieces with the standard library's `csv` in its strict mode.

UTF-8, with a byte order mark or without; gzipped or not; lines end in any way, and quoted fields may hold such ends.
Fields are separated by commas; by semicolons or tabs where the header has more of those.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from nncli.data.cells import is_number
from nncli.data.files import (
    CHUNK,
    GZIP_MAGIC,
    LARGEST_INFLATED,
    Stream,
    gzip_errors,
    shown,
    size_of_file,
)
from nncli.data.progress import Progress
from nncli.errors import DataError
from nncli.words import plural

LONGEST_ROW = 4 << 20
"""Characters of a row, its quoted line ends included."""
CHUNK_CELLS = 1 << 20
CHUNK_CHARACTERS = 8 << 20
"""A chunk of rows ends early where it has this many cells or characters, so that wide tables take no more memory."""
SEPARATORS = (",", ";", "\t")
MAGICS = {
    b"\xff\xfe": "is UTF-16",
    b"\xfe\xff": "is UTF-16",
    b"PK\x03\x04": "is a zip archive or a spreadsheet",
    b"\xd0\xcf\x11\xe0": "is a spreadsheet",
}
"""How files begin that people take for CSV."""
FAULTS = {
    "field larger than": "a field has more than 131,072 characters. Is a quote not closed?",
    "unexpected end": "the file ends inside a quoted field. Close its quote",
    "expected after": "a quoted field goes on after its closing quote. Write a quote inside it twice",
}
"""Part of what `csv` says -> what we say."""


class Rows(NamedTuple):
    """A chunk of a table."""

    lines: list[int]
    """The line of the file on which each row begins, for messages."""
    cells: dict[str, list[str]]
    """Column -> its cells, as text."""


class CsvFile:
    """A table that is read from front to back, once.

    DataError for what is wrong with its header; `chunks` raises it for what is wrong with its rows.
    """

    header: tuple[str, ...]
    taken: int
    """Bytes that have been read so far, unpacked."""

    def __init__(self, stream: Stream, where: str, most: int | None = None, size: int = 0) -> None:
        """`where` names it in messages; more than `most` bytes are refused; `size`: bytes, where that is known."""
        self.where, self.size, self.taken = where, size, 0
        self._row_began = 0
        self._most = most
        self._hash = hashlib.sha256()
        self._given = 0
        lines = self._lines(stream)
        first = next(lines, "")
        self._reader = csv.reader(
            chain([first], lines),
            delimiter=_separator(first),
            strict=True,
            skipinitialspace=True,
        )
        self.header = self._read_header()

    @property
    def sha256(self) -> str:
        """Of the uncompressed bytes that have been read."""
        return self._hash.hexdigest()

    def chunks(self, rows: int = 10_000) -> Iterator[Rows]:
        """All rows, at most so many at a time. DataError naming the line of what is wrong."""
        width = len(self.header)
        rows = max(1, min(rows, CHUNK_CELLS // width))
        lines: list[int] = []
        table: list[list[str]] = []
        start = self._given
        for line, row in self._records():
            if len(row) != width:
                raise DataError(
                    f"{self.where}:{line}: expected {plural(width, 'field')}, found {len(row)}"
                )
            lines.append(line)
            table.append(row)
            if len(table) >= rows or self._given - start > CHUNK_CHARACTERS:
                yield self._chunk(lines, table)
                lines, table, start = [], [], self._given
        if table:
            yield self._chunk(lines, table)

    def watched(self, doing: str, on_progress: Progress | None) -> Iterator[Rows]:
        """The same, and after each chunk how far it is."""
        for rows in self.chunks():
            yield rows
            if on_progress is not None:
                on_progress(f"{doing} {self.where}", self.taken, self.size)

    def _chunk(self, lines: list[int], table: list[list[str]]) -> Rows:
        return Rows(lines, dict(zip(self.header, map(list, zip(*table, strict=True)), strict=True)))

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        """Each row that is not blank, with the line it begins on."""
        reader = self._reader
        before = reader.line_num
        try:
            for row in reader:
                self._row_began = self._given
                if row:
                    yield before + 1, row
                before = reader.line_num
        except csv.Error as error:
            fault = next((ours for theirs, ours in FAULTS.items() if theirs in str(error)), error)
            raise DataError(f"{self.where}:{before + 1}: {fault}") from error

    def _read_header(self) -> tuple[str, ...]:
        line, names = next(self._records(), (1, []))
        if not names:
            raise DataError(
                f"{self.where}: is empty. A line with the names of the columns is expected"
            )
        _check_header(names, f"{self.where}:{line}")
        return tuple(names)

    def _lines(self, stream: Stream) -> Iterator[str]:
        """Lines with their ends: "\\n", "\\r\\n" or "\\r", and nothing else that Unicode may take for one."""
        rest = ""
        for text in _texts(self._pieces(stream), self.where):
            lines = io.StringIO(rest + text, newline="").readlines()
            rest = lines.pop() if lines else ""  # what follows may belong to it
            yield from map(self._counted, lines)
            self._check_length(len(rest))
        if rest:
            yield self._counted(rest)

    def _counted(self, line: str) -> str:
        self._given += len(line)
        self._check_length(0)
        return line

    def _check_length(self, rest: int) -> None:
        if self._given + rest - self._row_began > LONGEST_ROW:
            line = self._reader.line_num + 1 if hasattr(self, "_reader") else 1
            raise DataError(
                f"{self.where}:{line}: a row has more than {LONGEST_ROW:,} characters. Is a quote not closed?"
            )

    def _pieces(self, stream: Stream) -> Iterator[bytes]:
        """The bytes, hashed and counted."""
        while True:
            with gzip_errors(self.where):
                piece = stream.read1(CHUNK)
            if not piece:
                return
            self.taken += len(piece)
            if self._most is not None and self.taken > self._most:
                raise DataError(
                    f"{self.where}: unpacks to more than {self._most} bytes. Unpack it with gunzip first"
                )
            self._hash.update(piece)
            yield piece


@contextmanager
def open_csv(path: Path) -> Iterator[CsvFile]:
    """The table in a file, gzipped or not, told by its content. DataError where it is none; OSError passes through."""
    size = size_of_file(path)  # refuses what is no file
    with path.open("rb") as file:
        yield csv_stream(file, shown(path), size)


def csv_stream(file: BinaryIO, where: str, size: int = 0) -> CsvFile:
    """The table in an open binary stream, stdin for instance."""
    buffered = file if hasattr(file, "peek") else io.BufferedReader(cast(io.RawIOBase, file))
    buffered = cast(io.BufferedReader, buffered)
    if buffered.peek(2)[:2] == GZIP_MAGIC:
        return CsvFile(gzip.GzipFile(fileobj=buffered), where, most=LARGEST_INFLATED)
    return CsvFile(buffered, where, size=size)


def _texts(pieces: Iterator[bytes], where: str) -> Iterator[str]:
    """UTF-8 without its byte order mark. DataError with the offset of a byte that is none."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    offset = 0
    first = True
    for piece in chain(_long_start(pieces, where), (b"",)):
        pending = len(decoder.getstate()[0])
        nul = piece.find(b"\0")
        if nul >= 0:
            raise DataError(
                f"{where}: byte {offset + nul} is NUL. Is it a text file? Save the table as UTF-8"
            )
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            place = offset - pending + error.start
            raise DataError(
                f"{where}: byte {place} (0x{error.object[error.start]:02x}) is not UTF-8. "
                "Is it Latin-1? Save the table as UTF-8"
            ) from error
        yield text.removeprefix("\ufeff") if first else text
        offset += len(piece)
        first = False


def _long_start(pieces: Iterator[bytes], where: str) -> Iterator[bytes]:
    """The same bytes, of which the first piece is long enough to tell what they are."""
    start = b""
    with suppress(StopIteration):
        while len(start) < 4:
            start += next(pieces)
    for magic, what in MAGICS.items():
        if start.startswith(magic):
            raise DataError(f"{where}: {what}. Save the table as CSV in UTF-8")
    yield start
    yield from pieces


def _separator(line: str) -> str:
    """What there is most of outside quotes; of as many, the comma."""
    bare = re.sub(r'"[^"]*"?', "", line)
    return max(SEPARATORS, key=bare.count)


def _check_header(names: Sequence[str], where: str) -> None:
    """Each column has a name, and one of its own; numbers are no names."""
    numbers = [name for name in names if is_number(name)]
    decimal = any("." in number for number in numbers) and len(numbers) > len(names) / 2
    if len(numbers) == len(names) or decimal:
        raise DataError(
            f"{where}: holds numbers ({shown(numbers[0], 20)}) where the names of the columns are expected. "
            "Put a line with names first"
        )
    nameless = [place for place, name in enumerate(names, 1) if not name.strip()]
    if nameless:
        index = " (an index? pandas leaves it out with index=False)" if nameless == [1] else ""
        raise DataError(f"{where}: {_columns(nameless)} without a name{index}. Name every column")
    name, count = Counter(names).most_common(1)[0]
    if count > 1:
        places = [place for place, other in enumerate(names, 1) if other == name]
        raise DataError(
            f"{where}: {_columns(places)} have the same name, {shown(name, 40)}. Rename all but one"
        )


def _columns(places: Sequence[int]) -> str:
    """[2, 5] -> "columns 2 and 5"."""
    few = [str(place) for place in places[:5]]
    more = f" and {len(places) - 5} more" if len(places) > 5 else ""
    if len(few) == 1:
        return f"column {few[0]}"
    listed = ", ".join(few) if more else f"{', '.join(few[:-1])} and {few[-1]}"
    return f"columns {listed}{more}"
