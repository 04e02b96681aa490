"""The command line: registers the commands and turns errors into exit codes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from nncli import __version__
from nncli.cli.check import check
from nncli.cli.evaluate import evaluate
from nncli.cli.init import init
from nncli.cli.plot import plot
from nncli.cli.runs import runs, show
from nncli.cli.schema import schema
from nncli.cli.sweep import sweep
from nncli.cli.train import train
from nncli.errors import NncliError


class ErrorBoundary(TyperGroup):
    """A refusal is one line on stderr and its exit code; Ctrl-C is 130; only a bug of ours shows a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except NncliError as err:
            from nncli.cli.console import print_error

            print_error(err)
            raise typer.Exit(err.exit_code) from err
        except KeyboardInterrupt as err:
            typer.echo("stopped", err=True)
            raise typer.Exit(130) from err


app = typer.Typer(
    cls=ErrorBoundary,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Train dense neural networks from one YAML file, in pure NumPy.",
)
COMMANDS: dict[str, Callable[..., None]] = {
    "train": train,
    "eval": evaluate,
    "sweep": sweep,
    "plot": plot,
    "check": check,
    "runs": runs,
    "show": show,
    "init": init,
    "schema": schema,
}
for name, command in COMMANDS.items():
    app.command(name)(command)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"nncli {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options of nncli itself."""


def main() -> None:
    """The `nncli` command."""
    app()
