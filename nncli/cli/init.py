"""`nncli init`: write a spec to start from, a packaged one or one for data that are there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nncli.cli.options import QuietOption


def init(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME|DATA]",
            help="mnist, digits, moons, ...; or a CSV or .npz file, a folder of IDX files or pictures.",
        ),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option("--target", metavar="NAME", help="The column to predict; again for several."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Write it here; NAME.yaml, or beside DATA, by default."
        ),
    ] = None,
    quiet: QuietOption = False,
) -> None:
    """Write a spec for your data, or a ready one to start from; without a name, list those."""
    from nncli import packaged
    from nncli.cli import console

    if name is None:
        for known in packaged.names():
            console.stdout().print(f"{known:12s} {packaged.title(known)}")
    elif name in packaged.names():
        _write_packaged(name, target, out)
    elif Path(name).exists() or _is_path(name):
        _write_draft(Path(name), target or [], out, quiet)
    else:
        packaged.read(name)  # which says what there is


def _is_path(name: str) -> bool:
    """Whether this can only be meant as data: it has a folder or an ending."""
    return len(Path(name).parts) > 1 or bool(Path(name).suffix)


def _write_packaged(name: str, target: list[str] | None, out: Path | None) -> None:
    from nncli import packaged
    from nncli.cli import console
    from nncli.errors import UsageError
    from nncli.words import command

    if target:
        raise UsageError(f"--target is for data of your own, but {name} is a packaged spec")
    path = out or Path(f"{name}.yaml")
    _write(path, packaged.read(name))
    console.stdout().print(f"wrote {path}. Train it: {command('train', path)}")
    if Path(name).exists():
        console.say(f"this is the packaged spec; for the data in {name}: nncli init ./{name}")


def _write_draft(data: Path, targets: list[str], out: Path | None, quiet: bool) -> None:
    from nncli.cli import console
    from nncli.draft.drafting import beside, draft
    from nncli.words import command

    path = out or beside(data)
    _check_free(path)
    found = draft(data, targets, path)
    _write(path, found.text)
    console.print_warnings(found.experiment.warnings)
    page = console.stdout()
    if not quiet:
        page.print(console.facts_table(found.facts | {"network": _network(found.experiment)}), "")
    page.print(f"wrote {path}. Train it: {command('train', path)}")


def _network(experiment: object) -> str:
    """20-16-3 relu softmax, 387 parameters."""
    from nncli.network.params import count
    from nncli.preparation import Experiment

    assert isinstance(experiment, Experiment)
    layers = experiment.spec.architecture
    widths = [layers[0].input_dim, *(layer.output_dim for layer in layers)]
    splits = ", ".join(f"{len(rows):,} {name}" for name, rows in experiment.dataset.splits.items())
    return f"{'-'.join(map(str, widths))}, {count(layers):,} parameters; rows: {splits}"


def _write(path: Path, text: str) -> None:
    from nncli.errors import MachineError
    from nncli.runs import outputs

    _check_free(path)
    try:
        outputs.write(path, text.encode())
    except MachineError as err:
        raise MachineError(f"{err}. Choose another place with --out FILE") from err


def _check_free(path: Path) -> None:
    """UsageError where a file is there, or no folder for it."""
    from nncli.errors import UsageError
    from nncli.runs import outputs

    if not path.parent.is_dir():
        raise UsageError(f"{path.parent}: no such folder")
    if path.exists() or path.is_symlink():
        raise UsageError(f"{path}: exists already. Choose another name with --out FILE.")
    outputs.check(path)
