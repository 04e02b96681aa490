"""`nncli sweep`: one spec, many values, in parallel."""

from __future__ import annotations

import shlex
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from nncli.cli.options import (
    RUNS,
    JsonOption,
    QuietOption,
    RunsDirOption,
    SetOption,
    SpecArgument,
    TensorboardOption,
)

if TYPE_CHECKING:
    from rich.console import Console

    from nncli.interrupts import Stop
    from nncli.spec.sweeps import HalvingSpec
    from nncli.sweep.estimate import TimeLeft
    from nncli.sweep.executors import Workers
    from nncli.sweep.sharing import Offer
    from nncli.sweep.study import Study, Trial


def sweep(
    spec: SpecArgument,
    grid: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=A,B,C",
            help="Values of a key, instead of the spec's `sweep:`; a range as KEY=log:0.001:10:9, or with linear.",
        ),
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option(min=1, help="Draw so many points; ranges are then KEY=log:0.001:10."),
    ] = None,
    halving: Annotated[
        str | None,
        typer.Option(metavar="1,3,9,30", help="Epochs at which only the best settings go on."),
    ] = None,
    keep: Annotated[
        float | None, typer.Option(help="The share of settings that goes on, with --halving.")
    ] = None,
    set_: SetOption = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Trials at a time; one for each usable core.")
    ] = None,
    cluster: Annotated[
        str, typer.Option(metavar="ADDRESS", help="A Dask scheduler, tcp://host:8786; or `local`.")
    ] = "processes",
    max_trials: Annotated[int, typer.Option(min=1, help="Refuse a sweep of more trials.")] = 1000,
    name: Annotated[
        str | None, typer.Option(help="What the sweep is called: one of its own for each question.")
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Start another sweep beside this.")
    ] = False,
    each: Annotated[
        bool,
        typer.Option("--each", help="A row for every trial, where the table would have means."),
    ] = False,
    tensorboard: TensorboardOption = False,
    runs_dir: RunsDirOption = RUNS,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train a spec over lists of values. The same command goes on where it was."""
    from nncli import events
    from nncli.cli import console
    from nncli.interrupts import graceful
    from nncli.sweep import agreement, earlier, telling
    from nncli.sweep import study as studies
    from nncli.sweep.asked import Asked
    from nncli.sweep.halving import decided
    from nncli.sweep.places import workers_at
    from nncli.sweep.sharing import Offer
    from nncli.sweep.space import space
    from nncli.sweep.trial import run_trials
    from nncli.words import plural

    asked = Asked(grid or [], samples, halving, keep, name)
    document, wanted = asked.load(spec, set_ or [])
    chosen = space(wanted, document.spec.seed, max_trials)
    overrides = [*(set_ or []), *asked.overrides()]
    study = studies.plan(spec, overrides, chosen.points, runs_dir, fresh=fresh)
    study = decided(agreement.checked(study), wanted.halving)
    err = console.stderr(quiet)
    if chosen.notice:
        err.print(chosen.notice)
    console.print_warnings([*earlier.warnings(study), *telling.mismatched(study)])
    todo = sum(trial.to_run for trial in study.trials)
    with workers_at(cluster, workers, todo) as crew:
        if todo:
            crew.wake(run_trials, [])  # they start, and import, while the data are read
        with document.places():
            data = _fetch(study, err) if todo else Offer()
        count = plural(len(study.trials), "trial")
        err.print(f"{count}, {todo} to run, on {plural(crew.slots, 'worker')}: {study.path}")
        left = _announce(study, data, crew.slots, wanted.halving, err) if todo else None
        with graceful() as stop:
            source = document.page.text.encode()
            study = _run(study, source, crew, data, wanted.halving, left, stop, err)
    for trial in study.trials if tensorboard else ():
        events.write(trial.path)
    with console.perhaps_unread() if stop() else nullcontext():
        _report(study, each, json, quiet)
    _exit(study, stop)


def _fetch(study: Study, err: Console) -> Offer:
    """Read the data once, where all trials share it: a download, or an error, comes once and before any trial. So does
    what an engine compiles."""
    from nncli.cli import console
    from nncli.cli.fetching import fetching
    from nncli.data.sources import load
    from nncli.sweep.agreement import check_data
    from nncli.sweep.sharing import Offer
    from nncli.training.step import rehearse

    specs = [trial.spec for trial in study.trials if trial.spec]
    for engine, spec in {spec.engine: spec for spec in specs}.items():
        with console.compiling(err, engine):
            rehearse(spec)
    if not all(spec.data == specs[0].data for spec in specs):
        return Offer()
    with fetching(err) as on_progress:
        dataset = load(specs[0].data, on_progress=on_progress)
    check_data(study, specs[0], dataset)
    return Offer(specs[0], dataset)


def _announce(
    study: Study, data: Offer, slots: int, halved: HalvingSpec | None, err: Console
) -> TimeLeft | None:
    """Say how long it takes, as far as anybody knows; what tells the time left while it runs."""
    from nncli.sweep.estimate import TimeLeft, estimate

    if err.quiet:
        return None
    found = estimate(study, data.dataset, slots, halved)
    if found:
        err.print(f"it takes {found}")
    else:
        err.print("how long it takes will show as trials finish")
    return TimeLeft(study, data.dataset, found, halved)


def _run(
    study: Study,
    source: bytes,
    workers: Workers[tuple[str, ...]],
    data: Offer,
    halved: HalvingSpec | None,
    left: TimeLeft | None,
    stop: Stop,
    err: Console,
) -> Study:
    """Run the trials under a live table; in a log, a line for each trial that ends."""
    from rich.console import Group
    from rich.live import Live
    from rich.text import Text

    from nncli.cli.sweep_table import trials_table
    from nncli.sweep import running
    from nncli.sweep.values import label

    shown = err.is_terminal and not err.quiet
    with Live(console=err, auto_refresh=False, transient=True) as live:

        def tick(now: Study) -> None:
            if shown:
                words = Text(left(now) if left else "", "bold")
                live.update(Group(trials_table(now, now.trials), words), refresh=True)

        def ended(trial: Trial) -> None:
            if not shown:
                err.print(f"{label(trial.point)}: {trial.status} {trial.reason}".rstrip())

        watching = running.Watching(stop, tick, ended)
        return running.run(
            study, source, workers=workers, data=data, watching=watching, halved=halved
        )


def _report(study: Study, each: bool, json: bool, quiet: bool) -> None:
    """The ranking on stdout."""
    from nncli.cli import console
    from nncli.cli.summary import print_blocks
    from nncli.cli.sweep_table import best, ranking
    from nncli.sweep import telling
    from nncli.sweep.values import label

    err, out = console.stderr(quiet), console.stdout()
    if json:
        console.print_json(study.as_json())
    elif quiet:
        out.print(str(study.path))
    else:
        print_blocks(out, *ranking(study, each))
        for trial in study.trials:
            if trial.reason and trial.meaning.wrong:
                out.print(f"{label(trial.point)}: {trial.reason}")
        if study.best:
            out.print(f"\n{best(study)}", style="bold")
    for note in filter(None, (telling.on_test(study), telling.left_out(study, "show"))):
        err.print(note)


def _exit(study: Study, stop: Stop) -> None:
    """0 if a trial finished; otherwise the first failure's code; 128 + n after a signal."""
    from nncli.cli import console

    if stop():
        command = shlex.join(["nncli", *(word for word in sys.argv[1:] if word != "--fresh")])
        console.say(f"stopped by a signal; the same command goes on: {command}")
        raise typer.Exit(stop.exit_code)
    if study.best is None:
        codes = [trial.exit_code for trial in study.trials if trial.exit_code]
        raise typer.Exit(codes[0] if codes else 1)
