"""`nncli gradcheck`: the gradient that trains against central differences, and why backprop matters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from nncli.cli.options import JsonOption, QuietOption, SetOption, SpecArgument

if TYPE_CHECKING:
    from nncli.gradients import Gradcheck


def gradcheck(
    spec: SpecArgument,
    set_: SetOption = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every parameter, however many there are.")
    ] = False,
    tolerance: Annotated[
        float | None,
        typer.Option(
            min=1e-15,
            max=1,
            help="The largest relative error that passes: 1e-6; where a first layer skips zeros, in float32, 1e-4.",
        ),
    ] = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Check the gradient that trains against central differences of the loss, on the first batch."""
    from dataclasses import asdict

    from nncli import preparation
    from nncli.blas import blas_threads
    from nncli.cli import console
    from nncli.cli.fetching import fetching
    from nncli.gradients import gradcheck as check
    from nncli.spec.load import load_spec

    document = load_spec(spec, set_ or [])
    err = console.stderr(quiet)
    with document.places(), fetching(err) as on_progress:
        prepared = preparation.prepare(document.spec, on_progress)
        if not json:
            err.print("two passes for every parameter that is checked: this takes a while")
        with blas_threads(prepared.threads):
            result = check(
                prepared.spec, prepared.dataset, everything=everything, tolerance=tolerance
            )
    if json:
        console.print_json(asdict(result) | {"passed": result.passed})
    elif not quiet:
        _report(result)
    _demand(result)


def _report(result: Gradcheck) -> None:
    """A line for each array, then the time of both ways."""
    from nncli.cli import console
    from nncli.words import duration, plural

    table = console.plain_table(
        "parameter", "shape", "checked", "largest error", "at", "gradient", "differences", left=2
    )
    for array in result.arrays:
        shape = " x ".join(map(str, array.shape))
        slopes = (f"{array.gradient:.6g}", f"{array.numerical:.6g}")
        where = str(list(array.where))
        table.add_row(array.name, shape, f"{array.checked:,}", f"{array.error:.1e}", where, *slopes)
    out = console.stdout()
    out.print(f"gradient  {result.engine}, {plural(result.rows, 'row')} of the first batch")
    out.print(f"loss      {result.loss:.6g}: {', '.join(result.terms)}\n")
    out.print(table)
    times = result.numerical_seconds / result.gradient_seconds
    checked = sum(array.checked for array in result.arrays)
    out.print(
        f"\ngradient {duration(result.gradient_seconds)}; central differences for {checked:,} parameters "
        f"{duration(result.numerical_seconds)}, {times:,.0f} times as long"
    )
    if result.sampled:
        out.print("a seeded sample of each array; --all takes every parameter")
    if kinks := sum(array.kinks for array in result.arrays):
        out.print(f"{plural(kinks, 'slope')} beside a kink, taken with a smaller step")
    if result.passed:
        out.print(f"every slope agrees within {result.tolerance:g}", style="green")


def _demand(result: Gradcheck) -> None:
    """Raise NotReachedError where a slope does not agree."""
    from nncli.errors import NotReachedError

    if not result.passed:
        worst = result.worst
        raise NotReachedError(
            f"{worst.name}{list(worst.where)}: the gradient of {result.engine} is {worst.gradient:.9g}, central "
            f"differences give {worst.numerical:.9g}: the error is {worst.error:.1e}, above {result.tolerance:g}"
        )
