"""One step: the gradient of a batch, penalties, the optimizer, limits; all of it calls, bound to their arrays once."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from nncli.data.dataset import Dataset, Fingerprint, Split
from nncli.network.calls import Call, Calls, constant, run
from nncli.network.gradcheck import central_differences
from nncli.network.losses import output_delta, slope, weigh
from nncli.network.params import Architecture, Array, Arrays, views
from nncli.network.propagation import Masks, backward, forward, make_memory
from nncli.spec.model import Spec
from nncli.spec.schedules import RegularizerSpec
from nncli.training import engines, regularizers
from nncli.training.optimizers import CLEAR_EVERY, OPTIMIZERS, Optimizer, clear_smallest
from nncli.training.regularizers import limit_norms, penalize

if TYPE_CHECKING:
    from nncli.training.sparse import Picked


@dataclass(frozen=True)
class Network:
    """A network under training, or K of them: parameters and gradients, each a dictionary of views into one vector."""

    architecture: Architecture
    loss: str
    vector: Array
    gradient: Array
    params: Arrays
    grads: Arrays
    class_weights: Array | None = None
    """(classes,): what the gradient of a row is multiplied by; None where all rows count alike."""
    memories: dict[int, Arrays] = field(default_factory=dict, repr=False)
    """The buffers of both passes, made once for each number of rows."""

    @classmethod
    def of(
        cls,
        architecture: Architecture,
        loss: str,
        vector: Array,
        gradient: Array | None = None,
        class_weights: Array | None = None,
    ) -> Network:
        """The network whose parameters are `vector`, which training changes in place; gradients go into `gradient`."""
        gradient = np.empty_like(vector) if gradient is None else gradient
        params, grads = views(vector, architecture), views(gradient, architecture)
        return cls(architecture, loss, vector, gradient, params, grads, class_weights)

    @property
    def last(self) -> str:
        """The activation of the last layer."""
        return self.architecture[-1].activation

    @property
    def leading(self) -> tuple[int, ...]:
        """() for one network, (K,) for K."""
        return self.vector.shape[:-1]

    def memory(self, rows: int) -> Arrays:
        """The buffers for a batch of this many rows."""
        if rows not in self.memories:
            dtype = self.vector.dtype.name
            self.memories[rows] = make_memory(self.architecture, rows, dtype, self.leading)
        return self.memories[rows]

    def factor(self, rows: int, pace: float = 1) -> float:
        """What `output_delta` takes for a gradient that is `pace` times that of the mean loss."""
        return pace * slope(self.loss, rows, self.architecture[-1].output_dim)


def backprop(network: Network, x: Array, y: Array, z: Array, masks: Masks, factor: Array) -> Calls:
    """The gradient of the mean loss on the batch (x, y), by the chain rule; the logits go into `z`."""
    params, layers, memory = network.params, network.architecture, network.memory(x.shape[-2])
    answer, delta = memory[f"A{len(layers)}"], memory[f"D{len(layers)}"]
    yield from forward(params, layers, x, z, memory, masks)
    yield from output_delta(network.loss, network.last, answer, z, y, delta, factor)
    if network.class_weights is not None:
        row = memory.setdefault("row_weights", np.empty((*y.shape[:-1], 1), y.dtype))
        yield from weigh(y, network.class_weights, row)
        yield np.multiply, (delta, row, delta)
    yield from backward(params, layers, x, memory, network.grads, masks)


def gradient_of(network: Network, x: Array, y: Array, z: Array, masks: Masks) -> None:
    """Work `backprop` out at once."""
    factor = constant(network.factor(x.shape[-2]), network.vector)
    run(backprop(network, x, y, z, masks, factor))


def numerical(network: Network, x: Array, y: Array, z: Array, masks: Masks, factor: Array) -> Calls:
    """The same gradient by central differences: two passes for every parameter, one network after the other."""
    memory = network.memory(x.shape[-2])
    yield from forward(network.params, network.architecture, x, z, memory, masks)
    yield _differences, (network, x, y, masks, factor)


def _differences(network: Network, x: Array, y: Array, masks: Masks, factor: Array) -> None:
    for k in np.ndindex(network.leading):
        params = {name: value[k] for name, value in network.params.items()}
        x_, y_, *drops = (a[k] if a.ndim == 3 else a for a in (x, y, *masks.values()))
        own = dict(zip(masks, drops, strict=True))
        slopes = central_differences(
            params,
            network.architecture,
            network.loss,
            x_,
            y_,
            own,
            class_weights=network.class_weights,
        )
        pace = factor[k].item() / network.factor(len(x_))
        for name, value in slopes.items():
            network.grads[name][k] = value * pace


GRADIENTS = {"backprop": backprop, "numerical": numerical}


class Step:
    """What is done with a batch, for one network or for K of one kind (kinds.py): by the same calls."""

    def __init__(
        self,
        spec: Spec,
        network: Network,
        slots: Arrays,
        picked: Picked | None = None,
        penalties: Sequence[RegularizerSpec] = (),
    ) -> None:
        """Changes the network's vector and the optimizer's slots in place. `prepare` comes before each step, which is
        taken inside `ready`. With `picked` rows a batch is given by their numbers.

        `spec` is that of any of K networks: it says which calls there are. Their numbers come with `prepare`, and with
        `penalties`, one for each network."""
        self.spec, self.network, self.slots, self.picked = spec, network, slots, picked
        self._first = picked.layer(network) if picked else None
        self.optimizer, self._engine = make_optimizer(spec), engines.load(spec.engine)
        self._penalties = regularizers.numbers(penalties or [spec.regularizer], network.vector)
        self._numbers: Sequence[tuple[float, ...]] = ()
        shape = (*network.leading, 1) if network.leading else ()
        dtype = network.vector.dtype
        self._pace, *rest = (np.empty(shape, dtype) for _ in self.optimizer.numbers(1.0, 0))
        self._arrays = rest
        self._factors: dict[int, Array] = {}
        self.update_calls: list[Call] = list(self._after_the_gradient())

    def prepare(self, step: int, *numbers: tuple[float, ...]) -> None:
        """Set what step number `step`, counted from 0, multiplies with: the optimizer's numbers, for each network."""
        if step % CLEAR_EVERY == 0:
            clear_smallest(self.slots)
        if numbers == self._numbers:
            return
        self._numbers = numbers
        for array, column in zip(
            (self._pace, *self._arrays), zip(*numbers, strict=True), strict=True
        ):
            array[...] = np.reshape(column, array.shape)
        for rows in self._factors:
            self._set_factor(rows)

    def calls(self, x: Array, y: Array, z: Array, masks: Masks, rows: Array) -> list[Call]:
        """A step on the batch (x, y), bound to these arrays, of the training rows with these numbers; the logits go
        into `z`."""
        return [*self._gradient(x, y, z, masks, rows), *self.update_calls]

    def ready(self) -> AbstractContextManager[None]:
        """Steps are taken inside; everything else that looks at the parameters, outside."""
        return self._first.turned() if self._first else nullcontext()

    def own_calls(self, x: Array, y: Array, z: Array, masks: Masks, rows: Array) -> Calls | None:
        """The engine's own calls for the gradient; None where it leaves them to NumPy."""
        factor = self._factor(x.shape[-2])
        if self._first:
            return self._first.passes(rows, y, z, factor)
        if self.spec.gradient == "backprop" and not masks:
            return self._engine.passes(self.network, x, y, z, factor)
        return None

    def _gradient(self, x: Array, y: Array, z: Array, masks: Masks, rows: Array) -> Calls:
        factor, calls = self._factor(x.shape[-2]), self.own_calls(x, y, z, masks, rows)
        return calls or GRADIENTS[self.spec.gradient](self.network, x, y, z, masks, factor)

    def _factor(self, rows: int) -> Array:
        """For each network, what the delta of a batch with this many rows is multiplied by."""
        if rows not in self._factors:
            leading = self.network.leading
            self._factors[rows] = np.empty((*leading, 1, 1) if leading else (), self._pace.dtype)
            if self._numbers:
                self._set_factor(rows)
        return self._factors[rows]

    def _set_factor(self, rows: int) -> None:
        factor = self._factors[rows]
        each = [self.network.factor(rows, pace) for pace, *_ in self._numbers]
        factor[...] = np.reshape(each, factor.shape)

    def _after_the_gradient(self) -> Calls:
        """Penalties, the update, limits."""
        network, penalties = self.network, self._penalties
        l1, l2 = penalties.get("l1"), penalties.get("l2")
        if l1 is not None or l2 is not None:
            pace: Any = self._pace[..., None] if network.leading else self._pace
            yield penalize, (network.params, network.grads, l1, l2, pace)
        rest = slice(self._first.parameters if self._first else 0, None)
        yield from self._update(network.vector[..., rest], network.gradient[..., rest])
        if "max_norm" in penalties:
            yield limit_norms, (network.params, penalties["max_norm"])

    def _update(self, vector: Array, gradient: Array) -> Calls:
        """The engine's calls for it, if it has any."""
        name, numbers = self.spec.optimizer.name, tuple(self._arrays)
        calls = self._engine.update(name, vector, gradient, self.slots, numbers)
        return calls or self.optimizer.update(vector, gradient, self.slots, *numbers)


