"""What was found in somebody's data, in the words of a spec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nncli.data.cells import is_number, is_padded
from nncli.draft.page import Line, render
from nncli.draft.recipe import Answer, Kept, network, training, uneven


@dataclass(frozen=True)
class Found:
    """Data that somebody brings along."""

    what: str
    """In one line: "344 rows; 4 numbers, 3 texts; 19 cells missing"."""
    data: tuple[Line, ...]
    """The lines below `data:`."""
    kept: Kept
    inputs: int
    answer: Answer
    counts: Mapping[str, int]
    """Rows of each class, where there are classes."""
    classes: int
    facts: Mapping[str, str]
    """What the command says of it."""

    def text(self, title: str) -> str:
        """The spec; `title` is its first line."""
        rows = self.kept.train
        return render(
            [Line(f"# {title}"), Line(f"# {self.what}")],
            [Line("data:"), *self.data],
            network(rows, self.inputs, self.answer, self.classes, self._names()),
            [*training(rows, self.inputs, validated=self.kept.validated), *uneven(self.counts)],
        )

    def _names(self) -> list[str]:
        """The classes in the order of their numbers."""
        numeric = all(is_number(name) and not is_padded(name) for name in self.counts)
        return sorted(self.counts, key=float if numeric else str)
