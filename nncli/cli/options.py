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
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only the result.")]

RUNS = Path("runs")
