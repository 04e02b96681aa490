"""`nncli compare`: runs beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nncli.cli.options import JsonOption

if TYPE_CHECKING:
    from rich.table import Table

    from nncli.ledger.comparing import Comparison, Row

SIDE_BY_SIDE = 5
"""Runs that stand in columns; more of them stand in lines."""


def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", help="Runs, or sweeps for all of their trials."),
    ],
    json: JsonOption = False,
) -> None:
    """Show what differs in the specs of runs, beside how they ended."""
    from nncli.cli import console, summary
    from nncli.ledger import comparing

    comparison = comparing.compare(runs)
    if comparison.other_data:
        console.print_warnings(["not all of these runs were trained on the same data"])
    if json:
        console.print_json(comparison.as_json())
        return
    few = len(comparison.runs) <= SIDE_BY_SIDE
    summary.print_blocks(console.stdout(), *(_columns if few else _lines)(comparison))
    if not comparison.spec:
        console.say("their specs are the same")


def _tables(comparison: Comparison) -> dict[str, dict[str, Row]]:
    return {
        "spec": comparison.spec,
        "machine": comparison.machine,
        "figure": comparison.figures,
    }


def _columns(comparison: Comparison) -> list[Any]:
    """A number for each run, then tables with a column for each."""
    from nncli.cli.console import facts_table
    from nncli.runs import rundir

    runs = {
        str(number): f"{listed.path}  {rundir.status_of(listed.run)}"
        for number, listed in enumerate(comparison.runs, 1)
    }
    tables = (
        _table(title, rows, list(runs)) for title, rows in _tables(comparison).items() if rows
    )
    return [facts_table(runs), *tables]


def _table(title: str, rows: dict[str, Row], heads: list[str]) -> Table:
    from nncli.cli.console import plain_table
    from nncli.words import words

    table = plain_table(title, *heads)
    for name, row in rows.items():
        table.add_row(words(name) if title == "figure" else name, *_cells(title, name, row))
    return table


def _cells(title: str, name: str, row: Row) -> list[Any]:
    """Values; of figures the best stands out."""
    from nncli.cli.console import bold
    from nncli.cli.listing import shown
    from nncli.ledger.comparing import best_of

    best = best_of(name, row) if title == "figure" else set()
    texts = [shown(name, value) for value in row]
    return [bold(text) if place in best else text for place, text in enumerate(texts)]


def _lines(comparison: Comparison) -> list[Any]:
    """A line for each run, a column for each thing that differs."""
    from nncli.cli.console import plain_table
    from nncli.words import words

    columns: dict[str, list[Any]] = {}
    for title, rows in _tables(comparison).items():
        for name, row in rows.items():
            if title != "figure" or len(set(map(str, row))) > 1:
                head = words(name) if title == "figure" else name
                columns[head] = _cells(title, name, row)
    table = plain_table("run", *columns)
    table.columns[0].no_wrap = True
    for number, listed in enumerate(comparison.runs):
        table.add_row(listed.path.name, *(cells[number] for cells in columns.values()))
    return [table]
