"""`nncli eval`: judge saved weights on a split."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from nncli.cli.options import RUNS, JsonOption, QuietOption, RunsDirOption

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from nncli.judge import Judgment

WIDEST = 20
"""Classes up to which the confusion matrix is printed; --json always has it."""


def evaluate(
    run: Annotated[
        Path | None,
        typer.Argument(
            metavar="[RUN]",
            help="A run, a weights file, or a sweep (its best trial); the newest finished run.",
        ),
    ] = None,
    split: Annotated[
        Literal["train", "validation", "test"] | None,
        typer.Option(help="Which rows: test by default, else validation, else train."),
    ] = None,
    spec: Annotated[
        Path | None, typer.Option(metavar="SPEC", help="Take the data from this spec instead.")
    ] = None,
    weights: Annotated[
        Literal["last", "best", "average"] | None,
        typer.Option(help="Which parameters of a run; those of weights.npz by default."),
    ] = None,
    min_accuracy: Annotated[
        float | None, typer.Option(min=0, max=1, help="Exit with 7 below this accuracy: 0.95")
    ] = None,
    runs_dir: RunsDirOption = RUNS,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Judge a trained network: loss, accuracy, confusion matrix, and figures for each class."""
    from nncli.cli import console
    from nncli.cli.choosing import best_of, newest
    from nncli.cli.fetching import fetching
    from nncli.judge import judge

    err = console.stderr(quiet)
    target = best_of(run, err) if run else newest(runs_dir, err)
    with fetching(err) as on_progress:
        judgment = judge(
            target, on_progress=on_progress, split=split, spec_path=spec, which=weights
        )
    console.print_warnings(judgment.warnings)
    if json:
        console.print_json(judgment.as_json())
    else:
        _report(judgment, quiet)
    _demand(judgment, min_accuracy)


def _report(judgment: Judgment, quiet: bool) -> None:
    """Figures first; then the confusion matrix and the table of classes."""
    from rich.text import Text

    from nncli.cli import console, summary
    from nncli.words import figure, plural

    out = console.stdout()
    figures = "  ".join(f"{name} {figure(name, value)}" for name, value in judgment.figures.items())
    rows, epochs = plural(judgment.rows, "row"), plural(judgment.epoch, "epoch")
    first = Text.assemble((judgment.split, "bold"), f" ({rows}, after {epochs}): {figures}")
    blocks = [first, *([] if quiet else _tables(judgment))]
    summary.print_blocks(out, *blocks)


def _tables(judgment: Judgment) -> list[Table]:
    from nncli.cli.console import bold, plain_table

    if judgment.confusion is None or judgment.classes is None:
        return []
    per_class = judgment.confusion.per_class()
    table = plain_table("class", *per_class, "rows")
    for number, name in enumerate(judgment.classes):
        cells = [f"{values[number]:.4f}" for values in per_class.values()]
        table.add_row(name, *cells, f"{judgment.confusion.support[number]:,}")
    if len(judgment.classes) > WIDEST:
        return [table]
    matrix = plain_table("truth \\ answer", *judgment.classes)
    for number, name in enumerate(judgment.classes):
        counts = judgment.confusion.counts[number]
        marked: list[Text | str] = [
            bold(count) if number == answer else str(count or "·")
            for answer, count in enumerate(counts)
        ]
        matrix.add_row(name, *marked)
    return [table, matrix]


def _demand(judgment: Judgment, min_accuracy: float | None) -> None:
    """Raise NotReachedError below the accuracy that was asked for."""
    from nncli.errors import NotReachedError, UsageError

    if min_accuracy is None:
        return
    accuracy = judgment.figures.get("accuracy")
    if accuracy is None:
        raise UsageError("--min-accuracy: this is a regression; it has no accuracy")
    if accuracy < min_accuracy:
        where = f"{judgment.source}: {judgment.split} accuracy"
        raise NotReachedError(f"{where} is {accuracy:.4f}, below the {min_accuracy:g} asked for")
