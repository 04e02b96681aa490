"""`nncli train`: spec in, trained network and run directory out."""

from __future__ import annotations

import sys
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nncli.cli.options import RUNS, JsonOption, QuietOption, RunsDirOption, SetOption, SpecArgument

if TYPE_CHECKING:
    from nncli.experiment import Experiment, Result


def train(
    spec: SpecArgument,
    set_: SetOption = None,
    runs_dir: RunsDirOption = RUNS,
    run_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Exactly this directory, new or empty.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What the run is called.")] = None,
    plots: Annotated[
        bool, typer.Option("--plots", help="Draw pictures into the run when it has finished.")
    ] = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train the network that a spec describes, and keep the run."""
    from nncli import experiment, report
    from nncli.cli import console
    from nncli.cli.fetching import fetching
    from nncli.cli.live import Live
    from nncli.interrupts import graceful
    from nncli.spec.load import load_spec

    if plots:
        report.require_matplotlib()  # now, not after hours of training
    overrides = [*(set_ or []), *([f"name={dumps(name)}"] if name else [])]
    document = load_spec(spec, overrides)
    err = console.stderr(quiet)
    with document.places(), fetching(err) as on_progress:
        prepared = experiment.prepare(document.spec, on_progress)
    console.print_warnings(prepared.warnings, f"{spec}: ")
    if document.spec.sweep and not quiet:
        err.print(f"{spec}: the sweep is ignored here; `nncli sweep {spec}` goes over it.")
    with document.places(), graceful() as stop, Live(err) as live:
        result = experiment.train(
            prepared, runs_dir, run_dir=run_dir, command=sys.argv, watcher=live, stop=stop
        )
    drawn = _draw(prepared, result) if plots and result.status == "finished" else ()
    _report(result, json, quiet, drawn)
    if result.status == "interrupted":
        console.say(f"stopped by a signal; the weights so far are in {result.path}")
        raise typer.Exit(stop.exit_code)


def _draw(prepared: Experiment, result: Result) -> tuple[Path, ...]:
    """The pictures of the run, in it."""
    from nncli.report import plots

    return plots.draw([result.path], dataset=prepared.dataset).paths


def _report(result: Result, json: bool, quiet: bool, drawn: tuple[Path, ...]) -> None:
    """The result on stdout: JSON, or the path alone where quiet, or a table and the pictures."""
    from nncli.cli import console, summary
    from nncli.words import duration

    out = console.stdout()
    if json:
        pictures = {"plots": list(map(str, drawn))} if drawn else {}
        console.print_json({"run": str(result.path), **result.summary, **pictures})
    elif quiet:
        out.print(str(result.path))
    else:
        out.print()
        if result.summary["final"]:
            out.print(summary.figures_table(result.summary))
        took = duration(result.summary["seconds"])
        last, kept = result.summary["epochs"], result.summary["weights_epoch"]
        if kept != last and result.status == "finished":
            out.print(f"\nafter {last} epochs, weights.npz holds those of epoch {kept}")
        out.print(f"\n{result.status} after {took} of training: {result.path}", style="bold")
        for path in drawn:
            out.print(str(path))
