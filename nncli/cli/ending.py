"""How a training ends, for people: the result on stdout, and how to go on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from nncli.cli.live import Live
    from nncli.interrupts import Stop
    from nncli.preparation import Experiment
    from nncli.session import Result
    from nncli.spec.model import Spec


@contextmanager
def at_once(live: Live) -> Iterator[None]:
    """A second Ctrl-C inside stops at once: what stands then is the last checkpoint."""
    from nncli import words
    from nncli.cli import console

    try:
        yield
    except KeyboardInterrupt:
        if live.path is None:
            raise
        command = words.command("resume", live.path)
        console.say(f"stopped at once; from the last checkpoint: {command}")
        raise typer.Exit(130) from None


def end(
    experiment: Experiment, result: Result, stop: Stop, *, plots: bool, json: bool, quiet: bool
) -> None:
    """Draw what was asked for, print the result, and exit as a signal demands."""
    from nncli import words
    from nncli.cli import console
    from nncli.runs.status import INTERRUPTED

    if result.status != INTERRUPTED:
        drawn = _draw(experiment, result) if plots else ()
        warnings = not_beaten(experiment, result)  # before the report: its disk may refuse
        report(result.path, experiment.spec, result.summary, json, quiet, drawn)
        console.print_warnings(warnings)
        return
    with console.perhaps_unread():  # the signal may have ended who reads it, or closed the terminal
        report(result.path, experiment.spec, result.summary, json, quiet)
    command = words.command("resume", result.path)
    console.say(f"stopped by {stop.name} after {result.position}. Go on with: {command}")
    raise typer.Exit(stop.exit_code)


def not_beaten(experiment: Experiment, result: Result) -> tuple[str, ...]:
    """A warning where what was kept is no better than an answer without a look at the inputs: that of `nncli eval`."""
    from nncli.cli.summary import judged_split
    from nncli.judge import judge

    split = judged_split(result.summary["baseline"])
    return judge(result.path, split=split, dataset=experiment.dataset).warnings


def _draw(experiment: Experiment, result: Result) -> tuple[Path, ...]:
    """The pictures of the run, in it."""
    from nncli.report import plots

    return plots.draw([result.path], dataset=experiment.dataset).paths


def report(
    path: Path,
    spec: Spec,
    summary: Mapping[str, Any],
    json: bool,
    quiet: bool,
    drawn: Sequence[Path] = (),
) -> None:
    """The result on stdout: JSON, or the path alone where quiet, or a table and the pictures."""
    from nncli.cli import console
    from nncli.cli.summary import figures_block
    from nncli.words import duration, plural

    out = console.stdout()
    if json:
        pictures = {"plots": list(map(str, drawn))} if drawn else {}
        console.print_json({"run": str(path), **summary, **pictures})
    elif quiet:
        out.print(str(path))
    else:
        out.print()
        if summary["kept"]:
            out.print(figures_block(summary, spec))
        long = f"{plural(summary['epochs'], 'epoch')}, {duration(summary['seconds'])}"
        out.print(f"\n{summary['status']} after {long} of training: {path}", style="bold")
        for picture in drawn:
            out.print(str(picture))
