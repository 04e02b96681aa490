"""One step: the gradient of a batch, penalties, the optimizer, limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from nncli.network.gradcheck import central_differences
from nncli.network.losses import output_delta
from nncli.network.params import Architecture, Array, Arrays, views
from nncli.network.propagation import Masks, Passes, bind, make_memory
from nncli.spec.model import Spec
from nncli.training.optimizers import OPTIMIZERS, Optimizer
from nncli.training.regularizers import limit_norms, penalize

Rule = Callable[["Network"], None]


@dataclass(frozen=True)
class Network:
    """A network under training: its parameters and gradients, each a dictionary of views into one vector."""

    architecture: Architecture
    loss: str
    vector: Array
    gradient: Array
    params: Arrays
    grads: Arrays
    bound: dict[int, Passes] = field(default_factory=dict, repr=False)
    """Forward and backward with their buffers, made once for each number of rows."""

    @classmethod
    def of(
        cls, architecture: Architecture, loss: str, vector: Array, gradient: Array | None = None
    ) -> Network:
        """The network whose parameters are `vector`, which training changes in place; gradients go into `gradient`."""
        gradient = np.empty_like(vector) if gradient is None else gradient
        params, grads = views(vector, architecture), views(gradient, architecture)
        return cls(architecture, loss, vector, gradient, params, grads)

    @property
    def last(self) -> str:
        """The activation of the last layer."""
        return self.architecture[-1].activation

    def passes(self, rows: int) -> Passes:
        """Forward and backward for a batch of this many rows."""
        if rows not in self.bound:
            dtype, leading = self.vector.dtype.name, self.vector.shape[:-1]
            memory = make_memory(self.architecture, rows, dtype, leading)
            self.bound[rows] = bind(self.params, self.grads, self.architecture, memory)
        return self.bound[rows]


def backprop(network: Network, x: Array, y: Array, z: Array, masks: Masks) -> None:
    """The gradient of the mean loss on the batch (x, y), by the chain rule; the logits go into `z`."""
    passes = network.passes(x.shape[-2])
    passes.forward(x, z, masks)
    output_delta(network.loss, network.last, passes.answer, y, passes.delta)
    passes.backward(x, masks)


def numerical(network: Network, x: Array, y: Array, z: Array, masks: Masks) -> None:
    """The same gradient by central differences: two passes for every parameter."""
    network.passes(x.shape[-2]).forward(x, z, masks)
    slopes = central_differences(network.params, network.architecture, network.loss, x, y, masks)
    for name, slope in slopes.items():
        network.grads[name][...] = slope


GRADIENTS = {"backprop": backprop, "numerical": numerical}


@dataclass(frozen=True)
class Step:
    """What is done with a batch, bound once before the loop."""

    network: Network
    gradient: Callable[[Network, Array, Array, Array, Masks], None]
    optimizer: Optimizer
    before: tuple[Rule, ...]
    """What changes the gradient before the update."""
    after: tuple[Rule, ...]
    """What changes the parameters after it."""

    @classmethod
    def of(cls, spec: Spec, network: Network) -> Step:
        """The step that a spec describes."""
        l1, l2 = spec.regularizer.l1, spec.regularizer.l2
        norm = spec.regularizer.max_norm
        before = (partial(_penalize, l1=l1, l2=l2),) if l1 or l2 else ()
        after = (partial(_limit, max_norm=norm),) if norm else ()
        return cls(network, GRADIENTS[spec.gradient], make_optimizer(spec), before, after)

    def __call__(
        self, x: Array, y: Array, z: Array, masks: Masks, slots: Arrays, eta: float, step: int
    ) -> None:
        """Step number `step`, counted from 0, on the batch (x, y): the network's vector and the optimizer's slots
        change, the logits go into `z`."""
        network, optimizer = self.network, self.optimizer
        self.gradient(network, x, y, z, masks)
        for rule in self.before:
            rule(network)
        optimizer.update(network.vector, network.gradient, slots, *optimizer.numbers(eta, step))


def make_optimizer(spec: Spec) -> Optimizer:
    """The spec's optimizer with its settings."""
    return OPTIMIZERS[spec.optimizer.name](**spec.optimizer.model_dump(exclude={"name"}))


def _penalize(network: Network, l1: float, l2: float) -> None:
    penalize(network.params, network.grads, l1, l2)


def _limit(network: Network, max_norm: float) -> None:
    limit_norms(network.params, max_norm)
