"""The functions of an exported Python file: `python.py` copies the source of those that a network needs.

They stand alone: NumPy, the standard library and each other. The constants are written anew into every file.
"""

from __future__ import annotations

import base64
import csv
import sys
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from nncli.data.cells import is_number, stripped
from nncli.predictions import csv_text

Array = np.ndarray[Any, Any]

# what follows is different in every file
INPUTS = 0
SCALE = 1.0
DTYPE = "float32"
CHUNK = 1000
LAYERS: list[tuple[Array, Array, Callable[[Array], Array]]] = []
CLASSES: list[str] = []
CENTERS: list[float] = []
SPREADS: list[float] = []
NUMBERS: dict[str, dict[str, float]] = {}
TEXTS: dict[str, list[str]] = {}
COLUMNS: list[str] = []
MISSING: list[str] = []
HOLES: list[float] = []
KEYS: list[str] = []
HEADER: list[str] = []
FORMS: list[str] = []
HAS_CHOSEN = True


def sigmoid(z: Array) -> Array:
    """1 / (1 + exp(-z))."""
    return 1 / (1 + np.exp(-z))


def tanh(z: Array) -> Array:
    """Between -1 and 1."""
    return np.tanh(z)


def relu(z: Array) -> Array:
    """max(z, 0)."""
    return np.maximum(z, 0)


def leaky_relu(z: Array) -> Array:
    """z where z > 0, else 0.01 z."""
    return np.maximum(z, z.dtype.type(0.01) * z)


def elu(z: Array) -> Array:
    """z where z > 0, else exp(z) - 1."""
    return np.maximum(z, 0) + np.expm1(np.minimum(z, 0))


def selu(z: Array) -> Array:
    """1.0507 z where z > 0, else 1.0507 x 1.6733 (exp(z) - 1)."""
    scale, alpha = map(z.dtype.type, (1.0507009873554805, 1.6732632423543772))
    return (np.maximum(z, 0) + np.expm1(np.minimum(z, 0)) * alpha) * scale


def gelu(z: Array) -> Array:
    """z / (1 + exp(-u)), u = sqrt(8 / pi) (z + 0.044715 z^3)."""
    rate = np.sqrt(8 / np.pi)
    linear, cubic = map(z.dtype.type, (rate, rate * 0.044715))
    return z * (1 / (1 + np.exp(-(np.square(z) * cubic + linear) * z)))


def silu(z: Array) -> Array:
    """z / (1 + exp(-z))."""
    return z * (1 / (1 + np.exp(-z)))


def softplus(z: Array) -> Array:
    """log(1 + exp(z))."""
    return np.logaddexp(z, z.dtype.type(0))


def softmax(z: Array) -> Array:
    """exp(z), divided by its sum over the outputs."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / (e @ np.ones((e.shape[1], 1), e.dtype))


def identity(z: Array) -> Array:
    """z."""
    return z


def array_rows(rows: Any) -> Array:
    """Rows of numbers, as they were in training before they were divided by SCALE: (rows, INPUTS)."""
    x = np.asarray(rows)
    if x.dtype.kind not in "fiub" or not x.ndim:
        raise ValueError(f"{x.dtype} of shape {x.shape}, where rows of numbers are expected")
    x = x.reshape(len(x), int(np.prod(x.shape[1:])))
    if x.shape[1] != INPUTS:
        raise ValueError(f"the rows have {x.shape[1]} numbers, but the network takes {INPUTS}")
    with np.errstate(over="ignore"):
        return x.astype(DTYPE) * np.dtype(DTYPE).type(1 / SCALE)


def table_rows(rows: Iterable[Mapping[str, Any]]) -> Array:
    """Rows of a table, each a mapping from the names of its columns to its cells: (rows, INPUTS)."""
    rows = list(rows)
    for at, row in enumerate(rows, 1):
        if not isinstance(row, Mapping):
            raise ValueError(f"row {at}: is no mapping from the names of columns to cells")
        absent = [name for name in COLUMNS if name not in row]
        if absent:
            raise ValueError(f"row {at}: lacks the column {absent[0]}")
    parts = []
    for name in COLUMNS:
        cells = [row[name] for row in rows]
        parts += numbers(name, cells) if name in NUMBERS else texts(name, cells)
    with np.errstate(over="ignore"):
        return np.stack(parts, axis=1).astype("float32").astype(DTYPE)


def numbers(name: str, cells: Sequence[Any]) -> list[Array]:
    """(value - center) / spread, the fill where there is none; then, if training had holes, whether it is one."""
    how = NUMBERS[name]
    values = np.array([number(name, at, cell) for at, cell in enumerate(cells, 1)], float)
    holes = np.isnan(values)
    with np.errstate(over="ignore"):
        scaled = (np.where(holes, how["fill"], values) - how["center"]) / how["spread"]
    return [scaled, holes.astype(float)] if how["flag"] else [scaled]


def number(name: str, row: int, cell: Any) -> float:
    """A cell as a number; NaN where it holds nothing."""
    if is_hole(cell):
        return float("nan")
    is_numeric = isinstance(cell, bool | float | np.bool_ | np.integer | np.floating)
    known = is_numeric or is_number(str(cell))
    value = float(cell if is_numeric else str(cell)) if known else np.inf
    if np.isinf(value):
        raise ValueError(f"row {row}: column {name} holds {cell!r:.60} where a number is expected")
    return value


def is_hole(cell: Any) -> bool:
    """Whether a cell holds nothing: None, NaN, or what MISSING lists, as text or as a number."""
    if isinstance(cell, str):
        return cell in MISSING or stripped(cell) in MISSING
    return cell is None or type(cell).__name__ == "NAType" or cell != cell or cell in HOLES


def texts(name: str, cells: Sequence[Any]) -> list[Array]:
    """One input per category: 1 for the cell's own. What training never saw is 0 in all of them."""
    known = TEXTS[name]
    found = [text(cell, known) for cell in cells]
    return [np.array([cell == category for cell in found], float) for category in known]


