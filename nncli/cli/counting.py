"""How many rows are done, for whoever waits."""

from __future__ import annotations

from time import monotonic

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from nncli.words import plural

REDRAW = 0.1
"""Seconds between two redraws on a terminal."""
LINE = 1.0
"""Seconds between two lines elsewhere, and before the first."""


class Counting:
    """A number of rows that grows: redrawn on a terminal, otherwise a line now and then."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            console=console,
            auto_refresh=False,
            transient=True,
            disable=not console.is_terminal or console.quiet,
        )
        self._task = self._bar.add_task("", total=None)
        self._begun = self._shown = monotonic()
        self.rows = 0

    def __enter__(self) -> Counting:
        self._bar.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._bar.stop()

    def add(self, rows: int) -> None:
        """So many more are done."""
        self.rows += rows
        now = monotonic()
        if now - self._shown < (LINE if self._bar.disable else REDRAW):
            return
        self._shown = now
        words = f"{plural(self.rows, 'row')}, {self.rows / (now - self._begun):,.0f} a second"
        if self._bar.disable:
            self._console.print(words)
        else:
            self._bar.update(self._task, description=words)
            self._bar.refresh()
