"""A bar for what is downloaded or read, shown only where it takes long."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn

PATIENCE = 1.0
"""Seconds after which something is worth a bar, or a line where there is no terminal."""


@contextmanager
def fetching(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """A callback (what is done, bytes so far, bytes in all) that draws one bar for each thing that is done."""
    begun: dict[str, float] = {}
    bars: dict[str, TaskID] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    live = console.is_terminal and not console.quiet
    with Progress(*columns, console=console, refresh_per_second=10, disable=not live) as progress:

        def advance(doing: str, done: int, total: int) -> None:
            since = time.monotonic() - begun.setdefault(doing, time.monotonic())
            if doing not in bars and since >= PATIENCE:
                bars[doing] = progress.add_task(doing)
                if not live:
                    console.print(doing)
            if doing in bars:
                progress.update(bars[doing], completed=done, total=total or None)

        yield advance
