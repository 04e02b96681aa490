"""Activations as ONNX operators: a table of those that runtimes have in float64 too, and of those put together."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from nncli.network.activations import GELU_CUBE, GELU_RATE, LEAK, SELU_ALPHA, SELU_SCALE

if TYPE_CHECKING:  # it needs onnx
    from nncli.export.onnx_graph import Graph

OPERATORS: dict[str, tuple[str, dict[str, float]]] = {
    "sigmoid": ("Sigmoid", {}),
    "tanh": ("Tanh", {}),
    "relu": ("Relu", {}),
    "leaky_relu": ("LeakyRelu", {"alpha": LEAK}),
    "softmax": ("Softmax", {"axis": 1}),
    "identity": ("Identity", {}),
}
"""Activation -> operator and its attributes, for those that runtimes have in float64 too."""

Number = Callable[[float], str]
Last = tuple[str, ...]
"""An operator and its inputs."""


def _elu(graph: Graph, z: str, number: Number) -> Last:
    """max(z, 0) + exp(min(z, 0)) - 1."""
    power = graph.node("Exp", graph.node("Min", z, number(0)))
    return "Add", graph.node("Max", z, number(0)), graph.node("Sub", power, number(1))


def _selu(graph: Graph, z: str, number: Number) -> Last:
    """1.0507 (max(z, 0) + 1.6733 (exp(min(z, 0)) - 1))."""
    power = graph.node("Exp", graph.node("Min", z, number(0)))
    below = graph.node("Mul", graph.node("Sub", power, number(1)), number(SELU_ALPHA))
    both = graph.node("Add", graph.node("Max", z, number(0)), below)
    return "Mul", both, number(SELU_SCALE)


def _gelu(graph: Graph, z: str, number: Number) -> Last:
    """z sigmoid(sqrt(8 / pi) (z + 0.044715 z^3))."""
    cubic = graph.node("Mul", graph.node("Mul", z, z), number(GELU_RATE * GELU_CUBE))
    u = graph.node("Mul", graph.node("Add", cubic, number(GELU_RATE)), z)
    return "Mul", z, graph.node("Sigmoid", u)


def _silu(graph: Graph, z: str, number: Number) -> Last:
    """z sigmoid(z)."""
    return "Mul", z, graph.node("Sigmoid", z)


def _softplus(graph: Graph, z: str, number: Number) -> Last:
    """max(z, 0) + log(1 + exp(-|z|))."""
    power = graph.node("Exp", graph.node("Neg", graph.node("Abs", z)))
    rest = graph.node("Log", graph.node("Add", number(1), power))
    return "Add", graph.node("Max", z, number(0)), rest


COMPOSED = {"elu": _elu, "selu": _selu, "gelu": _gelu, "silu": _silu, "softplus": _softplus}
"""Activations that are put together: their own operators stop at float32, or came late."""
ACTIVATIONS = OPERATORS.keys() | COMPOSED.keys()


def activated(graph: Graph, activation: str, z: str, called: str, dtype: str) -> str:
    """g(z)."""
    if activation in OPERATORS:
        op, attributes = OPERATORS[activation]
        return graph.node(op, z, called=called, **attributes)
    number = partial(_number, graph, dtype)
    return graph.node(*COMPOSED[activation](graph, z, number), called=called)


def _number(graph: Graph, dtype: str, value: float) -> str:
    """A constant of the network's type."""
    return graph.constant(f"{value:.4g}", np.array(value, dtype))
