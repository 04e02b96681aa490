"""A bar for a download, shown only when something is downloaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn


@contextmanager
def fetching(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """A callback (file, bytes so far, bytes in all) that draws one bar for each file."""
    bars: dict[str, TaskID] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    live = console.is_terminal and not console.quiet
    with Progress(*columns, console=console, refresh_per_second=10, disable=not live) as progress:

        def advance(name: str, done: int, total: int) -> None:
            if name not in bars:
                bars[name] = progress.add_task(f"downloading {name}")
                if not live:
                    console.print(f"downloading {name}")
            progress.update(bars[name], completed=done, total=total or None)

        yield advance
