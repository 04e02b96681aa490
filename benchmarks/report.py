"""What was measured, as one row of a table and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

HEAD = ("", "what", "median", "from - to", "ratio", "wanted", "threads", "note")


@dataclass(frozen=True)
class Goal:
    """A limit that is shown beside the figure; nothing fails on it."""

    at_most: float | None = None
    """For the median."""
    times_nncli: float | None = None
    """How many times what nncli takes it should at least take."""
    at_most_times: float | None = None
    """For the ratio."""


NO_GOAL = Goal()


@dataclass(frozen=True)
class Row:
    """One thing measured several times."""

    workload: str
    what: str
    unit: str
    """s, us or MB."""
    samples: list[float] = field(default_factory=list)
    ratio: float | None = None
    """The median over that of nncli, or of what the row names."""
    goal: Goal = NO_GOAL
    threads: int | None = None
    note: str = ""
    skipped: str = ""
    """Why there are no samples."""
    about: dict[str, Any] = field(default_factory=dict)
    """For the JSON only: versions, accuracy."""

    @property
    def median(self) -> float:
        """The middle of the samples."""
        return median(self.samples)

    @property
    def met(self) -> bool | None:
        """Whether the goal was reached; None where there is none."""
        if self.skipped or self.goal == NO_GOAL:
            return None
        if self.goal.at_most is not None:
            return self.median <= self.goal.at_most
        if self.ratio is None:
            return False
        if self.goal.at_most_times is not None:
            return self.ratio <= self.goal.at_most_times
        return self.ratio >= (self.goal.times_nncli or 0)

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {"median": None if self.skipped else self.median, "met": self.met}

    def cells(self) -> tuple[str, ...]:
        """For the table."""
        if self.skipped:
            return (self.workload, self.what, "skipped", "", "", "", "", self.skipped)
        spread = f"{_number(min(self.samples))} - {_number(max(self.samples))}"
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        threads = "" if self.threads is None else str(self.threads)
        middle = f"{_number(self.median)} {self.unit}"
        return self.workload, self.what, middle, spread, ratio, self._wanted(), threads, self.note

    def _wanted(self) -> str:
        if self.met is None:
            return ""
        met = "yes" if self.met else "NO"
        if self.goal.at_most_times is not None:
            return f"<= {self.goal.at_most_times:g}x: {met}"
        if self.goal.at_most is None:
            return f">= {self.goal.times_nncli:g}x: {met}"
        return f"<= {self.goal.at_most:g} {self.unit}: {met}"


def table(rows: Sequence[Row], titles: Mapping[str, str]) -> str:
    """The rows in columns as wide as they need, under a line for each workload."""
    cells = [HEAD, *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    head = [f"({letter}) {title}" for letter, title in titles.items()]
    return "\n".join([*head, "", lines[0], "-" * max(map(len, lines)), *lines[1:]])


def _number(value: float) -> str:
    return f"{value:.3f}" if value < 100 else f"{value:.0f}"
