"""Where a training stopped being finite: a block of batches is played again, one batch at a time."""

from __future__ import annotations

from typing import NoReturn

import numpy as np

from nncli.data.feed import Feed
from nncli.errors import DivergedError
from nncli.network.losses import row_losses
from nncli.network.params import Array
from nncli.network.propagation import first_not_finite
from nncli.training.optimizers import Optimizer
from nncli.training.state import State
from nncli.training.step import Network, step


@np.errstate(all="ignore")
def replay(
    network: Network, optimizer: Optimizer, state: State, feed: Feed, rows: Array, eta: float
) -> NoReturn:
    """Repeat a block that diverged, from the state before it; `rows` are those of its batches.

    Leaves `state` as it was before the first batch at which something was not finite, and raises DivergedError naming
    epoch, batch and layer.
    """
    y = feed.targets[rows]
    z = np.empty_like(y)
    for begin, x in feed.batches(rows):
        window = slice(begin, begin + len(x))
        before = state.snapshot()
        layer = first_not_finite(network.params, network.architecture, x)
        step(network, x, y[window], z[window], optimizer, state.optimizer, eta)
        culprit = _culprit(network, layer, y[window], z[window])
        if culprit:
            state.restore(before)
            where = f"epoch {state.epoch + 1}, batch {state.batch + 1}"
            raise DivergedError(
                f"training diverged in {where}: {culprit} with eta {eta:g}. "
                f"Try a smaller eta: --set eta={eta / 10:g}"
            )
        state.batch += 1
    raise AssertionError("a block diverged, and its replay did not")


def _culprit(network: Network, layer: int | None, y: Array, z: Array) -> str:
    """What was not finite in a batch: a layer's sums, the loss, or a parameter after the step; "" if nothing."""
    last = len(network.architecture)
    if layer is not None:
        return f"the sums of layer {layer} were not finite"
    if not np.isfinite(row_losses(network.loss, network.architecture[-1].activation, z, y)).all():
        return f"the loss of layer {last}'s output was not finite"
    for name, values in network.params.items():
        if not np.isfinite(values).all():
            return f"{name} of layer {name[1:]} was not finite after the step"
    return ""
