"""Which columns of a table the network sees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from nncli.data.columns import Look, Portrait
from nncli.data.encode import MOST_CATEGORIES, is_mixed, is_too_varied
from nncli.data.files import shown
from nncli.errors import DataError, Problem, SpecError
from nncli.spec.sources import Csv

MOST_LISTED = 30
MOST_COMPARED = 10
"""Names that are no column's, of a key, that are named one by one: each is compared with the whole header."""


def features_of(source: Csv, header: Sequence[str]) -> tuple[str, ...]:
    """The columns that are to be inputs. SpecError with everything that does not fit the table's header."""
    problems = [*_unknown(source, header), *_twice(source)]
    if problems:
        raise SpecError(problems)
    others = {*source.target, *source.drop, *source.key}
    features = source.features or tuple(name for name in header if name not in others)
    if not features:
        message = "are none: every column is the target, dropped or a key. Add columns"
        raise SpecError([Problem(("data", "features"), message)])
    return features


def check_features(features: Sequence[str], look: Look, where: str) -> None:
    """DataError or SpecError for columns that are no use as they are: empty, texts among numbers, ever new texts."""
    columns = [look.column(name) for name in features]
    for column in columns:
        if column.kind == "empty":
            raise DataError(
                f"{where}: column `{shown(column.name, 60)}` is missing in every row. Add it to data.drop"
            )
        if is_mixed(column) and column.odd:
            line, cell = column.odd
            odd = column.rows - column.missing - column.numbers
            raise DataError(
                f"{where}:{line}: column `{shown(column.name, 60)}` holds `{cell}`, but otherwise numbers "
                f"({odd} of {column.rows} cells are none). Correct it, list it in data.missing, or add the column "
                "to data.drop"
            )
    varied = [column for column in columns if is_too_varied(column)]
    if varied:
        raise SpecError([Problem(("data",), _varied(varied))])


def _varied(columns: Sequence[Portrait]) -> str:
    names = ", ".join(
        f"`{shown(column.name, 60)}` has {'' if column.counted else 'more than '}{column.distinct}"
        f"{f' (`{column.padded}` is a text for its leading zeros)' if column.padded else ''}"
        for column in columns[:10]
    )
    more = f" and {len(columns) - 10} more" if len(columns) > 10 else ""
    texts = "columns of" if len(columns) > 1 else "a column of"
    return (
        f"{texts} texts with too many different ones to learn from: {names}{more} in {columns[0].rows} rows, "
        f"{MOST_CATEGORIES} are the most, and fewer than half of the rows. Add what names the rows to `key`, "
        "and what is of no use to `drop`"
    )


def _closest(name: str, header: Sequence[str]) -> str:
    close = get_close_matches(name[:100], header, n=1, cutoff=0.5)
    return f" Did you mean `{shown(close[0], 60)}`?" if close else ""


def _unknown(source: Csv, header: Sequence[str]) -> Iterator[Problem]:
    """Names that are no column's."""
    there = set(header)
    listed = ", ".join(shown(column, 40) for column in header[:MOST_LISTED])
    more = "" if len(header) <= MOST_LISTED else ", ..."
    for key in ("target", "features", "drop", "key"):
        absent = [name for name in getattr(source, key) or () if name not in there]
        for name in absent[:MOST_COMPARED]:
            yield Problem(
                ("data", key),
                f"there is no column `{shown(name, 60)}`.{_closest(name, header)} "
                f"There are {listed}{more}",
            )
        if (rest := len(absent) - MOST_COMPARED) > 0:
            yield Problem(("data", key), f"and {rest:,} more of its names are no columns")


def _twice(source: Csv) -> Iterator[Problem]:
    """Columns that are said to be two things."""
    keys = ("target", "features", "drop", "key")
    for place, key in enumerate(keys):
        for other in keys[:place]:
            both = set(getattr(source, key) or ()) & set(getattr(source, other) or ())
            for name in sorted(both):
                yield Problem(
                    ("data", key),
                    f"has `{shown(name, 60)}`, which is in data.{other} too. Remove it from one",
                )
