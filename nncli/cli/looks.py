"""What data look like, on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nncli.cli.console import facts_table, plain_table
from nncli.cli.summary import print_blocks
from nncli.data.files import shown
from nncli.words import plural

if TYPE_CHECKING:
    from nncli.data.dataset import Dataset
    from nncli.overview import Column, Overview, Range

WIDEST = 120
"""Columns that tables of cells may take where nobody says how wide the paper is."""
BAR = 20
MOST_CLASSES, MOST_COLUMNS, MOST_ROWS = 20, 60, 5
NAME, CELL = 20, 18


def print_overview(page: Console, found: Overview, dataset: Dataset) -> None:
    """Facts, columns, classes, first rows and a few pictures."""
    from nncli.cli import blocks

    parts: list[object] = [facts_table(dict(_facts(found)))]
    if found.columns:
        parts.append(_columns_table(found.columns, min(page.width, WIDEST)))
    if found.ranges or found.targets:
        parts.append(_ranges_table((*found.targets, *found.ranges)))
    if found.classes:
        parts.append(_classes_table(found, page))
    if found.head:
        parts.append(_head_table(found.head, min(page.width, WIDEST)))
    if page.is_terminal and found.image:
        parts.append(blocks.preview(page, dataset))
    print_blocks(page, *parts)


def _facts(found: Overview) -> Iterator[tuple[str, str]]:
    yield "source", f"{found.source}: {found.origin}" if found.origin else found.source
    yield "rows", ", ".join(f"{rows:,} {name}" for name, rows in found.splits.items())
    if found.drawn:
        yield "split", found.drawn
    yield "task", _task(found)
    if found.image:
        height, width, channels = found.image
        colors = "" if channels == 1 else f" x {channels} colors"
        yield "inputs", f"{found.inputs:,}: pictures of {height} x {width}{colors}"
    elif found.columns:
        used = sum(column.role == "inputs" for column in found.columns)
        yield "inputs", f"{found.inputs:,} from {plural(used, 'column')}"
    else:
        yield "inputs", f"{found.inputs:,}"
    yield "sha256", found.sha256[:16]


def _task(found: Overview) -> str:
    if found.task == "regression":
        return f"regression: {plural(len(found.targets), 'number')} a row"
    kind = "classes" if found.task == "classification" else "labels, any of them for a row"
    return f"{found.task}: {len(found.classes):,} {kind}"


def _columns_table(columns: Sequence[Column], width: int) -> Table:
    """A line for each column; of its cells as much as there is room for."""
    rows = [_column_row(column) for column in columns[:MOST_COLUMNS]]
    header = ("column", "type", "missing", "cells", "becomes")
    widest = [max(len(row[at]) for row in (header, *rows)) for at in range(len(header))]
    room = max(10, width - sum(widest) + widest[3] - 2 * len(header))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in header:
        table.add_column(name, justify="right" if name == "missing" else "left", no_wrap=True)
    for column, row in zip(columns, rows, strict=False):
        cut = [_short(text, room if at == 3 else NAME) for at, text in enumerate(row)]
        table.add_row(*map(Text, cut), style="bold" if column.role == "target" else None)
    if len(columns) > MOST_COLUMNS:
        table.add_row(Text(f"and {len(columns) - MOST_COLUMNS} more"))
    return table


def _column_row(column: Column) -> tuple[str, ...]:
    missing = f"{column.missing:,}" if column.missing else ""
    role = plural(len(column.inputs), "input") if column.role == "inputs" else column.role
    return _short(shown(column.name), NAME), column.kind, missing, _cells(column), role


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _cells(column: Column) -> str:
    """What is in a column: "32.1 to 59.6, mean 43.92", or its commonest texts."""
    if column.mean is not None:
        return f"{column.low:g} to {column.high:g}, mean {column.mean:.4g}"
    if not column.common:
        few = "none" if column.kind == "empty" else "too many different ones to count"
        return few
    texts = ", ".join(f"{shown(text, CELL)} {count:,}" for text, count in column.common.items())
    more = (column.distinct or 0) - len(column.common)
    return f"{texts}, {more:,} more" if more > 0 else texts


def _ranges_table(ranges: Sequence[Range]) -> Table:
    table = plain_table("training rows", "lowest", "mean", "highest", "spread")
    for one in ranges:
        figures = (one.low, one.mean, one.high, one.std)
        table.add_row(shown(one.name, NAME), *(f"{figure:.4g}" for figure in figures))
    return table


def _classes_table(found: Overview, page: Console) -> Table:
    """A line for each class: rows of each split, its share of the training rows, and that as a bar."""
    name = "class" if found.task == "classification" else "label"
    table = plain_table(name, *found.splits, "share", "")
    table.columns[-1].justify = "left"
    total = found.splits["train"]
    most = max(rows.get("train", 0) for rows in found.classes.values())
    block = "#" if page.legacy_windows or not page.encoding.startswith("utf") else "█"
    for label, rows in list(found.classes.items())[:MOST_CLASSES]:
        train = rows.get("train", 0)
        bar = block * round(BAR * train / max(most, 1))
        counts = [f"{rows[split]:,}" for split in found.splits]
        table.add_row(Text(shown(label, NAME)), *counts, f"{train / total:.1%}", Text(bar, "cyan"))
    if (more := len(found.classes) - MOST_CLASSES) > 0:
        table.add_row(f"and {more:,} more")
    return table


def _head_table(rows: Sequence[Mapping[str, str]], width: int) -> Table:
    """The first rows, as many columns as there is room for."""
    names = list(rows[0])
    rows = rows[:MOST_ROWS]
    kept: list[str] = []
    room = width - 4
    for name in names:
        cells = [shown(name, CELL), *(shown(row[name], CELL) for row in rows)]
        room -= max(map(len, cells)) + 2
        if room < 0 and kept:
            break
        kept.append(name)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in (*kept, *(["..."] if len(kept) < len(names) else [])):
        table.add_column(Text(shown(name, CELL)), no_wrap=True)
    for row in rows:
        table.add_row(*(Text(shown(row[name], CELL)) for name in kept))
    return table
