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

    if result.status != "interrupted":
        drawn = _draw(experiment, result) if plots else ()
        report(result.path, result.summary, json, quiet, drawn)
        console.print_warnings(_not_beaten(experiment, result.summary))
        return
    with console.perhaps_unread():  # the signal may have ended who reads it, or closed the terminal
        report(result.path, result.summary, json, quiet)
    command = words.command("resume", result.path)
    console.say(f"stopped by {stop.name} after {result.position}. Go on with: {command}")
    raise typer.Exit(stop.exit_code)


def _not_beaten(experiment: Experiment, summary: Mapping[str, Any]) -> tuple[str, ...]:
    """A warning where the best record is no better than an answer without a look at the inputs. With class weights
    that is no fault: they give up rows of common classes for those of rare ones."""
    from nncli.cli.summary import judged_split
    from nncli.training.baseline import baseline, not_beaten

    split, final = judged_split(summary["baseline"]), summary["final"]
    if experiment.spec.class_weight is not None or f"{split}_loss" not in final:
        return ()
    best = {key: top["value"] for key, top in summary["best"].items()}
    start = f"{split}_"
    figures = {
        key.removeprefix(start): value
        for key, value in (final | best).items()
        if key.startswith(start) and value is not None
    }
    return not_beaten(split, figures, baseline(experiment.dataset, split))


def _draw(experiment: Experiment, result: Result) -> tuple[Path, ...]:
    """The pictures of the run, in it."""
    from nncli.report import plots

    return plots.draw([result.path], dataset=experiment.dataset).paths


def report(
    path: Path, summary: Mapping[str, Any], json: bool, quiet: bool, drawn: Sequence[Path] = ()
) -> None:
    """The result on stdout: JSON, or the path alone where quiet, or a table and the pictures."""
    from nncli.cli import console
    from nncli.cli.summary import figures_table
    from nncli.words import duration

    out = console.stdout()
    if json:
        pictures = {"plots": list(map(str, drawn))} if drawn else {}
        console.print_json({"run": str(path), **summary, **pictures})
    elif quiet:
        out.print(str(path))
    else:
        out.print()
        if summary["final"]:
            out.print(figures_table(summary))
        last, kept, status = summary["epochs"], summary["weights_epoch"], summary["status"]
        if kept not in (last, None) and status == "finished":
            out.print(f"\nafter {last} epochs, weights.npz holds those of epoch {kept}")
        out.print(
            f"\n{status} after {duration(summary['seconds'])} of training: {path}", style="bold"
        )
        for picture in drawn:
            out.print(str(picture))
