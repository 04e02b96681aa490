"""`nncli data`: what data look like, which sources there are, and downloads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nncli.cli.options import JsonOption, QuietOption, SetOption

if TYPE_CHECKING:
    from nncli.data.dataset import Dataset
    from nncli.spec.sources import AnySource

data = typer.Typer(
    context_settings={"help_option_names": ["-h", "--help"]},
)


@data.callback(invoke_without_command=True)
def root(ctx: typer.Context) -> None:
    """Look at data, list the sources that a spec may name, or download."""
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


@data.command("show")
def show(
    spec: Annotated[
        Path, typer.Argument(metavar="SPEC|DATA", help="An experiment, or data as init reads them.")
    ],
    set_: SetOption = None,
    target: Annotated[
        list[str] | None,
        typer.Option("--target", metavar="NAME", help="Of data without a spec: what to predict."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Draw pictures of each class: grid.png or .svg"),
    ] = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show what the data of a spec look like: splits, columns, classes, first rows, pictures."""
    from dataclasses import asdict

    from nncli.cli import console, looks
    from nncli.overview import overview

    err = console.stderr(quiet)
    source, dataset = _read(spec, set_, target, quiet)
    found = overview(source, dataset)
    if out is not None:
        _draw(dataset, spec, out)
    console.print_warnings(found.notes)
    if json:
        console.print_json(asdict(found))
    elif not quiet:
        looks.print_overview(console.stdout(), found, dataset)
    if out is not None:
        err.print(f"wrote {out}")


def _read(
    path: Path, overrides: list[str] | None, target: list[str] | None, quiet: bool
) -> tuple[AnySource, Dataset]:
    """The source and its dataset: a spec's, or those that `init` would write one for."""
    from nncli.cli import console
    from nncli.cli.fetching import fetching
    from nncli.data.sources import load
    from nncli.errors import UsageError
    from nncli.spec.load import load_spec

    if path.suffix.lower() not in (".yaml", ".yml") and path.exists():
        from nncli.draft.drafting import beside, draft

        if overrides:
            raise UsageError("--set changes a spec, but this is data. Write a spec: nncli init")
        found = draft(path, target or [], beside(path))
        if not target and "target" in found.facts:
            console.stderr(quiet).print(f"target: {found.facts['target']}")
        experiment = found.experiment
        return experiment.spec.data, experiment.dataset
    if target:
        raise UsageError("--target is for data without a spec; a spec says data.target")
    document = load_spec(path, overrides or [])
    with document.places(), fetching(console.stderr(quiet)) as on_progress:
        return document.spec.data, load(document.spec.data, on_progress=on_progress)


def _draw(dataset: Dataset, path: Path, out: Path) -> None:
    """A grid of pictures as a file."""
    from nncli import report
    from nncli.errors import UsageError
    from nncli.runs import outputs

    kind = out.suffix.lower().removeprefix(".")
    if kind not in ("png", "svg"):
        raise UsageError(f"--out {out}: must end in .png or .svg")
    if dataset.image_shape is None:
        raise UsageError("--out draws pictures, but the rows of this data are none")
    if not out.parent.is_dir():
        raise UsageError(f"{out.parent}: no such folder")
    outputs.check(out)
    report.require_matplotlib()
    from nncli.report import figures, grid

    with figures.style():
        picture = figures.render(grid.draw(dataset, path.name), kind)
    outputs.write(out, picture)


@data.command("list")
def list_() -> None:
    """List the sources that a spec may name."""
    from typing import get_args

    from nncli.cli import console
    from nncli.spec.sources import AnySource

    table = console.plain_table("source", "what it is", left=2)
    for model in get_args(AnySource):
        (name,) = get_args(model.model_fields["source"].annotation)
        table.add_row(name, (model.__doc__ or "").partition("\n")[0])
    console.stdout().print(table)


@data.command("fetch")
def fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help="mnist")],
    quiet: QuietOption = False,
) -> None:
    """Download a dataset into the cache, its checksums verified; what is there already is only verified."""
    from nncli.cli import console
    from nncli.cli.fetching import fetching
    from nncli.data import mnist
    from nncli.errors import UsageError

    if name != "mnist":
        raise UsageError(f"{name}: only mnist can be fetched; the others are generated or yours")
    with fetching(console.stderr(quiet)) as on_progress:
        folder = mnist.fetch_mnist(on_progress)
    console.stdout().print(str(folder))
