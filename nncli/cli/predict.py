"""`nncli predict`: a trained network's answers to rows, files and pictures of one's own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from nncli.cli.options import QuietOption

if TYPE_CHECKING:
    from rich.console import Console

    from nncli.cli.seen import Seen
    from nncli.predict import Prediction
    from nncli.predictions import Format as Written

Format = Literal["csv", "jsonl"]
Write = Callable[[bytes], object]
OTHER_ENDINGS = (".json", ".npy", ".npz", ".xlsx", ".parquet")
"""What nobody expects CSV in."""


def predict(
    run: Annotated[
        Path,
        typer.Argument(metavar="RUN", help="A run, a weights file, or a sweep (its best trial)."),
    ],
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="CSV, NPY, NPZ, IDX, PNG or JPEG files, folders of pictures, globs, or - for stdin.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the answers here; to stdout by default."),
    ] = None,
    format: Annotated[
        Format | None,
        typer.Option(help="csv by default, or as the ending of --out says."),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Repeat this column of the input beside the answers."),
    ] = None,
    weights: Annotated[
        Literal["last", "best", "average"] | None,
        typer.Option(help="Which parameters of a run; those of weights.npz by default."),
    ] = None,
    safe_csv: Annotated[
        bool,
        typer.Option(
            "--safe-csv",
            help="For spreadsheets: an apostrophe before what they would take for a formula.",
        ),
    ] = False,
    show: Annotated[
        bool,
        typer.Option("--show", help="Print what the network sees of each picture, and its answer."),
    ] = False,
    quiet: QuietOption = False,
) -> None:
    """Answer new rows with a trained network: labels and probabilities, or numbers in their own units."""
    from nncli.cli import console
    from nncli.cli.choosing import best_of
    from nncli.predict import predict as begin

    err = console.stderr(quiet)
    prediction = begin(best_of(run, err), inputs, which=weights, keys=key or ())
    console.print_warnings(prediction.network.notes)
    form = _format(format, out, safe_csv)
    if out:
        _check_out(out, prediction)
    with _writing(out, unwanted=show) as write:
        rows = _answer(prediction, form, write, show, _counter(err, out, show))
    where = f" -> {out}" if out else ""
    err.print(f"{_rows(rows)}{where}")


def _answer(
    prediction: Prediction,
    format: Written,
    write: Write,
    show: bool,
    counter: Console,
) -> int:
    """Write every answer, and return their number."""
    from nncli.cli import console
    from nncli.cli.counting import Counting
    from nncli.predictions import Writer

    writer = Writer(prediction.form, format)
    seen = _seen(prediction) if show else None
    write(_bytes(writer.head()))
    with Counting(counter) as count:
        for chunk in prediction.chunks(count.add):
            console.print_warnings(chunk.notes)
            write(_bytes(writer.lines(chunk.rows.keys, chunk.answers)))
            if seen:
                seen.print(chunk)
    return count.rows


def _seen(prediction: Prediction) -> Seen:
    from nncli.cli.seen import Seen

    return Seen(prediction)


def _format(format: Format | None, out: Path | None, safe: bool) -> Written:
    """What was asked for, or what the file's ending says. Raises UsageError for an ending that promises another, and
    for `safe` where no CSV is written."""
    from nncli.errors import UsageError

    ending = out.suffix if out else ""
    if ending == ".gz" or (format is None and ending in OTHER_ENDINGS):
        raise UsageError(f"{out}: answers are written as CSV or JSON lines. Call it .csv or .jsonl")
    chosen = format or ("jsonl" if ending in (".jsonl", ".ndjson") else "csv")
    if safe and chosen == "jsonl":
        raise UsageError("--safe-csv goes with CSV; JSON lines are no spreadsheet. Leave it out")
    return "safe_csv" if safe else chosen


def _rows(count: int) -> str:
    from nncli.words import plural

    return plural(count, "row")


def _bytes(text: str) -> bytes:
    """UTF-8; the bytes of a file's name that are none are written as escapes."""
    return text.encode(errors="backslashreplace")


def _counter(err: Console, out: Path | None, show: bool) -> Console:
    """Where rows are counted: nowhere, while answers come on the same terminal."""
    from nncli.cli import console

    crowded = (show or out is None) and sys.stdout.isatty()
    return console.stderr(quiet=True) if crowded else err


def _check_out(out: Path, prediction: Prediction) -> None:
    """Raise UsageError where nothing should be replaced."""
    from nncli.errors import UsageError
    from nncli.runs import outputs

    if not out.parent.is_dir():
        raise UsageError(f"{out.parent}: no such folder")
    outputs.check(out)
    if out.exists() and any(one.path and out.samefile(one.path) for one in prediction.sources):
        raise UsageError(f"{out}: is one of the inputs. Choose another --out")


def _print(data: bytes) -> None:
    """At once, for who reads them as they come."""
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


@contextmanager
def _writing(out: Path | None, unwanted: bool) -> Iterator[Write]:
    """What takes the answers: a file that is there once it is whole, or stdout, unless pictures go there."""
    from nncli import interrupts
    from nncli.runs import outputs

    if out is not None:
        with interrupts.tidy(), outputs.writing(out) as write:
            yield write
    elif unwanted:
        yield lambda data: None
    else:
        yield _print
