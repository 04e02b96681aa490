"""The steps of an ONNX graph: raw rows to inputs, inputs through the layers, outputs to answers."""

from __future__ import annotations

import numpy as np

from nncli.data.encoding import Column, NumberColumn, TableEncoding, TextColumn
from nncli.export.onnx_graph import ML, Graph
from nncli.export.subject import Subject
from nncli.network.activations import LEAK
from nncli.predictions import PROBABILITIES

OPERATORS: dict[str, tuple[str, dict[str, float]]] = {
    "sigmoid": ("Sigmoid", {}),
    "tanh": ("Tanh", {}),
    "relu": ("Relu", {}),
    "leaky_relu": ("LeakyRelu", {"alpha": LEAK}),
    "softmax": ("Softmax", {"axis": 1}),
    "identity": ("Identity", {}),
}
"""Activation -> operator and its attributes, for those that runtimes have in float64 too."""

_NUMBERS = {"zero": 0, "one": 1}


def build(subject: Subject) -> Graph:
    """The whole graph."""
    table = subject.table
    graph = Graph({column.name for column in table.columns} if table else set())
    x = _table(graph, table, subject.dtype) if table else _array(graph, subject)
    scale = subject.meta.preprocessing.scale
    if scale != 1:
        x = graph.node("Mul", x, graph.constant("factor", np.array(1 / scale, subject.dtype)))
    _answers(graph, *_layers(graph, x, subject), subject)
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
        return _numbers(graph, column)
    return [_texts(graph, column, table.missing)]


def _numbers(graph: Graph, column: NumberColumn) -> list[str]:
    """(value - center) / spread, a hole filled; then, if training had holes, whether it is one."""
    value = graph.input(column.name, "float64", 1)
    fill, center, spread = (
        graph.constant(f"{column.name}_{name}", np.array(getattr(column, name), np.float64))
        for name in ("fill", "center", "spread")
    )
    hole = graph.node("IsNaN", value, called=f"{column.name}_missing")
    filled = graph.node("Where", hole, fill, value)
    scaled = graph.node("Div", graph.node("Sub", filled, center), spread)
    return [graph.cast(one, "float32") for one in ([scaled, hole] if column.flag else [scaled])]


def _texts(graph: Graph, column: TextColumn, missing: tuple[str, ...]) -> str:
    """One input per category; a text that training never saw has number -1, which is none of them."""
    numbers = {text: number for number, text in enumerate(column.categories) if text not in missing}
    holes = dict.fromkeys(missing, column.categories.index("") if "" in column.categories else -1)
    known = numbers | holes
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
        a = _activated(graph, layer.activation, z, f"A{number}", subject.dtype)
    return z, a


def _activated(graph: Graph, activation: str, z: str, called: str, dtype: str) -> str:
    """g(z). elu = max(z, 0) + exp(min(z, 0)) - 1 and softplus = max(z, 0) + log(1 + exp(-|z|)) are put together: their
    own operators stop at float32."""
    if activation in OPERATORS:
        op, attributes = OPERATORS[activation]
        return graph.node(op, z, called=called, **attributes)
    zero, one = (graph.constant(name, np.array(value, dtype)) for name, value in _NUMBERS.items())
    if activation == "elu":
        rest = graph.node("Sub", graph.node("Exp", graph.node("Min", z, zero)), one)
    else:
        power = graph.node("Exp", graph.node("Neg", graph.node("Abs", z)))
        rest = graph.node("Log", graph.node("Add", one, power))
    return graph.node("Add", graph.node("Max", z, zero), rest, called=called)


def _answers(graph: Graph, z: str, a: str, subject: Subject) -> None:
    """What the graph gives back: `label` and `probabilities` (`scores` where they are none), `labels` of 0 and 1 and
    the same, or `values` in the units of the targets."""
    meta, last = subject.meta, subject.meta.architecture[-1]
    if meta.classes is None and meta.labels is None:
        _values(graph, a, subject)
        return
    is_probability = last.activation in PROBABILITIES
    if meta.classes is None:
        labels = graph.cast(_above_half(graph, a, subject), "int64", "labels")
        graph.output(labels, "int64", last.output_dim)
    else:
        names = graph.constant("classes", np.array(meta.classes))
        chosen = _chosen(graph, z, a, subject)
        graph.output(graph.node("Gather", names, chosen, called="label"), "str", None)
    width = last.output_dim
    if meta.classes is not None and width == 1 and is_probability:
        one = graph.constant("one", np.array(1, subject.dtype))
        a, width = graph.node("Concat", graph.node("Sub", one, a), a, axis=1), 2
    called = "probabilities" if is_probability else "scores"
    graph.output(graph.node("Identity", a, called=called), subject.dtype, width)


def _above_half(graph: Graph, a: str, subject: Subject) -> str:
    return graph.node("Greater", a, graph.constant("half", np.array(0.5, subject.dtype)))


def _chosen(graph: Graph, z: str, a: str, subject: Subject) -> str:
    """The number of the class, (rows,). Logits are compared: rounded activations can tie."""
    if subject.meta.architecture[-1].output_dim > 1:
        return graph.node("ArgMax", z, axis=1, keepdims=0)
    columns = graph.constant("columns", np.array([1]))
    return graph.cast(graph.node("Squeeze", _above_half(graph, a, subject), columns), "int64")


def _values(graph: Graph, a: str, subject: Subject) -> None:
    """output * spread + center, in float64: targets may be far from 0 beside their spread."""
    width = subject.meta.architecture[-1].output_dim
    table = subject.table
    if table is None or table.centers is None or table.spreads is None:
        graph.output(graph.node("Identity", a, called="values"), subject.dtype, width)
        return
    spreads, centers = (
        graph.constant(name, np.array(numbers))
        for name, numbers in (("spreads", table.spreads), ("centers", table.centers))
    )
    own = graph.node("Mul", graph.cast(a, "float64"), spreads)
    graph.output(graph.node("Add", own, centers, called="values"), "float64", width)