def rehearse(spec: Spec) -> None:
    """Steps of a very small network with the same engine, optimizer and type: what the engine has to compile, it
    compiles now, and not in time that is counted as training."""
    if spec.engine == "numpy":
        return
    engine, last = engines.load(spec.engine), spec.architecture[-1]
    layer = last.model_copy(update={"input_dim": 4, "output_dim": 2})
    small = spec.model_copy(update={"architecture": (layer,), "gradient": "backprop"})
    vector, x, y, z = (np.zeros(shape, spec.dtype) for shape in (10, (1, 4), (1, 2), (1, 2)))
    network = Network.of(small.architecture, small.loss, vector)
    data, rows = np.eye(1, 4, dtype=np.uint8), np.zeros(1, np.int64)
    engine.gather(data, rows, 1, x)
    optimizer = make_optimizer(small)
    nothing = Dataset({"train": Split(data, rows)}, None, Fingerprint(""))
    for picked in (None, engine.pick(small, nothing)):
        step = Step(small, network, optimizer.init(vector), picked)
        step.prepare(0, optimizer.numbers(spec.eta, 0))
        with np.errstate(all="ignore"):
            run(step.calls(x, y, z, {}, rows))


def make_optimizer(spec: Spec) -> Optimizer:
    """The spec's optimizer with its settings."""
    return OPTIMIZERS[spec.optimizer.name](**spec.optimizer.model_dump(exclude={"name"}))
