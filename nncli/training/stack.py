"""Several trainings in lockstep: one forward pass, one backward pass and one update for all their networks.

Small networks spend most of a step in the overhead of its calls, which a stack pays once. Each member is an ordinary
trainer whose parameters, gradients and slots are one row of the stack's; all but the three heavy lines of a step it
does alone. It ends with the bytes that it would have come to by itself: matrix products with a leading axis are done
one network at a time, and everything else is elementwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from nncli.data.dataset import Dataset
from nncli.errors import DivergedError
from nncli.network.params import Array, Arrays
from nncli.network.propagation import Masks
from nncli.spec.model import Spec
from nncli.training.dropout import draw_masks, rows_of
from nncli.training.length import Block
from nncli.training.loop import end_epoch
from nncli.training.state import State
from nncli.training.step import Network, backprop, make_optimizer
from nncli.training.trainer import Record, Trainer


class Member(NamedTuple):
    """One training of a stack."""

    spec: Spec
    state: State


class Event(NamedTuple):
    """Something that happened to a member: a record, or its divergence."""

    state: State
    outcome: Record | DivergedError


class Stack:
    """The members, which shrink as some of them end, and the arrays that hold them all."""

    def __init__(self, members: Sequence[Member], dataset: Dataset) -> None:
        """Take over the members' arrays: their specs may differ in eta, seed, first parameters and the numbers of their
        optimizer, and their states must stand at the same batch."""
        self.dataset = dataset
        self._bind(members)

    def _bind(self, members: Sequence[Member]) -> None:
        states = [member.state for member in members]
        self.vector = np.stack([state.vector for state in states])
        self.gradient = np.empty_like(self.vector)
        self.slots: Arrays = {
            name: np.stack([state.optimizer[name] for state in states])
            for name in states[0].optimizer
        }
        self.trainers: list[Trainer] = []
        for k, (spec, state) in enumerate(members):
            state.vector = self.vector[k]
            state.optimizer = {name: slot[k] for name, slot in self.slots.items()}
            beside = self.trainers[0] if self.trainers else None
            gradient = self.gradient[k]
            trainer = Trainer.of(spec, self.dataset, state, gradient=gradient, beside=beside)
            self.trainers.append(trainer)
        self.spec = members[0].spec
        self.network = Network.of(
            self.spec.architecture, self.spec.loss, self.vector, self.gradient
        )
        self.update = make_optimizer(self.spec).update
        self.same_rows = len({member.spec.seed for member in members}) == 1
        self.numbers: tuple[Any, tuple[Any, ...]] = (None, ())

    @property
    def lead(self) -> Trainer:
        """The first member; all stand at the same batch."""
        return self.trainers[0]

    @property
    def members(self) -> list[Member]:
        """What each member is."""
        return [Member(trainer.spec, trainer.state) for trainer in self.trainers]

    def drop(self, states: Sequence[State]) -> None:
        """Go on without some members, whose states keep arrays of their own."""
        if not states:
            return
        for state in states:
            state.vector = state.vector.copy()
            state.optimizer = {name: slot.copy() for name, slot in state.optimizer.items()}
        gone = set(map(id, states))
        rest = [member for member in self.members if id(member.state) not in gone]
        if rest:
            self._bind(rest)
        else:
            self.trainers = []

    @np.errstate(all="ignore")
    def run_block(
        self, orders: Sequence[Array], pause: Callable[[], bool]
    ) -> tuple[bool, list[Event]]:
        """The rest of the block that the next batch is in, for all members; whether `pause()` said so after a batch,
        and the members that diverged, each back at its last finite state."""
        begun, lead = perf_counter(), self.lead.state
        first = lead.batch
        before = [trainer.state.snapshot() for trainer in self.trainers]
        blocks = [Block.of(self.lead.length, order, lead.epoch + 1, first) for order in orders]
        targets = [
            t.feed.targets[block.rest] for t, block in zip(self.trainers, blocks, strict=False)
        ]
        y = targets[0] if self.same_rows else np.stack(targets)
        z = np.empty((len(self.trainers), *targets[0].shape), targets[0].dtype)
        paused = False
        for window, x, masks in self._batches(blocks):
            self._step(x, y[..., window, :], z[:, window], masks)
            if paused := pause():
                break
        failures = []
        for k, (trainer, snapshot) in enumerate(zip(self.trainers, before, strict=True)):
            block, own = (blocks[0], y) if self.same_rows else (blocks[k], y[k])
            try:
                trainer.settle(block, snapshot, first, own, z[k])
            except DivergedError as err:
                failures.append(Event(trainer.state, err))
        for trainer in self.trainers:
            trainer.state.seconds += (perf_counter() - begun) / len(self.trainers)
        return paused, failures

    def orders(self, epoch: int) -> list[Array]:
        """The rows of an epoch: one order for all, or one for each member."""
        return [trainer.order(epoch) for trainer in self.trainers[: 1 if self.same_rows else None]]

    def _batches(self, blocks: Sequence[Block]) -> Iterator[tuple[slice, Array, Masks]]:
        """The batches to come: inputs and masks of one for all, or with a leading axis."""
        masks = self._masks(blocks)
        feeds = [
            trainer.feed.batches(block.rest, (block.epoch, block.number, block.done))
            for trainer, block in zip(self.trainers, blocks, strict=False)
        ]
        for parts in zip(*feeds, strict=True):
            begin, x = parts[0]
            window = slice(begin, begin + len(x))
            if len(parts) > 1:
                x = np.stack([part for _, part in parts])
            yield window, x, rows_of(masks, window) if masks else masks

    def _masks(self, blocks: Sequence[Block]) -> Masks:
        drawn = [
            draw_masks(trainer.spec, block, trainer.spec.dtype)
            for trainer, block in zip(self.trainers, blocks, strict=False)
        ]
        if len(drawn) == 1:
            return drawn[0]
        return {number: np.stack([masks[number] for masks in drawn]) for number in drawn[0]}

    def _step(self, x: Array, y: Array, z: Array, masks: Masks) -> None:
        """One step of every member."""
        if self.spec.gradient == "backprop":
            backprop(self.network, x, y, z, masks)
        else:  # two passes for every parameter: it is alone in its stack, and would gain nothing
            (only,) = self.trainers
            only.step.gradient(only.step.network, x, y, z[0], masks)
        for trainer in self.trainers:
            for rule in trainer.step.before:
                rule(trainer.step.network)
        self.update(self.vector, self.gradient, self.slots, *self._numbers())
        for trainer in self.trainers:
            trainer.end_step()

    def _numbers(self) -> tuple[Any, ...]:
        """What the update multiplies with: plain numbers where all members have the same, else a column of them, in the
        networks' type, as NumPy would make of each."""
        step = self.lead.steps
        each = [t.step.optimizer.numbers(t.eta(step), step) for t in self.trainers]
        if each != self.numbers[0]:
            columns = zip(*each, strict=True)
            self.numbers = (
                each,
                tuple(
                    column[0]
                    if len(set(column)) == 1
                    else np.array(column, self.vector.dtype)[:, None]
                    for column in columns
                ),
            )
        return self.numbers[1]


def train_stack(stack: Stack, *, pause: Callable[[], bool] = lambda: False) -> Iterator[Event]:
    """Train every member to its own end, or all until `pause()` is true after a batch; yields their records, and their
    divergence. Called again, it goes on from that batch, as `loop.train` does."""
    stack.drop([trainer.state for trainer in stack.trainers if trainer.done])
    paused = False
    while stack.trainers and not paused:
        lead = stack.lead
        batches = lead.length.batches_of(lead.state.epoch + 1)
        orders = stack.orders(lead.state.epoch + 1)
        while lead.state.batch < batches and not paused:
            paused, failures = stack.run_block(orders, pause)
            yield from failures
            if failures:
                stack.drop([failure.state for failure in failures])
                break
        if stack.trainers and stack.lead.state.batch == batches:
            for trainer in stack.trainers:
                record = end_epoch(trainer)
                if record:
                    yield Event(trainer.state, record)
            stack.drop([trainer.state for trainer in stack.trainers if trainer.done])
