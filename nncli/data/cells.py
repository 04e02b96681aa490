"""How a cell of a table is read. Blanks around it do not count, and a number that begins with a zero and another digit
is a text: `007` and `01234` name something, and would be another name without their zeros.

What training learnt comes first: weights of earlier versions may know `good` and `good ` as two (see `looked_up`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import lru_cache
from typing import TypeVar

BLANKS = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
"""What Unicode calls white space."""
MANY = 2.0**53
"""Whole numbers above this are not exact in float64."""
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_MAY_BE_PADDED = re.compile(rf"(?:^|\n)[{BLANKS}]*0[0-9]")
T = TypeVar("T")


def shown(text: object, most: int | None = None) -> str:
    """`text` on one line: escaped where it holds what cannot be printed, cut after `most` characters."""
    line = str(text)
    line = line if line.isprintable() else ascii(line)[1:-1]
    return line if most is None or len(line) <= most else f"{line[:most]}..."


def stripped(cell: str) -> str:
    """The cell without the blanks around it."""
    return cell.strip(BLANKS)


def is_number(cell: str) -> bool:
    """Whether a cell is a number as all write it: `1_000`, `0x1F`, `inf` and digits of other scripts are none."""
    number = stripped(cell)
    return _NUMBER.fullmatch(number) is not None and math.isfinite(float(number))


def is_padded(cell: str) -> bool:
    """Whether a cell is a number with leading zeros: `007`, `01.10`; not `0`, `0.5`."""
    text = stripped(cell)
    return text[:1] == "0" and text[1:2].isdigit() and is_number(text)


def first_padded(cells: Sequence[str]) -> str | None:
    """The first cell that is a number with leading zeros."""
    if not _MAY_BE_PADDED.search("\n".join(cells)):
        return None
    return next(filter(is_padded, cells), None)


def plain_number(cell: str) -> str:
    """A number in its simplest spelling: "7.0" and "+7" -> "7", "1.50" -> "1.5"; too large a one as it stands."""
    value = float(cell)
    return repr(value + 0.0).removesuffix(".0") if abs(value) < MANY else stripped(cell)


def holes(missing: Iterable[str]) -> frozenset[str]:
    """The cells that hold nothing, also where blanks stand around them."""
    listed = frozenset(missing)
    return listed | frozenset(map(stripped, listed))


def present(cells: Iterable[str], missing: Collection[str]) -> list[str]:
    """The cells that hold something."""
    return [cell for cell in cells if cell not in missing]


def without_blanks(cells: Iterable[str]) -> list[str]:
    """The cells without the blanks around them; None, which is a hole among a program's values, stays."""
    return [cell and stripped(cell) for cell in cells]


@lru_cache(maxsize=16)
def has_numbers(missing: frozenset[str]) -> bool:
    """Whether a number stands for a hole: then `-999 `, which is a number, is one too."""
    return any(cell and is_number(cell) for cell in missing)


def looked_up(cell: str, find: Callable[[str], T | None]) -> T | None:
    """What `find` knows of a cell as it stands, else without the blanks around it."""
    found = find(cell)
    return find(stripped(cell)) if found is None else found
