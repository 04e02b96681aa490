"""Where words go: results to stdout, progress and messages to stderr."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from nncli.errors import NncliError, SpecError


def stdout() -> Console:
    """For results."""
    return Console(highlight=False, soft_wrap=True)


def stderr(quiet: bool = False) -> Console:
    """For progress and messages; says nothing where `quiet`."""
    return Console(stderr=True, quiet=quiet, highlight=False, soft_wrap=True)


def print_json(value: Mapping[str, Any]) -> None:
    """One strict JSON object on stdout."""
    from nncli.runs.rundir import to_json

    typer.echo(to_json(value))


def print_error(error: NncliError) -> None:
    """`error: ...` on stderr, a line for each problem; on a terminal the line of the spec under it."""
    console = stderr()
    if not isinstance(error, SpecError):
        typer.secho(f"error: {error}", err=True, fg="red" if console.is_terminal else None)
        return
    for problem in error.problems:
        typer.secho(f"error: {problem}", err=True, fg="red" if console.is_terminal else None)
        if problem.excerpt and console.is_terminal:
            typer.echo(problem.excerpt, err=True)


def print_warnings(warnings: Iterable[str], place: str = "") -> None:
    """`warning: ...` on stderr, a line for each."""
    for warning in warnings:
        typer.echo(f"warning: {place}{warning}", err=True)


def plain_table(*columns: str, left: int = 1) -> Table:
    """A table without borders: the first `left` columns to the left, numbers to the right."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number < left else "right", no_wrap=True)
    return table
