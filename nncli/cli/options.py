"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SpecArgument = Annotated[Path, typer.Argument(metavar="SPEC", help="The experiment, a YAML file.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a key of the spec: --set eta=0.5"),
]
RunsDirOption = Annotated[Path, typer.Option(metavar="DIR", help="Where the runs are.")]
RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A run directory.")]
ThreadsOption = Annotated[
    int | None,
    typer.Option(min=1, help="BLAS threads, where there are not as many cores as the run used."),
]
PlotsOption = Annotated[
    bool, typer.Option("--plots", help="Draw pictures into the run when it has finished.")
]
TensorboardOption = Annotated[
    bool,
    typer.Option("--tensorboard", help="Write the records for TensorBoard, into the run as well."),
]
AllOption = Annotated[
    bool,
    typer.Option("--all", help="Of a sweep, also trials that its last command did not ask for."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only the result.")]

RUNS = Path("runs")
