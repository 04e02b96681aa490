"""`--to python`: one file of readable Python that needs only NumPy; its functions are copied from plain.py."""

from __future__ import annotations

import base64
import inspect
import textwrap
from collections.abc import Callable, Iterator
from pprint import pformat
from typing import Any

import numpy as np

from nncli import predictions
from nncli.data import cells, csv_file, drawing
from nncli.data.encoding import NumberColumn
from nncli.export import plain, plain_files
from nncli.export.subject import Subject, Written, word_of
from nncli.network.params import Array
from nncli.predictions import PROBABILITIES
from nncli.training.evaluation import CHUNK

Function = Callable[..., Any]
ACTIVATIONS: dict[str, Function] = {
    function.__name__: function
    for function in (
        plain.sigmoid,
        plain.tanh,
        plain.relu,
        plain.leaky_relu,
        plain.elu,
        plain.selu,
        plain.gelu,
        plain.silu,
        plain.softplus,
        plain.softmax,
        plain.identity,
    )
}
DRAWING = (
    drawing.is_drawing,
    drawing.as_mnist,
    drawing.averages,
    drawing.centered,
    drawing._offset,
    drawing.round_half_up,
)
CONSTANTS = ("SIDE", "BOX", "FAINT", "MIDDLE", "INK")
"""Of the drawing."""
TABLE = (
    plain.table_rows,
    plain.numbers,
    plain.number,
    cells.is_number,
    cells.stripped,
    plain.texts,
    plain.text,
    plain.is_hole,
)
ARRAYS = (
    plain.array_rows,
    plain_files.array_of,
    plain.number,
    cells.is_number,
    cells.stripped,
    plain.is_hole,
)
FILES = (
    plain_files.read,
    plain_files.read_array,
    plain_files.read_table,
    csv_file._separator,
    csv_file._check_header,
    csv_file._columns,
    cells.shown,
)
RULES = {
    "SEPARATORS": csv_file.SEPARATORS,
    "_NUMBER": cells._NUMBER,
    "BLANKS": cells.BLANKS,
    "_QUOTED": predictions._QUOTED,
    "DataError": ValueError,
}
"""What the copied functions refer to, the same in every file."""
HEAD = '''#!/usr/bin/env python3
"""{name}: {layers}.

Written by {maker}; needs NumPy, nothing else. Rows are {rows}.

    from {module} import predict, outputs
    predict(rows)       # {answer}
    outputs(rows)       # {numbers}

    python {module}.py rows.csv      the same as CSV on standard output; - reads standard input{more}
"""

from __future__ import annotations

import base64
import csv
import gzip
import io
import math
import os
import re
import sys
import zlib
from collections import Counter
from collections.abc import {types}Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # threads share sums out, and so decide the last digit: as many as nncli takes
    os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "{threads}")

import numpy as np

Array = np.ndarray
'''
TYPES = "Iterable, Mapping, "
"""What functions of tables take."""
WIDTH = 100
END = """
if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BrokenPipeError:  # who reads has seen enough
        sys.stderr.close()
""".strip()


def write(subject: Subject) -> Written:
    """The file, and how to use it."""
    blocks = [_head(subject), _constants(subject), *map(_source, _functions(subject))]
    blocks += [_names(subject), _weights(subject), END]
    text = "\n\n".join(block.strip("\n") + "\n" for block in blocks)
    use = "`python {word} rows.csv` answers rows, and its `predict(rows)` does in Python; it needs only NumPy"
    return Written(text.encode(), use)


def _head(subject: Subject) -> str:
    meta = subject.meta
    if subject.table:
        rows = "mappings from the names of columns to cells, as csv.DictReader gives them"
    else:
        scale = f"{meta.preprocessing.scale:g}"
        rows = f"arrays of {subject.features} numbers, as in training (each is divided by {scale} here)"
    answer = "a label for each row" if meta.classes else "0 or 1 for each label of each row"
    answer = answer if meta.classes or meta.labels else "numbers in the units of the targets"
    columns = subject.form.names[-_width(subject) :]
    shown = ", ".join(columns if len(columns) < 6 else (*columns[:2], "...", columns[-1]))
    more = "\n    .npy files are read too" + (
        "; and drawings as .png or .jpg, where Pillow is installed" if subject.is_mnist_like else ""
    )
    parts = {
        "name": subject.name,
        "layers": subject.layers,
        "maker": subject.maker,
        "rows": rows,
        "module": word_of(subject.name),
        "answer": answer,
        "numbers": f"an array (rows, {len(columns)}): {shown}",
        "more": "" if subject.table else more,
    }
    fixed = {"threads": subject.threads, "types": TYPES if subject.table else ""}
    escaped = {key: text.replace("\\", "\\\\").replace('"""', "'''") for key, text in parts.items()}
    return HEAD.format(**escaped, **fixed)


