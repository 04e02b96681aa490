"""`nncli report`: a run or a sweep as one HTML file, to be looked at and sent on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from nncli.cli.options import RUNS, AllOption, QuietOption, RunsDirOption


def report(
    run: Annotated[
        Path | None,
        typer.Argument(metavar="[RUN]", help="A run, or a sweep; the newest finished run."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write here; RUN/report.html by default.")
    ] = None,
    split: Annotated[
        Literal["train", "validation", "test"] | None,
        typer.Option(help="Whose answers: test by default, else validation, else train."),
    ] = None,
    every: AllOption = False,
    runs_dir: RunsDirOption = RUNS,
    quiet: QuietOption = False,
) -> None:
    """Write one HTML file that shows a run, or a sweep: figures, curves, mistakes, weights, data, and how to repeat it.

    The file needs no network and nothing beside it. A run that is still going is shown as it stands.
    """
    from nncli.cli import console
    from nncli.cli.choosing import newest
    from nncli.pages.report import write
    from nncli.runs.outputs import is_stream
    from nncli.words import size

    err = console.stderr(quiet)
    path, notes = write(run or newest(runs_dir, err), out, split, every=every)
    console.print_warnings(notes)
    if is_stream(path):
        return
    err.print(f"open it in any browser ({size(path.stat().st_size)}):")
    console.stdout().print(str(path))
