"""Where words go: results to stdout, progress and messages to stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from nncli.errors import NncliError, SpecError
from nncli.spec.page import visible
from nncli.words import UNSAFE, escaped

WIDE = 10_000
"""Columns where nobody looks: a table in a file or a pipe is never cut."""


class Paper(Console):
    """A console that prints text as it is: a path in brackets is no markup, and a log has no trailing blanks.

    All that people read goes through one, and anybody may have written it, the names of classes say: what a terminal
    would obey is shown as escapes. Colors are not in the text, and come after.
    """

    def __init__(self, *, stderr: bool = False, quiet: bool = False) -> None:
        super().__init__(stderr=stderr, quiet=quiet, highlight=False, markup=False, emoji=False)
        if not self.is_terminal and "COLUMNS" not in os.environ:
            self.width = WIDE

    def render_str(self, text: str, **options: Any) -> Text:
        """Escaped before it is measured and broken into lines."""
        return super().render_str(escaped(text), **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """The same for text that comes with a style, and of whatever else there is."""
        if isinstance(renderable, Text) and UNSAFE.search(renderable.plain):
            renderable = Text(escaped(renderable.plain), renderable.style, overflow="fold")
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else escaped(text), style, control)

    def print(self, *objects: Any, **options: Any) -> None:
        """Print on a terminal as rich does; elsewhere the same text, one line a line.

        Raises OSError where stdout is full or closed; what happens to stderr never stops anything.
        """
        try:
            self._print(*objects, **options)
        except OSError:
            if not self.stderr:
                raise

    def __exit__(self, *exc: Any) -> None:
        """Write what was drawn: bars and live tables come here past `print`. A terminal that is gone is gone for good:
        nothing more is drawn, and nothing stops."""
        try:
            super().__exit__(*exc)
        except OSError:
            if not self.stderr:
                raise
            self.quiet = True

    def _print(self, *objects: Any, **options: Any) -> None:
        words = all(isinstance(one, str | Text) for one in objects)  # which wrap by themselves
        if self.is_terminal or self.quiet:
            super().print(*objects, soft_wrap=words, **options)
            return
        with self.capture() as captured:
            super().print(*objects, soft_wrap=words, **options)
        self.file.write("\n".join(line.rstrip() for line in captured.get().split("\n")))
        self.file.flush()


def stdout() -> Console:
    """For results."""
    return Paper()


def stderr(quiet: bool = False) -> Console:
    """For progress and messages; says nothing where `quiet`."""
    return Paper(stderr=True, quiet=quiet)


@contextmanager
def perhaps_unread() -> Iterator[None]:
    """A stdout that is full, closed or gone is no error inside; what is left of it is forgotten."""
    try:
        yield
    except OSError:
        forget_stdout()


def forget_stdout() -> None:
    """Put nothing in the place of stdout, which the interpreter flushes once more in the end."""
    sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115


def say(message: str, style: str = "") -> None:
    """A line on stderr that is said even where all is quiet: an error, a warning, how it ended."""
    stderr().print(Text(message, style))


def print_json(value: Mapping[str, Any]) -> None:
    """One strict JSON object on stdout."""
    from nncli.runs.strict_json import to_json

    stdout().print(to_json(value))


def print_error(error: NncliError) -> None:
    """`error: ...` on stderr, a line for each problem; on a terminal the line of the spec under it."""
    if not isinstance(error, SpecError):
        say(f"error: {visible(str(error))}", "red")
        return
    for problem in error.problems:
        say(f"error: {visible(str(problem))}", "red")
        if problem.excerpt and stderr().is_terminal:
            say(problem.excerpt)


def print_warnings(warnings: Iterable[str], place: str = "") -> None:
    """`warning: ...` on stderr, a line for each; also where all else is quiet."""
    for warning in warnings:
        say(f"warning: {visible(f'{place}{warning}')}", "yellow")


def bold(text: object, style: str = "bold") -> Text:
    """Text that stands out, whatever characters it has."""
    return Text(str(text), style)


def plain_table(*columns: str, left: int = 1) -> Table:
    """A table without borders: the first `left` columns to the left, numbers to the right."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(
            Text(column), justify="left" if number < left else "right", overflow="fold"
        )
    return table


def quiet_row(table: Table, *cells: str) -> None:
    """A row that stands back behind the others."""
    table.add_row(*cells, style="dim")


def facts_table(facts: Mapping[str, str]) -> Table:
    """Names in bold, and what there is to say of each."""
    grid = Table.grid(padding=(0, 2, 0, 0), pad_edge=False)
    for name, text in facts.items():
        grid.add_row(bold(name), Text(text))
    return grid


@contextmanager
def compiling(console: Console, engine: str) -> Iterator[None]:
    """Says so where an engine has to compile something first."""
    from nncli.training import engines

    line = f"engine {engine}: compiling, which takes some seconds and is kept for the next time"
    with engines.compiling(engine, lambda: console.print(line)):
        yield
