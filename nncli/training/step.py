"""One step: forward, delta, backward, update."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from nncli.network.losses import output_delta
from nncli.network.params import Architecture, Array, Arrays, views
from nncli.network.propagation import backward, forward, make_memory
from nncli.training.optimizers import Optimizer


@dataclass(frozen=True)
class Network:
    """A network under training: its parameters and gradients, each a dictionary of views into one vector."""

    architecture: Architecture
    loss: str
    vector: Array
    gradient: Array
    params: Arrays
    grads: Arrays
    memories: dict[int, Arrays] = field(default_factory=dict, repr=False)
    """The buffers of a pass, made once for each number of rows."""

    @classmethod
    def of(cls, architecture: Architecture, loss: str, vector: Array) -> Network:
        """The network whose parameters are `vector`, which training changes in place."""
        gradient = np.empty_like(vector)
        params, grads = views(vector, architecture), views(gradient, architecture)
        return cls(architecture, loss, vector, gradient, params, grads)

    def memory(self, rows: int) -> Arrays:
        """The buffers for a batch of this many rows."""
        if rows not in self.memories:
            dtype, leading = self.vector.dtype.name, self.vector.shape[:-1]
            self.memories[rows] = make_memory(self.architecture, rows, dtype, leading)
        return self.memories[rows]


def step(
    network: Network, x: Array, y: Array, z: Array, optimizer: Optimizer, state: Arrays, eta: float
) -> None:
    """One step on the batch (x, y): the parameters and the optimizer's state change, the logits go into `z`."""
    architecture, params, grads = network.architecture, network.params, network.grads
    memory = network.memory(x.shape[-2])
    last = len(architecture)
    memory[f"Z{last}"] = z
    forward(params, architecture, x, memory)
    a, d = memory[f"A{last}"], memory[f"D{last}"]
    delta = output_delta(network.loss, architecture[-1].activation, a, y, out=d)
    backward(params, architecture, x, memory, delta, grads)
    optimizer.update(network.vector, network.gradient, state, eta)
