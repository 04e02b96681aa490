"""`nncli plot`: pictures of a run, or of several beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from nncli.cli.options import RUNS, AllOption, QuietOption, RunsDirOption


def plot(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[RUN]...", help="Runs, or a sweep; the newest finished run."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write here; RUN/plots, or for several runs this folder."),
    ] = None,
    format: Annotated[Literal["png", "svg"], typer.Option(help="The kind of file.")] = "png",
    only: Annotated[
        str | None, typer.Option(metavar="NAME,NAME", help="Only these: --only curves,confusion")
    ] = None,
    split: Annotated[
        Literal["train", "validation", "test"] | None,
        typer.Option(help="Whose answers: test by default, else validation, else train."),
    ] = None,
    every: AllOption = False,
    runs_dir: RunsDirOption = RUNS,
    quiet: QuietOption = False,
) -> None:
    """Draw curves, confusion matrix, mistakes, weights, boundary, numbers predicted against true: what applies.

    Of a sweep: what came out over what was swept, and the curves of all trials.
    """
    from nncli import report
    from nncli.cli import console
    from nncli.runs.listing import newest_finished

    report.require_matplotlib()
    from nncli.report import plots

    names = plots.chosen(only) if only is not None else ()
    err = console.stderr(quiet)
    targets = runs or [newest_finished(runs_dir)]
    if not runs:
        err.print(f"the newest finished run: {targets[0]}")
    drawn = plots.draw(targets, names=names, out=out, kind=format, split=split, every=every)
    console.print_warnings(drawn.warnings)
    for line in drawn.left_out:
        err.print(line)
    for path in drawn.paths:
        console.stdout().print(str(path))
