"""`--to onnx`: one graph from raw rows to answers, with preprocessing, layers and the target's own units."""

from __future__ import annotations

import json

from nncli import __version__
from nncli.errors import UsageError
from nncli.export.onnx_activations import ACTIVATIONS as ACTIVATIONS
from nncli.export.subject import Subject, Written

LARGEST = 2_000_000_000
"""Bytes of parameters: a file of this format ends at 2 GiB."""


def require_onnx() -> None:
    """Raises UsageError where onnx is not installed."""
    try:
        import onnx  # noqa: F401
    except ModuleNotFoundError as err:
        raise UsageError("--to onnx needs onnx: pip install 'nncli[onnx]'") from err


def write(subject: Subject) -> Written:
    """The file, and how to use it. Raises UsageError without onnx, and where no such file can hold the network."""
    require_onnx()
    from nncli.export.onnx_steps import build

    size = sum(array.nbytes for array in subject.params.values())
    if size > LARGEST:
        raise UsageError(
            f"{subject.target}: its {size:,} bytes are more than an ONNX file can hold"
        )
    graph = build(subject)
    data = graph.model(subject.name, ("nncli", __version__), _metadata(subject))
    given = " and ".join(graph.gives)
    return Written(data, f"{_call(subject)} gives {given}; {_rows(subject)}")


def _call(subject: Subject) -> str:
    """How onnxruntime is asked; braces are doubled, because they stand in a format."""
    fed = "{{column: cells, ...}}" if subject.table else "{{'x': rows}}"
    return f"onnxruntime.InferenceSession({{path!r}}).run(None, {fed})"


def _rows(subject: Subject) -> str:
    """What is fed."""
    if subject.table:
        return "cells are arrays (N, 1) of texts, or of float64 with NaN for holes"
    return f"rows are {subject.dtype} (N, {subject.features}), as in training"


def _metadata(subject: Subject) -> dict[str, str]:
    """What the graph does not say of itself, each a text; lists and the like as JSON."""
    meta = subject.meta
    said = {"name": subject.name, "version": subject.maker, "layers": subject.layers}
    lists = {"classes": meta.classes, "labels": meta.labels}
    lists["targets"] = subject.table.target if subject.table else None
    return said | {name: json.dumps(value) for name, value in lists.items() if value}
