"""The command line: registers the commands and turns errors into exit codes."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from nncli import __version__, limits
from nncli.cli.check import check
from nncli.cli.compare import compare
from nncli.cli.data import data
from nncli.cli.evaluate import evaluate
from nncli.cli.export import export
from nncli.cli.gradcheck import gradcheck
from nncli.cli.init import init
from nncli.cli.plot import plot
from nncli.cli.predict import predict
from nncli.cli.repeat import repeat
from nncli.cli.report import report
from nncli.cli.resume import resume
from nncli.cli.runs import runs, show
from nncli.cli.schema import schema
from nncli.cli.sweep import sweep
from nncli.cli.train import train
from nncli.errors import MachineError, NncliError, UsageError

_WIDTH = re.compile(r"[2-9][0-9]|[1-9][0-9]{2,3}")
"""Numbers of columns that can be drawn into."""


class ErrorBoundary(TyperGroup):
    """A refusal is one line on stderr and its exit code; Ctrl-C is 130; only a bug of ours shows a traceback."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        """The whole command line, its help and version too."""
        _mend_surroundings()
        try:
            return super().main(*arguments, **options)
        except OSError as err:
            sys.exit(_refused(err))

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (NncliError, KeyboardInterrupt, OSError) as err:
            raise typer.Exit(_refused(err)) from err
        except Exception as err:
            if line := limits.reached(err):
                raise typer.Exit(_refused(MachineError(line))) from err
            # typer's own errors of the command line: their class is private, their way of speaking is not
            message = getattr(err, "format_message", None)
            if message is None:
                raise
            raise typer.Exit(_misused(message(), ctx)) from err


def _mend_surroundings() -> None:
    """A terminal that knows only ASCII still gets every word, and one without a width one that has."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if not _WIDTH.fullmatch(os.environ.get("COLUMNS", "80")):
        del os.environ["COLUMNS"]


def _refused(err: BaseException) -> int:
    """Say what was refused, and by whom; the exit code that goes with it."""
    from nncli.cli.console import forget_stdout, print_error, say

    if isinstance(err, BrokenPipeError):  # `nncli runs | head` has seen enough
        forget_stdout()
        return 0
    if isinstance(err, OSError):
        err = limits.refusal(err, str(err.filename or "standard output")[:200])
    if isinstance(err, NncliError):
        print_error(err)
        return err.exit_code
    say("stopped")
    return 130


def _misused(message: str, ctx: Any) -> int:
    """Say what is wrong with the command line, and where its help is."""
    from nncli.cli.console import say

    command = " ".join(filter(None, ["nncli", ctx.invoked_subcommand]))
    message = message.replace("Value error, ", "")  # pydantic's word for what follows
    say(f"error: {' '.join(message.split())} (see {command} --help)", "red")
    return UsageError.exit_code


app = typer.Typer(
    cls=ErrorBoundary,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Train dense neural networks from one YAML file, in pure NumPy.",
)
COMMANDS: dict[str, Callable[..., None]] = {
    "train": train,
    "resume": resume,
    "repeat": repeat,
    "eval": evaluate,
    "predict": predict,
    "sweep": sweep,
    "plot": plot,
    "report": report,
    "export": export,
    "check": check,
    "gradcheck": gradcheck,
    "runs": runs,
    "show": show,
    "compare": compare,
    "init": init,
    "schema": schema,
}
for name, command in COMMANDS.items():
    app.command(name)(command)
app.add_typer(data, name="data")


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
