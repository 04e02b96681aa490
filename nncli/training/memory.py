"""How much memory a training takes, before it begins."""

from __future__ import annotations

import numpy as np

from nncli import limits
from nncli.data import augment
from nncli.data.dataset import Dataset
from nncli.errors import Problem, SpecError
from nncli.machine import total_memory, usable_memory
from nncli.network.activations import ACTIVATIONS
from nncli.network.params import count
from nncli.spec.model import Spec
from nncli.training import engines
from nncli.training.evaluation import CHUNK
from nncli.training.length import BLOCK, Length
from nncli.training.monitor import keeps_best
from nncli.training.step import make_optimizer
from nncli.words import size

BASE_MEMORY = 60 * 2**20
"""What Python, NumPy and the command line take before any data (measured: docs/performance.md)."""


def of_parameters(spec: Spec) -> int:
    """Bytes for the parameters alone, as training holds them: drawn in float64 and copied into the vector; then
    the vector with its average and the optimizer's arrays, each twice (now, and before the block), the gradient, the
    best so far, and a checkpoint of all that, twice, while it is packed."""
    slots = make_optimizer(spec).init(np.zeros(1, spec.dtype))
    kept, best = 1 + len(slots) + (spec.average is not None), int(keeps_best(spec))
    copies = 2 * kept + 1 + best + 2 * (kept + best)
    return count(spec.architecture) * max(8 + _size(spec), copies * _size(spec))


def of_training(spec: Spec, dataset: Dataset) -> int:
    """Bytes that a training takes at its height: program, data, targets, parameters, and the buffers of a block."""
    outputs = spec.architecture[-1].output_dim
    data = sum(split.x.nbytes + split.y.nbytes for split in dataset.splits.values())
    length = Length.of(spec, len(dataset.splits["train"]))
    units = sum(layer.output_dim for layer in spec.architecture)
    sums = sum(
        layer.output_dim for layer in spec.architecture if ACTIVATIONS[layer.activation].by_sums
    )
    per_row = (dataset.input_dim + 2 * units + sums + outputs) * _size(spec)
    passes = (length.batch_size + min(CHUNK, length.rows)) * per_row
    # the block's logits and targets, and the float64 copies from which its loss is taken
    block = min(BLOCK * length.batch_size, length.rows) * outputs * (2 * _size(spec) + 4 * 8)
    dropped = sum(layer.output_dim for layer in spec.architecture if layer.dropout)
    block += min(BLOCK * length.batch_size, length.rows) * dropped * _size(spec)
    whole = BASE_MEMORY + data + of_parameters(spec) + passes + block
    whole += engines.load(spec.engine).memory(spec, dataset)
    if spec.augment is not None and dataset.image_shape is not None:
        whole += augment.memory(spec.augment, dataset.image_shape)
    return whole


def check(needed: int, spec: Spec) -> None:
    """Raise SpecError, naming the largest layer, where this machine has not so much; MachineError where this process
    cannot have it now."""
    available = usable_memory()
    if needed <= available:
        return
    if needed <= total_memory():
        raise limits.too_little(needed, available)
    sizes = [layer.output_dim * layer.input_dim for layer in spec.architecture]
    number = int(np.argmax(sizes))
    raise SpecError(
        [
            Problem(
                ("architecture", number, "output_dim"),
                f"is {spec.architecture[number].output_dim}: training needs about {size(needed)} of memory, "
                f"this machine has {size(total_memory())}. Make the layer smaller.",
            )
        ]
    )


def _size(spec: Spec) -> int:
    return np.dtype(spec.dtype).itemsize
