"""Inverted dropout: each output of a layer is kept with probability 1 - p, and what is kept is divided by that.

Source: Srivastava et al. 2014, in the form that leaves evaluation alone. Masks are drawn for a block of 64 batches at
once, so that a training that goes on inside a block draws the same ones.
"""

from __future__ import annotations

import numpy as np

from nncli.network.params import Array
from nncli.network.propagation import Masks
from nncli.spec.model import Spec
from nncli.streams import Purpose, stream
from nncli.training.length import Block


def draw_masks(spec: Spec, block: Block, dtype: str) -> Masks:
    """The masks of the rows to come in a block, 0 or 1 / (1 - p); empty where no layer drops anything."""
    widths = dropping(spec)
    if not widths:
        return {}
    rng = stream(spec.seed, Purpose.DROPOUT, block.epoch, block.number)
    whole = {
        number: _mask(rng, (len(block.rows), units), spec.architecture[number - 1].dropout, dtype)
        for number, units in widths
    }
    return rows_of(whole, slice(block.done, None))


def dropping(spec: Spec) -> list[tuple[int, int]]:
    """The number and width of each layer that drops outputs."""
    layers = enumerate(spec.architecture, 1)
    return [(number, layer.output_dim) for number, layer in layers if layer.dropout]


def _mask(rng: np.random.Generator, shape: tuple[int, int], dropout: float, dtype: str) -> Array:
    mask = rng.random(shape, np.dtype(dtype).type)
    np.greater_equal(mask, dropout, out=mask)
    mask /= 1 - dropout
    return mask


def rows_of(masks: Masks, rows: slice) -> Masks:
    """The masks of some of the rows."""
    return {number: mask[..., rows, :] for number, mask in masks.items()}