def text(cell: Any, known: Sequence[str]) -> str:
    """A cell as the table had it: without blanks around it, or True as `true` and 1.0 as `1`."""
    own = str(cell)
    if isinstance(cell, str):
        both = (own, stripped(own))
        found = next((one for one in both if one in MISSING or one in known), own)
        return "" if found in MISSING else found
    if is_hole(cell):
        return ""
    others = (own, own.lower(), own.removesuffix(".0"))
    return next((one for one in others if one in known), own)


def forward(x: Array) -> tuple[Array, Array]:
    """z = a W^T + b and a = g(z), layer after layer: z and a of the last.

    CHUNK rows at a time, as nncli does it: how sums are rounded depends on how many rows there are.
    """
    finite(x)
    parts = [layers(x[at : at + CHUNK]) for at in range(0, max(len(x), 1), CHUNK)]
    z, a = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return z, finite(a)


def layers(x: Array) -> tuple[Array, Array]:
    """The same for a few rows."""
    z = a = x
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused
        for W, b, g in LAYERS:
            z = a @ W.T + b
            a = g(z)
    return z, a


def finite(values: Array) -> Array:
    """The values (rows, K) as they are. ValueError naming the first row where one of them is not finite."""
    rows = np.isfinite(values).all(axis=1)
    if not rows.all():
        row = rows.argmin() + 1
        raise ValueError(f"row {row}: holds a number far beyond those of training, or not finite")
    return values


def answer_classes(rows: Any) -> tuple[list[Any], Array]:
    """The label of each row, and (rows, classes): what the network gives to each class."""
    z, a = forward(inputs(rows))
    chosen = z.argmax(axis=1)
    return [CLASSES[number] for number in chosen], a


def answer_two(rows: Any) -> tuple[list[Any], Array]:
    """The label of each row, and (rows, 2): the probabilities of both classes, which share one output."""
    _, a = forward(inputs(rows))
    return [CLASSES[int(one > 0.5)] for one in a[:, 0]], np.concatenate([1 - a, a], axis=1)


def answer_score(rows: Any) -> tuple[list[Any], Array]:
    """The label of each row, and (rows, 1): the score of the second class, above 1/2 where it is chosen."""
    _, a = forward(inputs(rows))
    return [CLASSES[int(one > 0.5)] for one in a[:, 0]], a


def answer_labels(rows: Any) -> tuple[list[Any], Array]:
    """0 or 1 for each label of each row, and (rows, labels): what the network gives to each."""
    _, a = forward(inputs(rows))
    return (a > 0.5).astype(int).tolist(), a


def answer_numbers(rows: Any) -> tuple[list[Any], Array]:
    """The numbers for each row, in the units of the targets; the same as an array (rows, targets)."""
    _, a = forward(inputs(rows))
    with np.errstate(over="ignore"):
        y = finite(a.astype(float) * SPREADS + CENTERS)
    return (y[:, 0] if y.shape[1] == 1 else y).tolist(), y


def inputs(rows: Any) -> Array:
    """One of the two above."""
    raise NotImplementedError


def answer(rows: Any) -> tuple[list[Any], Array]:
    """One of those above."""
    raise NotImplementedError


def opened(path: str) -> tuple[Any, list[list[str]]]:
    """What reads files: one of those in plain_files.py."""
    raise NotImplementedError


def predict(rows: Any) -> list[Any]:
    """The answer for each row: its label, 0 or 1 for each label, or numbers in the units of the targets."""
    return answer(rows)[0]


def outputs(rows: Any) -> Array:
    """(rows, K): the probability or score of each class or label, or numbers in the units of the targets."""
    return answer(rows)[1]


def main(arguments: list[str]) -> int:
    """Answers to the rows in a file, as CSV on standard output."""
    if len(arguments) != 1 or arguments[0] in ("-h", "--help"):
        sys.stdout.write(__doc__ or "")
        return 0 if arguments in (["-h"], ["--help"]) else 2
    try:
        rows, keys = opened(arguments[0])
        chosen, values = answer(rows)
    except (ValueError, OSError, EOFError, ImportError, csv.Error, zlib.error) as error:
        sys.stderr.write(f"error: {arguments[0]}: {error}\n")
        return 2
    lines = [",".join(map(csv_text, HEADER))]
    form = ",".join(FORMS)
    for index, numbers in enumerate(values.tolist()):
        own = keys[index] if keys else [""] * len(KEYS)
        first = chosen[index] if HAS_CHOSEN else []
        first = first if isinstance(first, list) else [csv_text(first)]
        lines.append(form % (*map(csv_text, own), *first, *numbers))
    sys.stdout.buffer.write("".join(f"{line}\n" for line in lines).encode())
    sys.stdout.flush()
    return 0


def unpack(shape: tuple[int, ...], text: str) -> Array:
    """Numbers from base64: little-endian, row by row."""
    data = np.frombuffer(base64.b64decode(text), np.dtype(DTYPE).newbyteorder("<"))
    return data.reshape(shape).astype(DTYPE)
