"""A training as it happens: a line for each record, and on a terminal a bar for the epoch under way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from nncli.cli.summary import STAR, describe, heading, targets_of
from nncli.preparation import Experiment
from nncli.session import position
from nncli.training import loop
from nncli.training.evaluation import figure_names
from nncli.training.monitor import best_figure, improves
from nncli.training.state import State
from nncli.training.trainer import Record
from nncli.words import duration, figure, units, words

REDRAW = 0.1
"""Seconds between two redraws of the bar."""
TERMINAL_LINE, LOG_LINE = 0.05, 1.0
"""Seconds between two lines, on a terminal and in a log; the first and the last record always show."""


class Live:
    """A watcher that draws on a console."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = Progress(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(bar_width=32),
            TextColumn("{task.fields[figures]}"),
            console=console,
            auto_refresh=False,
            transient=True,
            disable=not console.is_terminal or console.quiet,
        )
        self._task = self._bar.add_task("", total=None, epoch="", figures="")
        self._drawn = self._printed = -1e9
        self._best: float | None = None
        self._monitor = ""
        self._units = ""
        self._waiting: tuple[Record, bool] | None = None
        self._total = 0.0
        self.path: Path | None = None
        """The run, once there is one."""

    def __enter__(self) -> Live:
        self._bar.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._bar.stop()
        if self._waiting:
            self._line(*self._waiting)

    def started(
        self, experiment: Experiment, path: Path, state: State, records: Sequence[Record]
    ) -> None:
        """Show what is about to be trained, where it goes, and where it goes on."""
        self.path = path
        facts = [("run", str(path))]
        if state.epoch or state.batch:
            facts.append(("goes on", f"after {position(state)}"))
        self._console.print(describe(experiment, *facts))
        self._console.print()
        self._total = sum(record["seconds"] for record in records)
        names = figure_names(experiment.spec, experiment.dataset)
        self._monitor = best_figure(experiment.spec, names)
        self._units = units(names, targets_of(experiment.spec))
        for record in records:
            self._is_best(record)

    def progress(self, progress: loop.Progress) -> None:
        """Move the bar."""
        if monotonic() - self._drawn < REDRAW or self._bar.disable:
            return
        self._drawn = monotonic()
        figures = "  ".join(
            f"{name} {figure(name, value)}" for name, value in progress.figures.items()
        )
        self._bar.update(
            self._task,
            total=progress.batches,
            completed=progress.batch,
            epoch=f"{progress.epoch}/{progress.epochs}",
            figures=figures,
        )
        self._bar.refresh()

    def recorded(self, record: Record) -> None:
        """Print a line for a record, unless the last one is too recent."""
        self._total += record["seconds"]
        self._waiting = record, self._is_best(record)
        between = TERMINAL_LINE if self._console.is_terminal else LOG_LINE
        if monotonic() - self._printed >= between:
            self._line(*self._waiting)

    def _line(self, record: Record, is_best: bool) -> None:
        first = self._printed < 0
        self._printed, self._waiting = monotonic(), None
        cells = _cells(record, self._total)
        if first:
            legend = f"{STAR} best {words(self._monitor)} so far"
            self._console.print(Text("; ".join(filter(None, [legend, self._units])), "dim"))
            self._console.print(
                Text("  ".join(name.rjust(width) for name, _, width in cells), "bold")
            )
        line = "  ".join(value.rjust(width) for _, value, width in cells)
        self._console.print(Text(line) + Text(f"  {STAR}" if is_best else "", "green"))

    def _is_best(self, record: Record) -> bool:
        """Whether a record is the best so far, by the figure that tells which parameters are: of each, shown or not."""
        value = record.get(self._monitor)
        if not improves(self._monitor, value, self._best):
            return False
        self._best = value
        return True


def _cells(record: Record, total: float) -> list[tuple[str, str, int]]:
    """Heading, value and width of each column of a record's line."""
    figures = [key for key in record if key.startswith(("train_", "validation_", "test_"))]
    cells = [("epoch", str(record["epoch"]), 6)]
    for key in figures:
        cells.append((heading(key), figure(key, record[key]), max(len(heading(key)), 8)))
    return [*cells, ("total time", duration(total), 10)]
