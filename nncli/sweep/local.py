"""Workers that are processes of this machine, each at the other end of a pipe."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
from typing import Any, TypeVar

from nncli.limits import ONE_THREAD
from nncli.sweep.executors import Unstarted, Workers, without_interrupts
from nncli.sweep.serving import GRACE, Begun, Done, serve

T = TypeVar("T")
_WORKER = {**ONE_THREAD, "MALLOC_ARENA_MAX": "1"}
Call = tuple[Callable[..., Any], tuple[Any, ...]]


class LocalWorkers(Workers[T]):
    """`slots` processes at most."""

    tries = 2
    deaths = BrokenExecutor

    def __init__(self, slots: int) -> None:
        super().__init__()
        self._slots = slots
        self._workers: list[_Worker] = []

    @property
    def slots(self) -> int:
        return self._slots

    def wake(self, call: Callable[..., Any], *arguments: Any) -> None:
        for _ in range(self._slots):
            self._new().do(call, arguments, first=True)

    def close(self) -> None:
        """Let the workers go: as soon as they have nothing to do, and soon in any case."""
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.let_go()
        end = time.monotonic() + GRACE
        for worker in workers:
            worker.gone(end)

    def _begin(self, call: Callable[..., Any], arguments: tuple[Any, ...]) -> Future[Any]:
        self._workers = [worker for worker in self._workers if worker.is_alive]
        idle = (worker for worker in self._workers if not worker.is_busy)
        return (next(idle, None) or self._new()).do(call, arguments)

    def _new(self) -> _Worker:
        with _for_workers():
            worker = _Worker()
        self._workers.append(worker)
        return worker

    def _wait(self, seconds: float) -> set[Future[Any]]:
        alive = [worker for worker in self._workers if not worker.is_dead]
        ready = wait([worker.pipe for worker in alive], seconds)
        for worker in alive:
            if worker.pipe in ready:
                worker.listen()
        return {future for future in self._running if future.done()}

    def _ask(self) -> None:
        """SIGTERM: a trial ends with its current batch and saves its weights."""
        for worker in self._workers:
            worker.process.terminate()

    def _abandon(self) -> None:
        for worker in self._workers:
            worker.process.kill()

    def _stop_all(self, ending: Any) -> None:
        super()._stop_all(ending)
        if ending.asked:  # otherwise they wait for the jobs of the next rung
            self.close()


class _Worker:
    """A process that does its jobs one after the other."""

    def __init__(self) -> None:
        # Spawned, not forked: a forked child would inherit BLAS threads in an unknown state, and locks.
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, os.getpid()))
        try:
            self.process.start()
        except BaseException:
            self.pipe.close()
            raise
        finally:
            theirs.close()
        self.is_dead = False
        self._jobs: deque[tuple[Call, Future[Any], bool]] = deque()
        """What is to be done; the first is being done once it is sent."""
        self._is_there = self._is_sent = self._has_begun = False

    @property
    def is_alive(self) -> bool:
        """Whether it still runs, or has something to say."""
        return not self.is_dead and (bool(self._jobs) or self.process.is_alive())

    @property
    def is_busy(self) -> bool:
        """Whether it has more to do than to wake up."""
        return any(not first for _, _, first in self._jobs)

    def do(
        self, call: Callable[..., Any], arguments: tuple[Any, ...], first: bool = False
    ) -> Future[Any]:
        """What a job will have come to; `first`: it only wakes up."""
        future: Future[Any] = Future()
        self._jobs.append(((call, arguments), future, first))
        self._go_on()
        return future

    def _go_on(self) -> None:
        """Send the next job, as soon as there is somebody to read it: nothing here ever waits."""
        if self._is_there and self._jobs and not self._is_sent:
            self._is_sent, self._has_begun = True, False
            with suppress(OSError):  # it is dead: `listen` will find that out
                self.pipe.send(self._jobs[0][0])

    def listen(self) -> None:
        """Take in what it has sent."""
        try:
            said = self.pipe.recv()
        except (EOFError, OSError):
            self._died()
            return
        except Exception as error:  # what a job has raised, and what cannot be read here
            said = Done(None, error)
        if isinstance(said, Begun):
            self._is_there, self._has_begun = True, said.job
        else:
            self._answered(said.result, said.error)
        self._go_on()

    def _answered(self, result: Any, error: Exception | None) -> None:
        _, future, _ = self._jobs.popleft()
        self._is_sent = False
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

    def _died(self) -> None:
        self.is_dead = True
        self.process.join(GRACE)
        begun, code = self._has_begun, self.process.exitcode
        for _, future, _ in self._jobs:
            future.set_exception(BrokenExecutor() if begun else Unstarted(code))
        self.pipe.close()

    def let_go(self) -> None:
        """It ends when the pipe does; where it is still starting, it has nothing to lose."""
        if not self._is_there:
            self.process.terminate()
        self.pipe.close()

    def gone(self, end: float) -> None:
        """Wait for that, and from then on make it."""
        self.process.join(max(0.0, end - time.monotonic()))
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


@contextmanager
def _for_workers() -> Iterator[None]:
    """A process that is started inside has one BLAS thread and one heap, and ignores Ctrl-C."""
    kept = {name: os.environ.get(name) for name in _WORKER}
    os.environ.update(_WORKER)
    try:
        with without_interrupts():
            yield
    finally:
        for name, value in kept.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
