"""`nncli compare`: runs beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nncli.cli.options import AllOption, JsonOption

if TYPE_CHECKING:
    from nncli.ledger.comparing import Comparison

MOST_RUNS = 20
"""Runs that are shown unless it is told otherwise."""


def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", help="Runs, or sweeps for all of their trials."),
    ],
    limit: Annotated[
        int,
        typer.Option(min=0, metavar="N", help="Of more runs, show the N best; 0: all."),
    ] = MOST_RUNS,
    every: AllOption = False,
    json: JsonOption = False,
) -> None:
    """Show what differs in the specs of runs, beside how they ended."""
    from nncli.cli import beside, console, summary
    from nncli.ledger import comparing

    comparison = comparing.compare(runs, every)
    console.print_warnings(comparison.left_out)
    if comparison.other_data:
        console.print_warnings(["not all of these runs were trained on the same data"])
    if json:
        console.print_json(comparison.as_json())
        return
    page, shown = console.stdout(), comparison.best(limit)
    summary.print_blocks(page, *beside.blocks(shown, page.width))
    _say(comparison, len(shown.runs))


def _say(comparison: Comparison, shown: int) -> None:
    """What the tables do not."""
    from nncli.cli import console
    from nncli.words import plural, words

    if not comparison.spec:
        console.say("their specs are the same")
    if shown < len(comparison.runs):
        count = plural(len(comparison.runs), "run")
        metric = words(comparison.metric)
        console.say(f"the best {shown:,} of {count} by {metric}; --limit 0 shows them all")
