"""Where a training stopped being finite: a block of batches is played again, one batch at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import numpy as np

from nncli.errors import DivergedError
from nncli.network.propagation import first_not_finite
from nncli.training.length import Block

if TYPE_CHECKING:
    from nncli.training.trainer import Trainer


@np.errstate(all="ignore")
def replay(trainer: Trainer, block: Block) -> NoReturn:
    """Repeat a block that diverged, from the state before it.

    Leaves the state as it was before the first batch at which something was not finite, and raises DivergedError naming
    epoch, batch and layer.
    """
    state, network = trainer.state, trainer.step.network
    size = trainer.length.batch_size
    for number, batch in enumerate(trainer.bench.batches([block])):
        before, eta = state.snapshot(), trainer.eta(trainer.steps)
        layer = first_not_finite(network.params, network.architecture, batch.x, batch.masks)
        with trainer.step.ready():
            trainer.take_step(batch)
        y = trainer.feed.judged(block.rest[number * size :][: len(batch.y)], batch.y)
        losses = trainer.losses(y, batch.z)
        culprit = _culprit(trainer, layer, bool(np.isfinite(losses).all()))
        if culprit:
            state.restore(before)
            state.batch -= 1
            where = f"epoch {state.epoch + 1}, batch {state.batch + 1}"
            raise DivergedError(
                f"training diverged in {where}: {culprit} with eta {eta:g}. "
                f"Try a smaller eta: --set eta={trainer.spec.eta / 10:g}"
            )
        activation = trainer.spec.architecture[-1].activation
        state.tally.add(losses, batch.z, y, activation, size)
    raise AssertionError("a block diverged, and its replay did not")


def _culprit(trainer: Trainer, layer: int | None, finite_loss: bool) -> str:
    """What was not finite in a batch: a layer's sums, the loss, or a parameter after the step; "" if nothing."""
    if layer is not None:
        return f"the sums of layer {layer} were not finite"
    if not finite_loss:
        return f"the loss of layer {len(trainer.spec.architecture)}'s output was not finite"
    for name, values in trainer.step.network.params.items():
        if not np.isfinite(values).all():
            return f"{name} of layer {name[1:]} was not finite after the step"
    for name, values in trainer.state.optimizer.items():
        if not np.isfinite(values).all():
            return f"the optimizer's {name.replace('_', ' ')} was not finite after the step"
    return ""
