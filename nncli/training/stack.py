"""Several trainings in lockstep: one forward pass, one backward pass and one update for all their networks.

Small networks spend most of a step in the overhead of its calls, which a stack pays once. Each member is an ordinary
trainer whose parameters, gradients and slots are one row of the stack's; all but the three heavy lines of a step it
does alone. It ends with the bytes that it would have come to by itself: matrix products with a leading axis are done
one network at a time, and everything else is elementwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from time import perf_counter
from typing import NamedTuple

import numpy as np

from nncli.data.batches import Order
from nncli.data.dataset import Dataset
from nncli.errors import DivergedError
from nncli.network.calls import run
from nncli.network.params import Arrays
from nncli.spec.model import Spec
from nncli.training.bench import Batch, Bench
from nncli.training.kinds import kind
from nncli.training.length import Block
from nncli.training.loop import end_epoch
from nncli.training.state import State
from nncli.training.step import Network, Step
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
        """Take over the members' arrays: their specs must be of one kind (kinds.py), and their states stand at the same
        batch. Raises ValueError where they are not: one's settings would count for all."""
        if len({kind(member.spec) for member in members}) > 1:
            raise ValueError("the members of a stack must be of one kind")
        self.dataset = dataset
        self._bind(members)

    def _bind(self, members: Sequence[Member]) -> None:
        states, spec = [member.state for member in members], members[0].spec
        self.vector = np.stack([state.vector for state in states])
        self.gradient = np.empty_like(self.vector)
        self.slots: Arrays = {
            name: np.stack([state.optimizer[name] for state in states])
            for name in states[0].optimizer
        }
        self.trainers: list[Trainer] = []
        for k, (own, state) in enumerate(members):
            state.vector = self.vector[k]
            state.optimizer = {name: slot[k] for name, slot in self.slots.items()}
            beside = self.trainers[0] if self.trainers else None
            gradient = self.gradient[k]
            trainer = Trainer.of(own, self.dataset, state, gradient=gradient, beside=beside)
            self.trainers.append(trainer)
        weights = self.lead.step.network.class_weights
        network = Network.of(spec.architecture, spec.loss, self.vector, self.gradient, weights)
        penalties = [member.spec.regularizer for member in members]
        self.step = Step(spec, network, self.slots, self.lead.step.picked, penalties)
        self.same_rows = len({member.spec.seed for member in members}) == 1
        sharing = self.trainers[:1] if self.same_rows else self.trainers
        specs, feeds = zip(*((trainer.spec, trainer.feed) for trainer in sharing), strict=True)
        self.bench = Bench(specs, feeds, self.step)

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
        self, orders: Sequence[Order], pause: Callable[[], bool]
    ) -> tuple[bool, list[Event]]:
        """The rest of the block that the next batch is in, for all members; whether `pause()` said so after a batch,
        and the members that diverged, each back at its last finite state."""
        begun, lead = perf_counter(), self.lead.state
        first = lead.batch
        before = [trainer.state.snapshot() for trainer in self.trainers]
        blocks = [Block.of(self.lead.length, order, lead.epoch + 1, first) for order in orders]
        paused = False
        with self.step.ready():
            for batch in self.bench.batches(blocks, gathered=not self.step.picked):
                self._take_step(batch)
                if paused := pause():
                    break
        failures = self._settle(blocks, before, first)
        for trainer in self.trainers:
            trainer.state.seconds += (perf_counter() - begun) / len(self.trainers)
        return paused, failures

    def _settle(
        self, blocks: Sequence[Block], before: Sequence[tuple[Arrays, Arrays]], first: int
    ) -> list[Event]:
        """Each member takes in its figures; those that diverged."""
        failures = []
        rows = self.lead.rows_since(first)
        y, z = self.bench.targets(rows), self.bench.logits(rows)
        for k, (trainer, snapshot) in enumerate(zip(self.trainers, before, strict=True)):
            block, own = (blocks[0], y) if self.same_rows else (blocks[k], y[k])
            try:
                trainer.settle(block, snapshot, first, own, z[k])
            except DivergedError as err:
                failures.append(Event(trainer.state, err))
        return failures

    def orders(self, epoch: int) -> list[Order]:
        """The rows of an epoch: one order for all, or one for each member."""
        return [trainer.order(epoch) for trainer in self.trainers[: 1 if self.same_rows else None]]

    def _take_step(self, batch: Batch) -> None:
        """One step of every member."""
        step = self.lead.steps
        self.step.prepare(step, *[trainer.numbers(step) for trainer in self.trainers])
        run(batch.calls)
        for trainer in self.trainers:
            trainer.end_step()


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
