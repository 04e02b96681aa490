"""The steps of an ONNX graph: raw rows to inputs, inputs through the layers, outputs to answers."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from nncli.data.cells import holes, is_number
from nncli.data.encoding import Column, NumberColumn, TableEncoding, TextColumn
from nncli.export.onnx_activations import activated
from nncli.export.onnx_graph import ML, Graph
from nncli.export.subject import Subject
from nncli.predictions import PROBABILITIES


def build(subject: Subject) -> Graph:
    """The whole graph."""
    table = subject.table
    graph = Graph({column.name for column in table.columns} if table else set())
    x = _table(graph, table, subject.dtype) if table else _array(graph, subject)
    scale = subject.meta.preprocessing.scale
    if scale != 1:
        x = graph.node("Mul", x, graph.constant("factor", np.array(1 / scale, subject.dtype)))
    z, a = _layers(graph, x, subject)
    *chosen, numbers = _outputs(graph, z, a, subject)
    known = _is_finite(graph, x, subject.dtype)
    known = graph.node("And", known, _is_finite(graph, numbers.value, numbers.kind))
    for output in (*chosen, numbers):
        _give(graph, known, output)
    return graph


def _array(graph: Graph, subject: Subject) -> str:
    """x, (rows, inputs) as the data hold them."""
    return graph.input("x", subject.dtype, subject.features)


def _table(graph: Graph, table: TableEncoding, dtype: str) -> str:
    """An input (rows, 1) of its own name for each column: float64, where NaN is a hole, or texts.

    float64, as tables are read: seconds since 1970 would not outlive float32.
    """
    parts = [part for column in table.columns for part in _column(graph, column, table)]
    x = graph.node("Concat", *parts, axis=1, called="encoded")
    return x if dtype == "float32" else graph.cast(x, dtype)


def _column(graph: Graph, column: Column, table: TableEncoding) -> list[str]:
    if isinstance(column, NumberColumn):
        return _numbers(graph, column, table.missing)
    return [_texts(graph, column, table.missing)]


def _numbers(graph: Graph, column: NumberColumn, missing: tuple[str, ...]) -> list[str]:
    """(value - center) / spread, a hole filled; then, if training had holes, whether it is one."""
    value = graph.input(column.name, "float64", 1)
    fill, center, spread = (
        graph.constant(f"{column.name}_{name}", np.array(getattr(column, name), np.float64))
        for name in ("fill", "center", "spread")
    )
    hole = _hole(graph, value, column.name, [float(cell) for cell in missing if is_number(cell)])
    filled = graph.node("Where", hole, fill, value)
    scaled = graph.node("Div", graph.node("Sub", filled, center), spread)
    return [graph.cast(one, "float32") for one in ([scaled, hole] if column.flag else [scaled])]


def _hole(graph: Graph, value: str, name: str, codes: list[float]) -> str:
    """Whether a number is NaN, or one of those that stand for a hole."""
    hole = graph.node("IsNaN", value, called=f"{name}_missing")
    for code in codes:
        same = graph.node("Equal", value, graph.constant(f"{name}_hole", np.array(code)))
        hole = graph.node("Or", hole, same)
    return hole


def _texts(graph: Graph, column: TextColumn, missing: tuple[str, ...]) -> str:
    """One input per category; a text that training never saw has number -1, which is none of them."""
    numbers = {text: number for number, text in enumerate(column.categories) if text not in missing}
    hole = column.categories.index("") if "" in column.categories else -1
    known = numbers | dict.fromkeys(sorted(holes(missing)), hole)
    code = graph.node(
        "LabelEncoder",
        graph.input(column.name, "str", 1),
        called=f"{column.name}_number",
        domain=ML,
        keys_strings=list(known),
        values_int64s=list(known.values()),
        default_int64=-1,
    )
    every = graph.constant(f"{column.name}_numbers", np.arange(len(column.categories))[None])
    return graph.cast(graph.node("Equal", code, every), "float32")


def _layers(graph: Graph, x: str, subject: Subject) -> tuple[str, str]:
    """z = a W^T + b and a = g(z), layer after layer: z and a of the last."""
    z = a = x
    for number, layer in enumerate(subject.meta.architecture, 1):
        w, b = (
            graph.constant(f"{name}{number}", subject.params[f"{name}{number}"]) for name in "Wb"
        )
        z = graph.node("Gemm", a, w, b, transB=1, called=f"Z{number}")
        a = activated(graph, layer.activation, z, f"A{number}", subject.dtype)
    return z, a


class Output(NamedTuple):
    """A value that the graph gives back for each row."""

    called: str
    value: str
    kind: str
    """Of its elements: a key of `TYPES`."""
    width: int | None
    """None for one element a row, (rows,)."""


NOTHING: dict[str, Any] = {"float32": np.nan, "float64": np.nan, "int64": -1, "str": ""}
"""What a row without an answer gets: NaN for its numbers, no class, labels that are neither 0 nor 1."""


def _outputs(graph: Graph, z: str, a: str, subject: Subject) -> list[Output]:
    """`label` and `probabilities` (`scores` where they are none), `labels` of 0 and 1 and the same, or `values` in the
    units of the targets."""
    meta, last = subject.meta, subject.meta.architecture[-1]
    if meta.classes is None and meta.labels is None:
        return [_values(graph, a, subject)]
    is_probability = last.activation in PROBABILITIES
    if meta.classes is None:
        labels = graph.cast(_above_half(graph, a, subject), "int64")
        chosen = Output("labels", labels, "int64", last.output_dim)
    else:
        names = graph.constant("classes", np.array(meta.classes))
        label = graph.node("Gather", names, _chosen(graph, z, a, subject))
        chosen = Output("label", label, "str", None)
    width = last.output_dim
    if meta.classes is not None and width == 1 and is_probability:
        one = graph.constant("one", np.array(1, subject.dtype))
        a, width = graph.node("Concat", graph.node("Sub", one, a), a, axis=1), 2
    called = "probabilities" if is_probability else "scores"
    return [chosen, Output(called, a, subject.dtype, width)]


def _is_finite(graph: Graph, values: str, kind: str) -> str:
    """Whether all numbers of a row are finite, (rows, 1): NaN is not below infinity either."""
    bound = graph.constant("infinity", np.array(np.inf, kind))
    below = graph.cast(graph.node("Less", graph.node("Abs", values), bound), "float32")
    return graph.cast(graph.node("ReduceMin", below, axes=[1], keepdims=1), "bool")


def _give(graph: Graph, is_finite: str, given: Output) -> None:
    """An output, with NOTHING in rows that `nncli predict` refuses: a graph cannot."""
    if given.width is None:
        is_finite = graph.node("Squeeze", is_finite, graph.constant("columns", np.array([1])))
    nothing = graph.constant("nothing", np.array(NOTHING[given.kind], given.kind))
    value = graph.node("Where", is_finite, given.value, nothing, called=given.called)
    graph.output(value, given.kind, given.width)


def _above_half(graph: Graph, a: str, subject: Subject) -> str:
    return graph.node("Greater", a, graph.constant("half", np.array(0.5, subject.dtype)))


def _chosen(graph: Graph, z: str, a: str, subject: Subject) -> str:
    """The number of the class, (rows,). Logits are compared: rounded activations can tie."""
    if subject.meta.architecture[-1].output_dim > 1:
        return graph.node("ArgMax", z, axis=1, keepdims=0)
    columns = graph.constant("columns", np.array([1]))
    return graph.cast(graph.node("Squeeze", _above_half(graph, a, subject), columns), "int64")


def _values(graph: Graph, a: str, subject: Subject) -> Output:
    """output * spread + center, in float64: targets may be far from 0 beside their spread."""
    width = subject.meta.architecture[-1].output_dim
    table = subject.table
    if table is None or table.centers is None or table.spreads is None:
        return Output("values", a, subject.dtype, width)
    spreads, centers = (
        graph.constant(name, np.array(numbers))
        for name, numbers in (("spreads", table.spreads), ("centers", table.centers))
    )
    own = graph.node("Mul", graph.cast(a, "float64"), spreads)
    return Output("values", graph.node("Add", own, centers), "float64", width)
