"""Several runs trained as one stack in this process: each keeps its own directory, and fails or ends by itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby

from nncli import session as sessions
from nncli.blas import blas_threads
from nncli.errors import DivergedError, MachineError, NncliError
from nncli.runs import rundir
from nncli.session import Result, Session
from nncli.training import cadence
from nncli.training.stack import Event, Member, Stack, train_stack

Outcome = Result | NncliError


def train(
    runs: Sequence[Session], stop: Callable[[], bool] = lambda: False, until: int | None = None
) -> Iterator[tuple[Session, Outcome]]:
    """Train runs of one kind to their ends, or until `stop()` is true after a batch, or for `until` epochs in all;
    yields each as it ends.

    They must differ only in what a stack's members may differ in, and share their data. Those that stand at the same
    batch go in lockstep, the others after them.
    """
    at = lambda run: (run.state.epoch, run.state.batch)  # noqa: E731
    for _, together in groupby(sorted(runs, key=at), key=at):
        yield from _Lockstep(list(together), stop, until).train()


class _Lockstep:
    """Runs at the same batch."""

    def __init__(self, runs: list[Session], stop: Callable[[], bool], until: int | None) -> None:
        lead = runs[0].experiment
        self.stop, self.threads, self.checkpoint = stop, lead.threads, lead.spec.checkpoint
        self.batches = lead.length.batches
        self.last = math.inf if until is None else until * self.batches
        self.active = {id(run.state): run for run in runs}
        members = [Member(run.experiment.spec, run.state) for run in runs]
        self.stack = Stack(members, lead.dataset)

    def halted(self) -> bool:
        """Whether it is not to go on for now."""
        return self.stop() or self.stack.lead.steps >= self.last

    def _pause(self) -> Callable[[], bool]:
        """The question that ends a stretch: it halts, or a checkpoint is due."""
        due = cadence.of(self.checkpoint, self.batches, lambda: self.stack.lead.steps)
        return lambda: self.halted() or due()

    def train(self) -> Iterator[tuple[Session, Outcome]]:
        """Stretches between checkpoints, until nobody is left or it is to halt."""
        with blas_threads(self.threads):
            while self.active and not self.halted():
                for event in train_stack(self.stack, pause=self._pause()):
                    yield from self._take(event)
                going = {id(trainer.state) for trainer in self.stack.trainers}
                for key in [key for key in self.active if key not in going]:
                    yield from self._end(self.active.pop(key), done=True)
                if self.active and not self.halted():
                    for run in list(self.active.values()):
                        yield from self._guarded(run, partial(sessions.save, run))
            for run in self.active.values():
                yield from self._end(run, done=False)

    def _take(self, event: Event) -> Iterator[tuple[Session, Outcome]]:
        """Keep a member's record, or end it where it diverged."""
        run = self.active.get(id(event.state))
        if run is None:  # its disk refused, and it is about to leave
            return
        outcome = event.outcome
        if isinstance(outcome, DivergedError):
            yield from self._end(self.active.pop(id(event.state)), done=False, failure=outcome)
        else:
            yield from self._guarded(run, partial(_record, run, outcome))

    def _guarded(
        self, run: Session, write: Callable[[], None]
    ) -> Iterator[tuple[Session, Outcome]]:
        """Write for a run; where its disk refuses, it leaves, and the others go on."""
        try:
            with sessions.reporting(run):
                write()
        except MachineError as err:
            self.stack.drop([self.active.pop(id(run.state)).state])
            yield run, err

    def _end(
        self, run: Session, *, done: bool, failure: DivergedError | None = None
    ) -> Iterator[tuple[Session, Outcome]]:
        try:
            with sessions.reporting(run):
                outcome: Outcome = sessions.finish(run, done, failure)
        except NncliError as err:
            outcome = err
        yield run, outcome


def _record(run: Session, record: dict[str, int | float]) -> None:
    rundir.append_record(run.path, record)
    run.records.append(record)
