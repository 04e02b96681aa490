"""Runs and sweeps as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.table import Table

from nncli.cli import console
from nncli.cli.summary import JUDGED, print_blocks
from nncli.ledger.facts import MISSING, fact
from nncli.runs.listing import Listed
from nncli.runs.status import status_of
from nncli.spec.page import visible
from nncli.sweep.values import in_words, number
from nncli.words import duration, figure, words

if TYPE_CHECKING:
    from nncli.sweep.study import Study


def as_json(found: Sequence[Listed], sweeps: Sequence[Study], names: Sequence[str]) -> Any:
    """Each run with its summary and what was asked for, each sweep in short."""
    listed = [
        {
            "run": str(one.path),
            **(one.summary or {}),
            "status": status_of(one.run),
            **{name: value for name in names if (value := fact(one, name)) is not MISSING},
        }
        for one in found
    ]
    return {"runs": listed, "sweeps": _in_short(sweeps)}


def print_lists(found: Sequence[Listed], sweeps: Sequence[Study], names: Sequence[str]) -> None:
    """The table of runs, with a column for each name, and that of sweeps."""
    blocks: list[Any] = [_runs(found, names)] if found else []
    if sweeps:
        from nncli.cli.sweeps import sweeps_table

        blocks.append(sweeps_table(sweeps))
    print_blocks(console.stdout(), *blocks)


def _in_short(sweeps: Sequence[Study]) -> list[Any]:
    if not sweeps:
        return []
    from nncli.sweep import reading

    return [*map(reading.in_short, sweeps)]


MOST_DRAWN = 200
"""Lines that rich draws, which takes it a quarter of a millisecond each; more are written as they are."""
COLUMNS = {"status": "status", "epoch": "kept epoch", "seconds": "training"}
"""What the table says in any case."""


def _runs(found: Sequence[Listed], names: Sequence[str]) -> Table | str:
    """A line for each run: how it stands, its figures, and what was asked for."""
    more = [name for name in names if name not in COLUMNS]
    heads = ["run", *COLUMNS.values(), "figure", *map(words, more)]
    rows = [_row(listed, more) for listed in found]
    if len(rows) > MOST_DRAWN:
        return aligned([heads, *rows], left=2)
    table = console.plain_table(*heads, left=2)
    for row in rows:
        table.add_row(*row)
    return table


def _row(listed: Listed, names: Sequence[str]) -> list[str]:
    summary = listed.summary
    cells = (
        [_epoch(summary), duration(summary["seconds"]), _headline(summary)] if summary else "---"
    )
    own = (shown(name, fact(listed, name)) for name in names)
    return [visible(listed.path.name), visible(status_of(listed.run)), *cells, *own]


def _epoch(summary: Mapping[str, Any]) -> str:
    """That of what was kept, and of how many: "8 of 20"."""
    kept, epochs = summary["kept"].get("epoch", "-"), summary["epochs"]
    return f"{kept}" if kept == epochs else f"{kept} of {epochs}"


def aligned(rows: Sequence[Sequence[str]], left: int) -> str:
    """Rows as lines, the first `left` columns to the left: what rich draws, where it need not fold anything."""
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell + blank if place < left else blank + cell
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
            for blank in [" " * (width - cell_len(cell))]
        ).rstrip()
        for row in rows
    )


def shown(name: str, value: Any) -> str:
    """A value of a run by its name: shares in percent, numbers in short."""
    if value is MISSING or value is None:
        return "-"
    if name == "seconds":
        return duration(value)
    as_number = number(value)
    if as_number is None or isinstance(value, int):
        return in_words(value)
    return figure(name, as_number)


def _headline(summary: Mapping[str, Any]) -> str:
    """The figure by which what was kept is judged: of test, else of validation, else of train."""
    kept = summary["kept"]
    keys = (f"{split}_{name}" for split in JUDGED for name in ("accuracy", "r2", "loss"))
    key = next((key for key in keys if key in kept), None)
    return f"{words(key)} {figure(key, kept[key])}" if key else "-"
