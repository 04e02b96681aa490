"""`nncli train`: spec in, trained network and run directory out."""

from __future__ import annotations

import sys
from json import dumps
from pathlib import Path
from typing import Annotated

import typer

from nncli.cli.options import (
    RUNS,
    JsonOption,
    PlotsOption,
    QuietOption,
    RunsDirOption,
    SetOption,
    SpecArgument,
    TensorboardOption,
)


def train(
    spec: SpecArgument,
    set_: SetOption = None,
    runs_dir: RunsDirOption = RUNS,
    run_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Exactly this directory, new or empty.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What the run is called.")] = None,
    plots: PlotsOption = False,
    tensorboard: TensorboardOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train the network that a spec describes, and keep the run."""
    from nncli import experiment, preparation, report
    from nncli.cli import console, ending
    from nncli.cli.fetching import fetching
    from nncli.cli.live import Live
    from nncli.events import Events
    from nncli.interrupts import graceful
    from nncli.spec.load import load_spec

    if plots:
        report.require_matplotlib()  # now, not after hours of training
    overrides = [*(set_ or []), *([f"name={dumps(name)}"] if name else [])]
    document = load_spec(spec, overrides)
    err = console.stderr(quiet)
    engine = console.compiling(err, document.spec.engine)
    with document.places(), engine, fetching(err) as on_progress:
        prepared = preparation.prepare(document.spec, on_progress)
    console.print_warnings(prepared.warnings, f"{spec}: ")
    if document.spec.sweep and not quiet:
        err.print(f"{spec}: the sweep is ignored here; `nncli sweep {spec}` goes over it.")
    with document.places(), graceful() as stop, Live(err) as live, ending.at_once(live):
        watcher = experiment.Several(live, Events(tensorboard))
        result = experiment.train(
            prepared, runs_dir, run_dir=run_dir, command=sys.argv, watcher=watcher, stop=stop
        )
    ending.end(prepared, result, stop, plots=plots, json=json, quiet=quiet)
