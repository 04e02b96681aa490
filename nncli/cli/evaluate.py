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
    from nncli.network.metrics import Confusion

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
    """Judge a trained network: its figures beside those of a baseline, for each class, and the confusion matrix."""
    from nncli.cli import console
    from nncli.cli.choosing import best_of, newest
    from nncli.cli.fetching import fetching
    from nncli.judge import NoSpecError, judge

    err = console.stderr(quiet)
    target = best_of(run, err) if run else newest(runs_dir, err)
    try:
        with fetching(err) as on_progress:
            judgment = judge(
                target, on_progress=on_progress, split=split, spec_path=spec, which=weights
            )
    except NoSpecError as error:
        raise NoSpecError(f"{error}. Name it with --spec SPEC") from error
    console.print_warnings(judgment.warnings)
    if json:
        console.print_json(judgment.as_json())
    else:
        _report(judgment, quiet)
    _demand(judgment, min_accuracy)


def _report(judgment: Judgment, quiet: bool) -> None:
    """Figures first, beside the baseline; then the table of classes, labels or targets, and the confusion matrix."""
    from rich.text import Text

    from nncli.cli import console, summary
    from nncli.words import figure, plural, words

    rows, epochs = plural(judgment.rows, "row"), plural(judgment.epoch, "epoch")
    first = Text.assemble((judgment.split, "bold"), f" ({rows}, after {epochs})")
    if quiet:
        own = judgment.examination.figures.items()
        first.append(
            ": " + "  ".join(f"{words(name)} {figure(name, value)}" for name, value in own)
        )
    blocks = [first, *([] if quiet else _tables(judgment))]
    summary.print_blocks(console.stdout(), *blocks)


def _tables(judgment: Judgment) -> list[Table | Text]:
    from rich.text import Text

    from nncli.words import units

    tables: list[Table | Text] = [_beside_the_baseline(judgment)]
    if note := units(judgment.figures, judgment.targets):
        tables.append(Text(note, "dim"))
    if judgment.task != "regression" or len(judgment.names) > 1:
        tables.append(_each(judgment))
    if judgment.confusion and len(judgment.names) <= WIDEST:
        tables.append(_matrix(judgment.names, judgment.confusion))
    return tables


def _beside_the_baseline(judgment: Judgment) -> Table:
    """All figures, and quietly under them what an answer without a look at the inputs gets."""
    from nncli.cli.console import plain_table, quiet_row
    from nncli.words import figure, words

    names = list(judgment.figures)
    table = plain_table("", *map(words, names))
    table.add_row("network", *(figure(name, judgment.figures[name]) for name in names))
    base = judgment.baseline
    quiet_row(table, base.answer, *(figure(name, base.figures.get(name)) for name in names))
    return table


def _each(judgment: Judgment) -> Table:
    """A line for each class, label or target."""
    from nncli.cli.console import plain_table
    from nncli.spec.page import visible
    from nncli.words import figure

    columns = judgment.examination.each
    kind = {"classification": "class", "labels": "label", "regression": "target"}[judgment.task]
    table = plain_table(kind, *("rows" if name == "support" else name for name in columns))
    for number, name in enumerate(judgment.names):
        cells = (
            f"{values[number]:,}"
            if column == "support"
            else figure(column, values[number])
            if judgment.task == "regression"
            else f"{values[number]:.4f}"
            for column, values in columns.items()
        )
        table.add_row(visible(name), *cells)
    return table


def _matrix(names: tuple[str, ...], confusion: Confusion) -> Table:
    from nncli.cli.console import bold, plain_table
    from nncli.spec.page import visible

    matrix = plain_table("truth \\ answer", *map(visible, names))
    for number, name in enumerate(names):
        marked: list[Text | str] = [
            bold(count) if number == answer else str(count or "·")
            for answer, count in enumerate(confusion.counts[number])
        ]
        matrix.add_row(visible(name), *marked)
    return matrix


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
