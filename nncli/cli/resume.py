"""`nncli resume`: go on with a run that was stopped, or train a finished one for longer."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from nncli.cli.options import (
    JsonOption,
    PlotsOption,
    QuietOption,
    RunArgument,
    TensorboardOption,
    ThreadsOption,
)


def resume(
    run: RunArgument,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Train to this many epochs in all.")
    ] = None,
    threads: ThreadsOption = None,
    plots: PlotsOption = False,
    tensorboard: TensorboardOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Go on with a run from its last checkpoint, to the same bytes as if it had never been stopped."""
    from nncli import experiment, report, resuming
    from nncli.cli import console, ending
    from nncli.cli.fetching import fetching
    from nncli.cli.live import Live
    from nncli.events import Events
    from nncli.interrupts import graceful

    if plots:
        report.require_matplotlib()
    err = console.stderr(quiet)
    with resuming.reopened(run, epochs=epochs, threads=threads) as reopened:
        if reopened.summary:
            err.print(f"{run}: already complete. To train it for longer: --epochs N")
            ending.report(run, reopened.spec, reopened.summary, json, quiet)
            return
        with console.compiling(err, reopened.spec.engine), fetching(err) as on_progress:
            prepared = reopened.prepare(on_progress)
        with graceful() as stop, Live(err) as live, ending.at_once(live):
            watcher = experiment.Several(live, Events(tensorboard))
            result = experiment.resume(
                prepared,
                reopened,
                command=sys.argv,
                watcher=watcher,
                stop=stop,
                notice=lambda message: console.print_warnings([message]),
            )
    ending.end(prepared, result, stop, plots=plots, json=json, quiet=quiet)
