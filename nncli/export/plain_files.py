"""How an exported Python file reads files: the rest of what `python.py` copies (see plain.py)."""

from __future__ import annotations

import csv
import gzip
import io
import sys
from pathlib import Path
from typing import Any

import numpy as np

from nncli.data.csv_file import _check_header, _separator
from nncli.data.drawing import as_mnist, is_drawing
from nncli.export.plain import COLUMNS, KEYS, Array, number

WHITE = 255.0
"""Different in every file, as COLUMNS and KEYS are."""


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
    data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    if data.startswith(b"\x1f\x8b"):
        data = gzip.decompress(data)
    if data.startswith(b"\x93NUMPY") or path.endswith(".npy"):
        return read_array(data), []
    head, rows = read_table(data)
    named = [dict(zip(head, row, strict=True)) for row in rows]
    keys = [[row.get(key, "") for key in KEYS] for row in named]
    return (named if COLUMNS else array_of(head, rows)), keys


def read_array(data: bytes) -> Array:
    """The array in an .npy file."""
    if COLUMNS:
        raise ValueError("holds an array, but the network was trained on a table")
    stream = io.BytesIO(data)
    rows = np.load(stream, allow_pickle=False)
    if stream.read(1):
        raise ValueError("more bytes follow than its header declares")
    return np.asarray(rows)


def read_table(data: bytes) -> tuple[list[str], list[list[str]]]:
    """The header and the rows of a CSV file."""
    if b"\0" in data:
        raise ValueError(f"byte {data.index(0)} is NUL: it is no table of text")
    try:
        content = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("is no table of text in UTF-8, and no .npy file") from None
    lines = io.StringIO(content, newline="").readlines()
    separator = _separator(lines[0] if lines else "")
    table = csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=True)
    head, *rows = [row for row in table if row] or [[]]
    if not head:
        raise ValueError("is empty. A line with the names of the columns is expected")
    _check_header(head, "the header")
    there = set(head)
    absent = [name for name in COLUMNS if name not in there]
    if absent:
        raise ValueError(f"lacks the column {absent[0]}")
    for at, row in enumerate(rows, 1):
        if len(row) != len(head):
            raise ValueError(f"row {at}: has {len(row)} cells, the header {len(head)}")
    return head, rows


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
