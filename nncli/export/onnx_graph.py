"""An ONNX graph that grows node by node. Everything in here needs onnx (extra `onnx`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from nncli.network.params import Array

OPSET, ML_OPSET, IR = 17, 3, 8
"""On purpose not the newest: what the newest onnx writes by itself, the newest onnxruntime may refuse."""
ML = "ai.onnx.ml"
TYPES = {
    "float32": TensorProto.FLOAT,
    "float64": TensorProto.DOUBLE,
    "int64": TensorProto.INT64,
    "str": TensorProto.STRING,
    "bool": TensorProto.BOOL,
}
ROWS = "N"
"""The number of rows: free."""


class Graph:
    """Inputs, constants, nodes and outputs; every value has a name of its own."""

    def __init__(self, taken: set[str]) -> None:
        self._taken = set(taken)
        """Names that values in between must not have: those of inputs to come."""
        self._numbers: dict[str, int] = {}
        """Name -> the number that was last put behind it: to count from 2 each time would take the square of nodes."""
        self._inputs: list[Any] = []
        self._constants: list[Any] = []
        self._nodes: list[Any] = []
        self._outputs: list[Any] = []

    def free(self, name: str) -> str:
        """The name, with a number behind it where it is taken."""
        found, number = name, self._numbers.get(name, 1)
        while found in self._taken:
            number += 1
            found = f"{name}_{number}"
        self._numbers[name] = number
        self._taken.add(found)
        return found

    def input(self, name: str, kind: str, width: int) -> str:
        """An input (rows, width)."""
        self._taken.add(name)
        self._inputs.append(helper.make_tensor_value_info(name, TYPES[kind], [ROWS, width]))
        return name

    def constant(self, name: str, array: Array) -> str:
        """Numbers or texts that are part of the graph."""
        name = self.free(name)
        if array.dtype.kind == "U":
            texts = [text.encode() for text in array.ravel().tolist()]
            tensor = helper.make_tensor(name, TensorProto.STRING, array.shape, texts)
        else:
            tensor = numpy_helper.from_array(np.ascontiguousarray(array), name)
        self._constants.append(tensor)
        return name

    def node(self, op: str, *inputs: str, called: str = "", **attributes: Any) -> str:
        """What an operator makes of its inputs; `domain` is an attribute too."""
        name = self.free(called or op.lower())
        self._nodes.append(helper.make_node(op, list(inputs), [name], name=name, **attributes))
        return name

    def cast(self, value: str, kind: str, called: str = "") -> str:
        """The same as another type."""
        return self.node("Cast", value, called=called, to=TYPES[kind])

    @property
    def gives(self) -> list[str]:
        """The names of the outputs."""
        return [output.name for output in self._outputs]

    def output(self, value: str, kind: str, width: int | None) -> None:
        """A value (rows, width), or (rows,), that the graph gives back."""
        shape = [ROWS] if width is None else [ROWS, width]
        self._outputs.append(helper.make_tensor_value_info(value, TYPES[kind], shape))

    def model(self, name: str, producer: tuple[str, str], metadata: Mapping[str, str]) -> bytes:
        """The file, checked; the same graph gives the same bytes."""
        graph = helper.make_graph(self._nodes, name, self._inputs, self._outputs, self._constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(ML, ML_OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR)
        model.producer_name, model.producer_version = producer
        helper.set_model_props(model, dict(metadata))
        onnx.checker.check_model(model, full_check=True)
        return model.SerializeToString(deterministic=True)
