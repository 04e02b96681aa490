"""`nncli init`: write one of the packaged specs where the user stands."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer


def init(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="mnist, digits, moons, ...")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write it here; NAME.yaml by default."),
    ] = None,
) -> None:
    """Write a ready spec to start from; without a name, list them."""
    from nncli import files, packaged
    from nncli.cli import console
    from nncli.errors import UsageError

    if name is None:
        for known in packaged.names():
            console.stdout().print(f"{known:12s} {packaged.title(known)}")
        return
    text = packaged.read(name)
    path = out or Path(f"{name}.yaml")
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent}: no such folder")
    if path.exists():
        raise UsageError(f"{path}: exists already. Choose another name with --out FILE.")
    files.replace(path, text.encode())
    console.stdout().print(f"wrote {path}. Train it: nncli train {shlex.quote(str(path))}")
