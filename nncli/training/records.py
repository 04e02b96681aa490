"""The records of a training, which may be a million: each figure is a column of numbers, a sixth of the memory of as
many dictionaries, and a record is put together when it is asked for."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, overload

Record = dict[str, Any]
BLOCK = 4096
"""Records that are put together at once."""
_ABSENT, _NULL, _INT, _FLOAT = range(4)
_KINDS = {type(None): _NULL, int: _INT, float: _FLOAT}


class _Column:
    """A figure of every record. Whole numbers in records are small enough to be exact as float64."""

    def __init__(self, absent: int) -> None:
        self.numbers, self.kinds = array("d", bytes(8 * absent)), bytearray(absent)

    def extend(self, values: Sequence[int | float | None]) -> None:
        kinds = bytes(map(_KINDS.__getitem__, map(type, values)))
        self.kinds += kinds
        self.numbers.extend(value or 0.0 for value in values) if _NULL in kinds else (
            self.numbers.extend(values)  # type: ignore[arg-type]
        )

    def skip(self, count: int) -> None:
        """So many records do not have it."""
        self.kinds += bytes(count)
        self.numbers.frombytes(bytes(8 * count))

    def values(self, start: int, stop: int) -> list[Any]:
        """None where a record does not have it, and where it was not finite."""
        numbers, kinds = self.numbers[start:stop].tolist(), self.kinds[start:stop]
        if kinds.count(_FLOAT) == len(kinds):
            return numbers
        if kinds.count(_INT) == len(kinds):
            return list(map(int, numbers))
        pairs = zip(numbers, kinds, strict=True)
        return [n if k == _FLOAT else int(n) if k == _INT else None for n, k in pairs]


class Records(Sequence[Record]):
    """Records in the order of the file; equal to a list of the same dictionaries."""

    def __init__(self) -> None:
        self._columns: dict[str, _Column] = {}
        self._shapes: dict[tuple[str, ...], int] = {}
        """The names in a record, in order -> its number."""
        self._shape_of = array("I")

    def extend(self, records: Sequence[Record]) -> None:
        """Add records whose values are int, float or None."""
        for names, group in groupby(records, tuple):
            self._extend(names, list(group))

    def _extend(self, names: tuple[str, ...], records: Sequence[Record]) -> None:
        before, shape = len(self), self._shapes.setdefault(names, len(self._shapes))
        self._shape_of.extend([shape] * len(records))
        self._columns |= {name: _Column(before) for name in names if name not in self._columns}
        values = dict(zip(names, zip(*map(dict.values, records), strict=True), strict=True))
        for name, column in self._columns.items():
            if name in values:
                column.extend(values[name])
            else:
                column.skip(len(records))

    def column(self, name: str) -> list[Any]:
        """A figure of every record: None where a record does not have it, and where it was not finite."""
        column = self._columns.get(name)
        return column.values(0, len(self)) if column else [None] * len(self)

    @property
    def names(self) -> Collection[str]:
        """Every name that some record has."""
        return self._columns.keys()

    def __len__(self) -> int:
        return len(self._shape_of)

    @overload
    def __getitem__(self, place: int) -> Record: ...
    @overload
    def __getitem__(self, place: slice) -> list[Record]: ...
    def __getitem__(self, place: int | slice) -> Record | list[Record]:
        places = range(len(self))[place]
        if isinstance(places, int):
            return self._block(places, places + 1)[0]
        return [self[each] for each in places]

    def __iter__(self) -> Iterator[Record]:
        for start in range(0, len(self), BLOCK):
            yield from self._block(start, min(start + BLOCK, len(self)))

    def _block(self, start: int, stop: int) -> list[Record]:
        names = list(self._shapes)
        found: list[Record] = []
        for shape, group in groupby(self._shape_of[start:stop]):
            end = start + sum(1 for _ in group)
            columns = [self._columns[name].values(start, end) for name in names[shape]]
            rows = zip(*columns, strict=True) if columns else [()] * (end - start)
            found += [dict(zip(names[shape], row, strict=True)) for row in rows]
            start = end
        return found

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]


def names_in(records: Sequence[Mapping[str, Any]]) -> Collection[str]:
    """Every name that some record has."""
    if isinstance(records, Records):
        return records.names
    return {name for record in records for name in record}


def column(records: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    """A figure of every record, None where it has none; of `Records` without putting each together."""
    if isinstance(records, Records):
        return records.column(name)
    return [record.get(name) for record in records]
