"""The functions of an exported Python file: `python.py` copies the source of those that a network needs.

They stand alone: NumPy, the standard library and each other. The constants are written anew into every file.
"""

from __future__ import annotations

import base64
import csv
import io
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nncli.data.drawing import as_mnist, is_drawing

Array = np.ndarray[Any, Any]

# what follows is different in every file
INPUTS = 0
SCALE = 1.0
WHITE = 255.0
DTYPE = "float32"
LAYERS: list[tuple[Array, Array, Callable[[Array], Array]]] = []
CLASSES: list[str] = []
CENTERS: list[float] = []
SPREADS: list[float] = []
NUMBERS: dict[str, dict[str, float]] = {}
TEXTS: dict[str, list[str]] = {}
COLUMNS: list[str] = []
MISSING: list[str] = []
KEYS: list[str] = []
HEADER: list[str] = []
FORMS: list[str] = []


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


def softplus(z: Array) -> Array:
    """log(1 + exp(z))."""
    return np.logaddexp(z, z.dtype.type(0))


def softmax(z: Array) -> Array:
    """exp(z), divided by its sum over the outputs."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def identity(z: Array) -> Array:
    """z."""
    return z


def array_rows(rows: Any) -> Array:
    """Rows of numbers, as they were in training before they were divided by SCALE: (rows, INPUTS)."""
    x = np.asarray(rows)
    x = x.reshape(len(x), int(np.prod(x.shape[1:])))
    if x.shape[1] != INPUTS:
        raise ValueError(f"the rows have {x.shape[1]} numbers, but the network takes {INPUTS}")
    return x.astype(DTYPE) * np.dtype(DTYPE).type(1 / SCALE)


def table_rows(rows: Iterable[Mapping[str, Any]]) -> Array:
    """Rows of a table, each a mapping from the names of its columns to its cells: (rows, INPUTS)."""
    rows = list(rows)
    parts = []
    for name in COLUMNS:
        absent = next((number for number, row in enumerate(rows, 1) if name not in row), None)
        if absent is not None:
            raise ValueError(f"row {absent}: lacks the column {name}")
        cells = [row[name] for row in rows]
        parts += numbers(name, cells) if name in NUMBERS else texts(name, cells)
    with np.errstate(over="ignore"):
        x = np.array(parts).T.reshape(len(rows), INPUTS).astype("float32")
    finite = np.isfinite(x).all(axis=1)
    if not finite.all():
        raise ValueError(f"row {finite.argmin() + 1}: holds a number far beyond those of training")
    return x.astype(DTYPE)


def numbers(name: str, cells: Sequence[Any]) -> list[Array]:
    """(value - center) / spread, the fill where there is none; then, if training had holes, whether it is one."""
    how = NUMBERS[name]
    values = np.array([number(name, row, cell) for row, cell in enumerate(cells, 1)], float)
    holes = np.isnan(values)
    scaled = (np.where(holes, how["fill"], values) - how["center"]) / how["spread"]
    return [scaled, holes.astype(float)] if how["flag"] else [scaled]


def number(name: str, row: int, cell: Any) -> float:
    """A cell as a number; NaN where it holds nothing."""
    if cell is None or cell in MISSING:
        return float("nan")
    plain = r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*"
    known = not isinstance(cell, str) or re.fullmatch(plain, cell, re.ASCII)
    value = float(cell) if known else np.inf
    if np.isinf(value):
        raise ValueError(f"row {row}: column {name} holds {cell!r} where a number is expected")
    return value


def texts(name: str, cells: Sequence[Any]) -> list[Array]:
    """One input per category: 1 for the cell's own. What training never saw is 0 in all of them."""
    known = ["" if cell is None or str(cell) in MISSING else str(cell) for cell in cells]
    return [np.array([cell == text for cell in known], float) for text in TEXTS[name]]


def forward(x: Array) -> tuple[Array, Array]:
    """z = a W^T + b and a = g(z), layer after layer: z and a of the last."""
    z = a = x
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused
        for W, b, g in LAYERS:
            z = a @ W.T + b
            a = g(z)
    if not np.isfinite(a).all():
        raise ValueError("an answer is not a finite number: its inputs are far beyond training's")
    return z, a


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
    y = a.astype(float) * SPREADS + CENTERS
    return (y[:, 0] if y.shape[1] == 1 else y).tolist(), y


