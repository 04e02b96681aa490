"""Answers as people and programs read them: columns with names, written as CSV or as JSON lines."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from nncli.data.cells import is_number
from nncli.data.inputs import FILE
from nncli.network.metrics import predicted_classes
from nncli.network.params import Array
from nncli.runs.weights import Meta

Format = Literal["csv", "safe_csv", "jsonl"]
PROBABILITIES = ("sigmoid", "softmax")
"""What gives numbers from 0 to 1: they are called `p_...`, those of other activations `score_...`."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet works out (https://owasp.org/www-community/attacks/CSV_Injection)."""
_QUOTED = re.compile(r'^\s|[",;\t\r\n]|\s$')
"""A cell that would not come back as it is without quotes."""


class Answers(NamedTuple):
    """What a network says of some rows."""

    outputs: Array
    """(rows, K): the probability or score of each class or label, or numbers in the units of the targets."""
    chosen: Array | None
    """(rows,) class numbers, or (rows, K) labels of 0 and 1; None for numbers."""


class Column(NamedTuple):
    """A column of the answers."""

    name: str
    form: str
    """%s for text, %d, or as many digits as there are: %.6g."""
    cells: Sequence[Any]


def answers(z: Array, a: Array, meta: Meta) -> Answers:
    """From logits and activations of the last layer, each (rows, outputs); two classes may share one output."""
    last = meta.architecture[-1].activation
    if meta.classes is not None:
        if a.shape[1] == 1 and last in PROBABILITIES:
            a = np.concatenate([1 - a, a], axis=1)
        return Answers(a.copy(), predicted_classes(z, last))
    if meta.labels is not None:
        return Answers(a.copy(), (a > 0.5).astype(np.int64))
    table = meta.preprocessing.table
    if table is None or table.centers is None or table.spreads is None:
        return Answers(a.copy(), None)
    return Answers(a.astype(np.float64) * table.spreads + table.centers, None)


@dataclass(frozen=True)
class Form:
    """The columns of the answers of a network, after those that name the rows."""

    keys: tuple[str, ...]
    """What rows have of their own, `FILE` among them."""
    names: tuple[str, ...]
    """The name of every column, each once: first those of the keys."""
    forms: tuple[str, ...]
    classes: tuple[str, ...] | None

    @classmethod
    def of(cls, meta: Meta, dtype: str, keys: Sequence[str]) -> Form:
        """What a network of this type of numbers answers.

        Numbers have the digits that their type holds for sure, 6 for float32: one more would depend on how rows are
        grouped, since sums are rounded. Targets far from 0 beside their spread get as many more as that takes.
        """
        digits = int(np.finfo(dtype).precision)
        fixed = [name or "file" for name in keys]
        if FILE in keys and fixed.count("file") > 1:
            fixed[keys.index(FILE)] = _free("input_file", set(fixed))
        own = list(_columns(meta, digits))
        taken = set(fixed)
        names = []
        for name, _ in own:
            names.append(_free(name, taken))
            taken.add(names[-1])
        forms = (*("%s" for _ in keys), *(form for _, form in own))
        return cls(tuple(keys), (*fixed, *names), forms, meta.classes)

    def columns(
        self, keys: dict[str, list[str]], given: Answers, text: Callable[[str], str]
    ) -> list[Column]:
        """The cells of every column; `text` makes a cell of a text."""
        cells: list[Sequence[Any]] = [list(map(text, keys[name])) for name in self.keys]
        outputs = given.outputs.T.tolist()
        if self.classes is not None and given.chosen is not None:
            known = list(map(text, self.classes))
            cells.append([known[number] for number in given.chosen.tolist()])
        elif given.chosen is not None:
            cells += given.chosen.T.tolist()
        return [
            Column(*column) for column in zip(self.names, self.forms, cells + outputs, strict=True)
        ]


def _columns(meta: Meta, digits: int) -> Iterable[tuple[str, str]]:
    """Name and form of each column of answers."""
    number = f"%.{digits}g"
    prefix = "p_" if meta.architecture[-1].activation in PROBABILITIES else "score_"
    outputs = meta.architecture[-1].output_dim
    if meta.classes is not None:
        yield "label", "%s"
        shared = outputs == 1 and prefix == "score_"
        yield from ((f"{prefix}{name}", number) for name in meta.classes[1 if shared else 0 :])
    elif meta.labels is not None:
        yield from ((name, "%d") for name in meta.labels)
        yield from ((f"{prefix}{name}", number) for name in meta.labels)
    else:
        yield from _numbers(meta, digits, outputs)


def _numbers(meta: Meta, digits: int, outputs: int) -> Iterable[tuple[str, str]]:
    table = meta.preprocessing.table
    if table is None:
        names = ["y"] if outputs == 1 else [f"y_{number}" for number in range(1, outputs + 1)]
        yield from ((name, f"%.{digits}g") for name in names)
        return
    centers, spreads = table.centers or (0.0,) * outputs, table.spreads or (1.0,) * outputs
    for name, center, spread in zip(table.target, centers, spreads, strict=True):
        more = math.ceil(math.log10(max(abs(center) / spread, 1)))
        yield name, f"%.{min(digits + more, 17)}g"


def _free(name: str, taken: set[str]) -> str:
    """The name, as a prediction where a column of the input has it already."""
    while name in taken:
        name = f"predicted_{name}"
    return name


def csv_text(cell: str) -> str:
    """A field, quoted where it has to be (RFC 4180)."""
    return '"' + cell.replace('"', '""') + '"' if _QUOTED.search(cell) else cell


def safe_csv_text(cell: str) -> str:
    """The same, behind an apostrophe where a spreadsheet would take it for a formula; numbers stay as they are."""
    is_formula = cell.startswith(FORMULA) and not is_number(cell)
    return csv_text(f"'{cell}" if is_formula else cell)


def _json_text(cell: str) -> str:
    return json.dumps(cell, ensure_ascii=False)


TEXTS: dict[Format, Callable[[str], str]] = {
    "csv": csv_text,
    "safe_csv": safe_csv_text,
    "jsonl": _json_text,
}
"""How each format writes a text."""


@dataclass(frozen=True)
class Writer:
    """Lines of text from answers."""

    form: Form
    format: Format = "csv"

    def head(self) -> str:
        """What comes first: names, where rows do not have them."""
        if self.format == "jsonl":
            return ""
        return ",".join(map(TEXTS[self.format], self.form.names)) + "\n"

    def lines(self, keys: dict[str, list[str]], given: Answers) -> str:
        """A line for each row: the cells are written row by row, the pattern of the line is the same for all."""
        columns = self.form.columns(keys, given, TEXTS[self.format])
        if self.format != "jsonl":
            pattern = ",".join(column.form for column in columns)
        else:
            pairs = (f"{_json_text(one.name).replace('%', '%%')}: {one.form}" for one in columns)
            pattern = f"{{{', '.join(pairs)}}}"
        cells = zip(*(column.cells for column in columns), strict=True)
        return "".join(map(f"{pattern}\n".__mod__, cells))