def _width(subject: Subject) -> int:
    """Columns of the array of outputs."""
    outputs = subject.meta.architecture[-1].output_dim
    return 2 if _answer(subject) is plain.answer_two else outputs


def _constants(subject: Subject) -> str:
    """What is different in every file, each as a literal."""
    meta, form, table = subject.meta, subject.form, subject.table
    values: dict[str, Any] = {"INPUTS": subject.features, "DTYPE": subject.dtype}
    values["CHUNK"] = CHUNK
    if table is None:
        values["SCALE"] = meta.preprocessing.scale
    values["COLUMNS"] = [column.name for column in table.columns] if table else []
    if table:
        numbers = [one for one in table.columns if isinstance(one, NumberColumn)]
        values["NUMBERS"] = {one.name: one.model_dump(exclude={"kind", "name"}) for one in numbers}
        values["TEXTS"] = {
            one.name: list(one.categories)
            for one in table.columns
            if not isinstance(one, NumberColumn)
        }
    missing = table.missing if table else ()
    values["MISSING"] = sorted(cells.holes(missing))
    values["HOLES"] = [float(cell) for cell in missing if cells.is_number(cell)]
    values["KEYS"] = list(form.keys)
    if meta.classes:
        values["CLASSES"] = list(meta.classes)
    if _answer(subject) is plain.answer_numbers:
        outputs = meta.architecture[-1].output_dim
        values["CENTERS"] = list((table and table.centers) or (0.0,) * outputs)
        values["SPREADS"] = list((table and table.spreads) or (1.0,) * outputs)
    values |= {"HEADER": list(form.names), "FORMS": list(form.forms)}
    values["HAS_CHOSEN"] = _answer(subject) is not plain.answer_numbers
    if subject.is_mnist_like and subject.look:
        values["WHITE"] = subject.look.white
        values |= {name: getattr(drawing, name) for name in CONSTANTS}
    values |= RULES
    return "".join(f"{name} = {_literal(value, len(name) + 3)}\n" for name, value in values.items())


def _literal(value: Any, indent: int) -> str:
    if value is ValueError:
        return "ValueError"
    text = pformat(value, width=WIDTH - 4, compact=True, sort_dicts=False)
    return text.replace("\n", "\n" + " " * indent)


def _answer(subject: Subject) -> Function:
    """How the last layer is read."""
    meta = subject.meta
    last = meta.architecture[-1]
    if meta.classes is not None and last.output_dim > 1:
        return plain.answer_classes
    if meta.classes is not None:
        return plain.answer_two if last.activation in PROBABILITIES else plain.answer_score
    return plain.answer_labels if meta.labels is not None else plain.answer_numbers


def _functions(subject: Subject) -> Iterator[Function]:
    """Those that the network needs."""
    yield from (plain.predict, plain.outputs, _answer(subject))
    yield from (plain.forward, plain.layers, plain.finite)
    used = dict.fromkeys(layer.activation for layer in subject.meta.architecture)
    yield from (ACTIVATIONS[name] for name in used)
    yield from TABLE if subject.table else ARRAYS
    if subject.is_mnist_like:
        yield from (plain_files.read_drawing, plain_files.see, *DRAWING)
    yield from FILES
    yield from (plain.main, predictions.csv_text, plain.unpack)


def _source(function: Function) -> str:
    return inspect.getsource(function)


def _names(subject: Subject) -> str:
    """Which functions stand for the steps that every network has."""
    inputs = "table_rows" if subject.table else "array_rows"
    opened = "read_drawing" if subject.is_mnist_like else "read"
    return f"inputs, answer, opened = {inputs}, {_answer(subject).__name__}, {opened}"


def _weights(subject: Subject) -> str:
    """LAYERS: W, b and g of each, the numbers as base64."""
    lines = ["LAYERS = ["]
    for number, layer in enumerate(subject.meta.architecture, 1):
        w, b = (_packed(subject.params[f"{name}{number}"]) for name in "Wb")
        lines += [
            "    (",
            f"        {w},",
            f"        {b},",
            f"        {layer.activation},",
            "    ),",
        ]
    return "\n".join([*lines, "]"])


def _packed(numbers: Array) -> str:
    """A call of `unpack`, as short lines."""
    data = np.ascontiguousarray(numbers, numbers.dtype.newbyteorder("<")).tobytes()
    lines = textwrap.wrap(base64.b64encode(data).decode(), WIDTH)
    return 'unpack({}, """\n{}\n""")'.format(numbers.shape, "\n".join(lines))