def inputs(rows: Any) -> Array:
    """One of the two above."""
    raise NotImplementedError


def answer(rows: Any) -> tuple[list[Any], Array]:
    """One of those above."""
    raise NotImplementedError


def predict(rows: Any) -> list[Any]:
    """The answer for each row: its label, 0 or 1 for each label, or numbers in the units of the targets."""
    return answer(rows)[0]


def outputs(rows: Any) -> Array:
    """(rows, K): the probability or score of each class or label, or numbers in the units of the targets."""
    return answer(rows)[1]


def see(gray: Array) -> Array:
    """A gray picture (height, width) as a row. Dark strokes on light paper are made like the pictures of training."""
    border = np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]])
    as_trained = gray.shape == (28, 28) and border.mean() < gray.max() / 4
    if not as_trained and is_drawing(gray):
        gray = as_mnist(gray)
    if gray.shape != (28, 28):
        raise ValueError("it is no drawing on light paper, and not of 28 x 28 pixels")
    return gray.reshape(1, -1) if WHITE == 255 else gray.reshape(1, -1) * np.float32(WHITE / 255)


def read(path: str) -> tuple[Any, list[list[str]]]:
    """The rows in a CSV or .npy file, - for standard input; and the cells that name them."""
    if path.endswith(".npy"):
        return np.load(path, allow_pickle=False), []
    data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("is no table of text in UTF-8, and no .npy file") from None
    bare = re.sub(r'"[^"]*"?', "", text.partition("\n")[0])
    lines = io.StringIO(text, newline="")
    form: dict[str, Any] = {"delimiter": max(",;\t", key=bare.count), "skipinitialspace": True}
    table = csv.reader(lines, strict=True, **form)
    head, *rows = [row for row in table if row] or [[]]
    for at, row in enumerate(rows, 1):
        if len(row) != len(head):
            raise ValueError(f"row {at}: has {len(row)} cells, the header {len(head)}")
    named = [dict(zip(head, row, strict=True)) for row in rows]
    keys = [[row.get(key, "") for key in KEYS] for row in named]
    return (named if COLUMNS else array_of(head, rows)), keys


def array_of(head: list[str], rows: list[list[str]]) -> Array:
    """Cells that are all numbers as an array (rows, columns)."""
    values = [
        [number(name, at, cell) for name, cell in zip(head, row, strict=True)]
        for at, row in enumerate(rows, 1)
    ]
    return np.array(values, float).reshape(len(rows), len(head))


def read_drawing(path: str) -> tuple[Any, list[list[str]]]:
    """The same of a picture, where Pillow is installed."""
    if not path.lower().endswith((".png", ".jpg", ".jpeg")):
        return read(path)
    from PIL import Image  # the only use of more than NumPy

    return see(np.asarray(Image.open(path).convert("L"))), []


def main(arguments: list[str]) -> int:
    """Answers to the rows in a file, as CSV on standard output."""
    if len(arguments) != 1 or arguments[0] in ("-h", "--help"):
        sys.stdout.write(__doc__ or "")
        return 0 if arguments in (["-h"], ["--help"]) else 2
    try:
        rows, keys = opened(arguments[0])
        chosen, values = answer(rows)
    except (ValueError, OSError, EOFError, ImportError, csv.Error) as error:
        sys.stderr.write(f"error: {arguments[0]}: {error}\n")
        return 2
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(HEADER)
    for index, numbers in enumerate(values.tolist()):
        own = keys[index] if keys else [""] * len(KEYS)
        first = chosen[index] if HAS_CHOSEN else []
        cells = [*own, *(first if isinstance(first, list) else [first]), *numbers]
        writer.writerow([form % cell for form, cell in zip(FORMS, cells, strict=True)])
    sys.stdout.flush()
    return 0


opened = read
HAS_CHOSEN = True


def unpack(shape: tuple[int, ...], text: str) -> Array:
    """Numbers from base64: little-endian, row by row."""
    data = np.frombuffer(base64.b64decode(text), np.dtype(DTYPE).newbyteorder("<"))
    return data.reshape(shape).astype(DTYPE)
