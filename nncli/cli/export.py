"""`nncli export`: a trained network as a file for elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from nncli.cli.options import QuietOption


def export(
    run: Annotated[
        Path,
        typer.Argument(metavar="RUN", help="A run, a weights file, or a sweep (its best trial)."),
    ],
    to: Annotated[
        Literal["html", "python", "onnx", "safetensors"],
        typer.Option(
            help="html: a page that runs it in any browser. python: one file that needs only NumPy. "
            "onnx: a graph from raw rows to answers. safetensors: a state dict for PyTorch."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write here; by default a file of the network's name."),
    ] = None,
    weights: Annotated[
        Literal["last", "best", "average"] | None,
        typer.Option(help="Which parameters of a run; those of weights.npz by default."),
    ] = None,
    quiet: QuietOption = False,
) -> None:
    """Write a trained network as a file that works without nncli."""
    from nncli.cli import console
    from nncli.cli.choosing import best_of
    from nncli.export.formats import export as write

    err = console.stderr(quiet)
    written = write(best_of(run, err), to, out, weights)
    console.print_warnings(written.notes)
    size = f"{written.size / 1000:,.0f} KB" if written.size >= 1000 else f"{written.size} bytes"
    console.stdout().print(f"{written.path}: {size}; {written.use}")
